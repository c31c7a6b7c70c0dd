"""Opening model files: untrusted bytes that can neither run code nor read other files."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime

from inkdigit.errors import DataError, first_line

IMAGES, PAGES = "images", "pages"
"""What a classifier and a locator call their input: by it the one is told from the other."""

MAX_MODEL_BYTES = 256 * 2**20

PROPAGATION = "QDQPropagationTransformer"
"""It would have values made integers before they are pooled: four times as many, and pooled slowly."""


def open_session(path: Path, threads: int = 0, suffix: bytes = b"") -> onnxruntime.InferenceSession:
    """Opens a model file, with bytes that are appended to it.

    Args:
        path: the file.
        threads: for one call; 0 lets ONNX Runtime choose.
        suffix: joined to the file's bytes: protocol buffers merge.

    Raises:
        DataError: no file, too large, or not ONNX.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such model file; expected a model.onnx that 'inkdigit export' wrote")
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise DataError(f"{path}: larger than {MAX_MODEL_BYTES // 2**20} MiB, so no model of digits")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False  # a plan for each size of page takes as much memory again as the page
    # Threads that wait busily for the next call cost as much of a processor as reading does, and bring nothing.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 4  # its warnings are for people who write graphs
    # A model may name files that hold its weights (external data), to be read from the current folder: it finds none.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes() + suffix, options, providers=["CPUExecutionProvider"], disabled_optimizers=[PROPAGATION]
        )
    except Exception as error:  # ONNX Runtime raises a dozen types that share no parent but this
        raise DataError(f"{path}: not a model that can be opened ({first_line(error)}); export it again") from error


def shape_of(value: onnxruntime.NodeArg) -> list[int | str]:
    """A shape of a graph; ``n`` where a side is of any length."""
    return [side if isinstance(side, int) else "n" for side in value.shape]


def holds_floats(session: onnxruntime.InferenceSession) -> bool:
    """Whether all that a graph gives is float32."""
    return all(output.type == "tensor(float)" for output in session.get_outputs())


def read_metadata(session: onnxruntime.InferenceSession) -> dict[str, Any]:
    """Metadata values are JSON where inkdigit wrote them, and left as text where someone else did."""
    metadata: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
    decoded: dict[str, Any] = {}
    for key, value in metadata.items():
        try:
            decoded[key] = json.loads(value)
        except (ValueError, RecursionError):
            decoded[key] = value
    return decoded
