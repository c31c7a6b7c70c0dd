"""``docs/adding.md`` is followed from top to bottom, on a copy of the source."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from inkdigit import OnnxClassifier

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "adding.md"

PLACE = r"(New file|Among the imports of|Above|At the end of) (?:`(\w+)` in )?`([\w/.]+)`:\n\n"
EDIT = re.compile(PLACE + r"```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)

FOLLOW = """
import contextlib, io, json, shlex, sys
import pytest
import inkdigit.cli

def run(line):
    program, *words = shlex.split(line)
    if program == "pytest":
        return pytest.main([*words, "-p", "no:cacheprovider"])
    return inkdigit.cli.app(words, standalone_mode=False) or 0

told = {"where": inkdigit.__file__}
for line in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = run(line)
    told[line] = [int(code), out.getvalue()]
print(json.dumps(told))
"""
"""One process for all commands: each by itself would load PyTorch anew."""

LISTED = {
    "models": "wide",
    "recipes": "quick",
    "corruptions": "streaks",
    "augmentations": "fade",
    "datasets": "few",
    "formats": "sure",
    "figures": "means",
}
"""What the page adds to each table."""


@dataclass(frozen=True)
class Edit:
    """A block of the page, and where the page says that it goes."""

    place: str
    name: str
    path: str
    code: str

    def apply(self, root: Path) -> None:
        file = root / self.path
        if self.place == "New file":
            assert not file.exists(), f"{self.path} is there already"
            file.write_text(self.code)
            return
        lines = file.read_text().splitlines(keepends=True)
        line, code = self._find("".join(lines))
        file.write_text("".join([*lines[:line], code, *lines[line:]]))

    def _find(self, text: str) -> tuple[int, str]:
        """After which line of the file the block goes, and the block as it is to stand there."""
        body = ast.parse(text).body
        if self.place == "Among the imports of":
            return last_line([node for node in body if isinstance(node, ast.ImportFrom)][-1]), self.code
        if not self.name:
            return last_line(body[-1]), f"\n\n{self.code}"
        table = find_table(body, self.name)
        if self.place == "Above":
            return table.lineno - 1, f"{self.code}\n\n"
        entry = self.code.rstrip().removesuffix(",")  # ruff takes the comma of a whole expression for a tuple's
        return last_line(table) - 1, textwrap.indent(f"{entry},\n", "    ")


def last_line(node: ast.stmt) -> int:
    assert node.end_lineno
    return node.end_lineno


def find_table(body: list[ast.stmt], name: str) -> ast.stmt:
    """The statement that gives a name of the module its value."""
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return node
    raise AssertionError(f"found no {name}")


@dataclass(frozen=True)
class Followed:
    """The copy, and what each command said."""

    root: Path
    told: Mapping[str, str]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """What the page says is done: first every block put in its place, then every command run."""
    root = tmp_path_factory.mktemp("copy")
    copy(root)
    for block in EDIT.findall(PAGE.read_text()):
        Edit(*block).apply(root)
    lines = "".join(COMMANDS.findall(PAGE.read_text())).splitlines()
    return Followed(root, run(root, [*lines, *(f"inkdigit list {table}" for table in LISTED)]))


def copy(root: Path) -> None:
    for name in ("src", "tests", "samples"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)


def run(root: Path, lines: Sequence[str]) -> dict[str, str]:
    """What the commands print, run in the copy without MNIST."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(root / "src"), "INKDIGIT_DATA": str(root / "none")}
    command = [sys.executable, "-c", FOLLOW, *lines]
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert Path(told.pop("where")).is_relative_to(root)
    failed = {line: words for line, (code, words) in told.items() if code}
    assert not failed, "\n".join(failed.values())
    return {line: words for line, (_, words) in told.items()}


def test_every_block_has_its_place() -> None:
    text = PAGE.read_text()
    assert len(EDIT.findall(text)) == text.count("```python")
    assert len(EDIT.findall(text)) + len(COMMANDS.findall(text)) == text.count("```") / 2


def test_every_table_lists_what_was_added(followed: Followed) -> None:
    for table, name in LISTED.items():
        assert re.search(rf"^{name} +\w", followed.told[f"inkdigit list {table}"], re.MULTILINE), table


@pytest.mark.parametrize("name", LISTED.values())
def test_the_contract_of_its_table_ran_over_it(name: str, followed: Followed) -> None:
    said = [words for line, words in followed.told.items() if line.startswith("pytest") and name in line]
    assert len(said) == 1
    assert re.search(r"\d+ passed", said[0])


def test_the_model_learns_and_reads(followed: Followed) -> None:
    metadata = OnnxClassifier(followed.root / "runs" / "wide" / "model.onnx").metadata
    assert metadata["settings"]["model"] == "wide"
    assert metadata["settings"]["model_options"] == {"kernels": 16}
    assert metadata["parameters"] == (81 + 1) * 16 + (16 * 25 + 1) * 10
    assert metadata["test_accuracy"] > 0.6
    assert (followed.root / "runs" / "wide" / "kernels.png").exists()
    assert re.fullmatch(r"[\d?]\n", followed.told["inkdigit read samples/seven.png --model runs/wide"])


def test_the_recipe_trains(followed: Followed) -> None:
    result = json.loads((followed.root / "runs" / "quick" / "result.json").read_text())
    assert result["recipe"] == "quick"
    assert result["test_accuracy"] > 0.6


def test_the_corruption_is_measured(followed: Followed) -> None:
    measures = json.loads((followed.root / "comparison" / "softmax-seed-0" / "measures.json").read_text())
    assert 0.1 < measures["robustness"]["streaks"] < measures["test_accuracy"]


def test_the_others_do_what_they_say(followed: Followed) -> None:
    assert re.search(r"^validation .* 16$", followed.told["inkdigit data few"], re.MULTILINE)
    assert re.search(r"^[01]\.\d{3}  \d+  samples/", followed.told["inkdigit read samples --format sure"], re.MULTILINE)
    recipe = json.loads((followed.root / "runs" / "fade" / "run.json").read_text())["recipe"]
    assert recipe["augment"] == {"fade": 0.5}
    for picture in ("augmentations.png", "means.png"):
        assert (followed.root / picture).exists()


def test_the_code_is_in_the_style_of_the_house(followed: Followed) -> None:
    files = sorted({path for *_, path, _ in EDIT.findall(PAGE.read_text())})
    for words in (["check", "--fix", "--select", "I"], ["check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", *files]
        ended = subprocess.run(command, cwd=followed.root, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
