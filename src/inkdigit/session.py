"""Opening model files: untrusted bytes that can neither run code nor read other files."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime

from inkdigit.errors import DataError, first_line

IMAGES, PAGES = "images", "pages"
"""The names of a classifier's and a locator's input, which tell the two kinds of model apart."""

MAX_MODEL_BYTES = 256 * 2**20

PROPAGATION = "QDQPropagationTransformer"
"""An optimizer that would quantize values before they are pooled: four times as many, and slow to pool."""

NO_MEMORY = ("bad_alloc", "Failed to allocate", "failed to allocate")
"""What ONNX Runtime says when it gets no memory, which may mean the input is large, not that the model is wrong."""


def open_session(
    path: Path, threads: int = 0, suffix: bytes = b"", *, any_size: bool = False
) -> onnxruntime.InferenceSession:
    """Opens a model file, with bytes that are appended to it.

    Args:
        path: the file.
        threads: for one call; 0 lets ONNX Runtime choose.
        suffix: joined to the file's bytes: protocol buffers merge.
        any_size: whether hardly two calls are of one size, so that no memory is planned for a size that comes again:
            3 of 93 µs for one image, but as much memory again for each size of page.

    Raises:
        DataError: no file, too large, or not ONNX.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such model file; expected a model.onnx that 'inkdigit export' wrote")
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise DataError(f"{path}: larger than {MAX_MODEL_BYTES // 2**20} MiB, so no model of digits")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = not any_size
    # Threads that spin while waiting for the next call use as much CPU as reading does, and gain nothing.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 4  # its warnings are for people who write graphs
    # A model may refer to files with its weights (external data), by default in the current folder; here it finds none.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes() + suffix, options, providers=["CPUExecutionProvider"], disabled_optimizers=[PROPAGATION]
        )
    except Exception as error:  # ONNX Runtime raises a dozen types that share no parent but this
        raise DataError(f"{path}: not a model that can be opened ({first_line(error)}); export it again") from error


def run(
    session: onnxruntime.InferenceSession, path: Path, names: Sequence[str], feeds: Mapping[str, Any], what: str
) -> list[Any]:
    """The outputs of these names.

    Args:
        session: of the model.
        path: its file, for a message.
        names: of outputs.
        feeds: inputs by their names.
        what: they are, for a message.

    Raises:
        DataError: the graph fails on them.
        MemoryError: it needs more memory than there is.
    """
    try:
        outputs: list[Any] = session.run(names, feeds)
    except Exception as error:  # as many types as on opening
        if any(sign in str(error) for sign in NO_MEMORY):
            raise MemoryError(f"{path}: needs more memory than there is for {what}") from error
        raise DataError(f"{path}: failed on {what} ({first_line(error)})") from error
    return outputs


def shape_of(value: onnxruntime.NodeArg) -> list[int | str]:
    """A shape of a graph; ``n`` where a side is of any length."""
    return [side if isinstance(side, int) else "n" for side in value.shape]


def holds_floats(session: onnxruntime.InferenceSession) -> bool:
    """Whether all outputs of a graph are float32."""
    return all(output.type == "tensor(float)" for output in session.get_outputs())


def read_metadata(session: onnxruntime.InferenceSession) -> dict[str, Any]:
    """A model's metadata; values are decoded where they are JSON, as inkdigit writes them, and else left as text."""
    metadata: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
    decoded: dict[str, Any] = {}
    for key, value in metadata.items():
        try:
            decoded[key] = json.loads(value)
        except (ValueError, RecursionError):
            decoded[key] = value
    return decoded
