"""The package: its names, and that they cost nothing before they are used."""

import ast
import os
import subprocess
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

import inkdigit

HEAVY = ("numpy", "PIL", "onnxruntime", "torch", "typer", "rich")


@pytest.mark.parametrize("name", inkdigit.__all__)
def test_every_public_name_resolves(name: str) -> None:
    found = getattr(inkdigit, name)
    assert callable(found)
    assert found is getattr(inkdigit, name)


def test_names_are_listed_once_and_sorted() -> None:
    assert inkdigit.__all__ == sorted(set(inkdigit.__all__))
    assert set(dir(inkdigit)) == {*inkdigit.__all__, "__version__"}


def test_type_checkers_know_every_public_name() -> None:
    tree = ast.parse(Path(inkdigit.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {name.name for node in block.body if isinstance(node, ast.ImportFrom) for name in node.names}
    assert typed == {*inkdigit.__all__}


def test_any_other_name_is_missing() -> None:
    with pytest.raises(AttributeError, match="module 'inkdigit' has no attribute 'raed'"):
        inkdigit.raed  # noqa: B018
    assert not hasattr(inkdigit, "Explainer")


def test_version_is_that_of_the_distribution() -> None:
    assert inkdigit.__version__ == version("inkdigit")


def test_it_tells_its_types() -> None:
    assert (files("inkdigit") / "py.typed").is_file()


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import inkdigit", HEAVY),
        ("import inkdigit; dir(inkdigit); inkdigit.ImageError, inkdigit.UsageError", HEAVY),
        ("import inkdigit.cli", ("numpy", "PIL", "onnxruntime", "torch")),
        (
            "import inkdigit; inkdigit.Reader, inkdigit.Reading, inkdigit.read",
            ("torch", "scipy", "sklearn", "matplotlib"),
        ),
        ("import inkdigit; inkdigit.load_dataset, inkdigit.evaluate", ("torch", "sklearn", "matplotlib")),
        ("import inkdigit.reading.formats, inkdigit.reading.inputs, inkdigit.reading.steps", ("torch", "matplotlib")),
    ],
)
def test_what_is_not_used_is_not_loaded(code: str, absent: tuple[str, ...]) -> None:
    program = f"import sys; {code}; print([name for name in {absent} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_reading_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    """ONNX Runtime would keep notes of what it is used for, to send them home."""
    sample = Path(__file__).parents[1] / "samples" / "seven.png"
    program = f"import inkdigit; print(inkdigit.read({str(sample)!r}).text)"
    home = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "TMPDIR")}
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    ended = subprocess.run([sys.executable, "-c", program], env=kept | home, capture_output=True, text=True, check=True)
    assert ended.stdout == "7\n"
    assert list(tmp_path.rglob("*")) == []
