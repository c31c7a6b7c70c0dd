"""Recipes and seeds → one table and one page."""

import csv
import html.parser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from inkdigit.classifier import OnnxClassifier
from inkdigit.compare import compare, estimate, plan
from inkdigit.comparison import Comparison, to_csv
from inkdigit.data.dataset import load_dataset
from inkdigit.data.idx import read_idx, write_idx
from inkdigit.errors import DataError, UsageError
from inkdigit.evaluation.metrics import predict
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run
from inkdigit.report import write_report

QUICK = ["epochs=1", "batch_size=16"]


@pytest.fixture(scope="module")
def made(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Path]:
    out = tmp_path_factory.mktemp("comparison")
    entries = plan(["softmax", "lenet"], seeds=2, out=out, settings=QUICK)
    comparison = compare(entries, data=str(digits_folder), out=out)
    write_report(comparison, out / "comparison.html")
    return comparison, out


def test_seeds_are_in_order_however_their_runs_are_named(made: tuple[Comparison, Path]) -> None:
    comparison, _ = made
    (entry,) = plan([str(run.folder) for run in reversed(comparison.runs["softmax"])], seeds=2, out=Path())
    assert list(entry.folders) == [0, 1]


def test_a_row_for_each_recipe_over_its_seeds(made: tuple[Comparison, Path]) -> None:
    comparison, out = made
    assert [row.recipe for row in comparison.rows] == ["softmax", "lenet"]
    for row in comparison.rows:
        accuracies = [run.result()["test_accuracy"] for run in comparison.runs[row.recipe]]
        assert len(accuracies) == row.seeds == 2
        assert row.accuracy == pytest.approx(sum(accuracies) / 2)
        assert row.accuracy_interval[0] <= row.accuracy <= row.accuracy_interval[1]
        assert row.file_bytes == (out / f"{row.recipe}-seed-0" / "model.onnx").stat().st_size
    lenet = comparison.rows[1]
    assert lenet.parameters == 44_426
    # Computed by hand: 24² x 25 x 6, 8² x 150 x 16, 256 x 120, 120 x 84, 84 x 10
    assert lenet.multiply_adds == 86_400 + 153_600 + 30_720 + 10_080 + 840
    assert (comparison.rows[0].protocol, lenet.protocol) == ("held-out", "all")
    assert lenet.published == "", "which is of MNIST and two epochs"


def test_any_two_are_tested(made: tuple[Comparison, Path]) -> None:
    comparison, _ = made
    assert [(test.first, test.second) for test in comparison.tests] == [("softmax", "lenet")]
    test = load_dataset(comparison.data, "test")
    softmax, lenet = (
        predict(OnnxClassifier(comparison.runs[name][0].model)(test.images)) == test.labels
        for name in ("softmax", "lenet")
    )
    expected = int((softmax & ~lenet).sum()), int((lenet & ~softmax).sum())
    assert (comparison.tests[0].only_first, comparison.tests[0].only_second) == expected
    assert sum(expected) > 0


def test_json_and_csv_say_the_same(made: tuple[Comparison, Path]) -> None:
    comparison, out = made
    values = json.loads((out / "comparison.json").read_text())
    assert [row["recipe"] for row in values["rows"]] == ["softmax", "lenet"]
    assert len(values["tests"]) == 1
    lines = list(csv.DictReader((out / "comparison.csv").read_text().splitlines()))
    assert float(lines[1]["accuracy"]) == comparison.rows[1].accuracy
    assert float(lines[1]["accuracy_low"]) == comparison.rows[1].accuracy_interval[0]
    assert to_csv(comparison.rows) == (out / "comparison.csv").read_text()


class Page(html.parser.HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, _tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.addresses += [str(values[name]) for name in ("src", "href") if name in values]
        self.ids += [str(values["id"])] if "id" in values else []

    def handle_data(self, data: str) -> None:
        self.words.append(" ".join(data.split()))


def test_the_page_stands_alone(made: tuple[Comparison, Path]) -> None:
    comparison, out = made
    text = (out / "comparison.html").read_text()
    page = Page(text)
    assert len(text) < 5_000_000
    assert sum(address.startswith("data:image/png;base64,") for address in page.addresses) == 2 * 4
    others = [address for address in page.addresses if not address.startswith("data:")]
    assert set(others) == {"#softmax", "#lenet"}
    assert {"softmax", "lenet"} <= set(page.ids)
    assert any(comparison.tests[0].words in words for words in page.words)
    assert "{{" not in text
    assert "<script" not in text


def test_what_is_finished_is_not_done_again(made: tuple[Comparison, Path], digits_folder: Path) -> None:
    comparison, out = made
    before = {path: path.stat().st_mtime_ns for path in out.glob("*-seed-*/[mr]*")}
    told: list[str] = []
    data = str(digits_folder)
    entries = plan(["softmax", "lenet"], seeds=2, out=out, settings=QUICK)
    again = compare(entries, data=data, out=out, tell=told.append)
    assert again.rows == comparison.rows
    assert told == []
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert estimate(entries, data) == 0
    assert estimate(plan(["softmax"], seeds=3, out=out, settings=QUICK), data) > 0


def test_finished_runs_are_compared_as_they_are(
    made: tuple[Comparison, Path], digits_folder: Path, tmp_path: Path
) -> None:
    comparison, out = made
    folders = [str(out / name) for name in ("lenet-seed-1", "softmax-seed-0", "lenet-seed-0")]
    entries = plan(folders, seeds=3, out=tmp_path)
    found = compare(entries, data=str(digits_folder), out=tmp_path)
    assert [(row.recipe, row.seeds) for row in found.rows] == [("lenet", 2), ("softmax", 1)]
    assert found.rows[0].accuracy == comparison.rows[1].accuracy
    assert {path.name for path in tmp_path.iterdir()} == {"comparison.json", "comparison.csv"}


def test_a_run_of_other_settings_stands_beside_its_recipe(made: tuple[Comparison, Path], tmp_path: Path) -> None:
    _, out = made
    folder = str(out / "softmax-seed-0")
    entries = plan(["softmax", folder], seeds=1, out=tmp_path, settings=["epochs=2"])
    assert [entry.name for entry in entries] == ["softmax", folder]
    assert [entry.open_seeds() for entry in entries] == [[0], []]


def test_what_began_or_was_corrected_otherwise_stands_in_a_row_of_its_own(
    made: tuple[Comparison, Path], tmp_path: Path
) -> None:
    _, out = made
    changes: dict[str, tuple[str, dict[str, object]]] = {
        "warm": ("run.json", {"begun_from": "a"}),
        "warm-1": ("run.json", {"begun_from": "a", "seed": 1}),
        "tuned": ("result.json", {"corrections_sha256": "c"}),
        "tuned-more": ("result.json", {"corrections_sha256": "d"}),
    }
    for name, (file, values) in changes.items():
        folder = shutil.copytree(out / "softmax-seed-0", tmp_path / name)
        for changed, more in ((file, values), ("run.json", {"begun_from": "b"} if "tuned" in name else {})):
            text = (folder / changed).read_text()
            (folder / changed).write_text(json.dumps(json.loads(text) | more))
    folders = [str(out / "softmax-seed-0"), *(str(tmp_path / name) for name in changes)]
    entries = plan(folders, seeds=1, out=tmp_path)
    assert [[path.name for path in entry.folders.values()] for entry in entries] == [
        ["softmax-seed-0"], ["warm", "warm-1"], ["tuned"], ["tuned-more"],
    ]  # fmt: skip
    assert len({entry.name for entry in entries}) == 4


def test_a_run_begun_from_another_is_no_run_of_the_recipe(made: tuple[Comparison, Path], tmp_path: Path) -> None:
    _, out = made
    path = shutil.copytree(out / "softmax-seed-0", tmp_path / "softmax-seed-0") / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"begun_from": "a"}))
    with pytest.raises(UsageError, match="was begun from another run, expected fresh weights"):
        plan(["softmax"], seeds=1, out=tmp_path, settings=QUICK)


def test_an_unfinished_run_is_told(digits_folder: Path, tmp_path: Path) -> None:
    Run(tmp_path / "r", RECIPES["softmax"], 0, str(digits_folder), "").write()
    with pytest.raises(DataError, match="the run is unfinished; go on with: inkdigit train softmax"):
        plan([str(tmp_path / "r")], seeds=1, out=tmp_path)


def test_the_same_run_twice_is_told(made: tuple[Comparison, Path], tmp_path: Path) -> None:
    _, out = made
    names = [str(out / "softmax-seed-0"), str(out / "." / "lenet-seed-0" / ".." / "softmax-seed-0")]
    with pytest.raises(UsageError, match="the same recipe and seed"):
        plan(names, seeds=1, out=tmp_path)


def test_nothing_is_trained_where_a_later_run_is_of_other_settings(made: tuple[Comparison, Path]) -> None:
    _, out = made
    with pytest.raises(UsageError, match="was begun with epochs=1, batch_size=16"):
        plan(["cnn", "lenet"], seeds=1, out=out)
    assert not (out / "cnn-seed-0").exists()


def test_a_run_may_not_stand_in_two_rows(made: tuple[Comparison, Path]) -> None:
    _, out = made
    with pytest.raises(UsageError, match="a run of a recipe that was named as well"):
        plan(["softmax", str(out / "softmax-seed-0")], seeds=1, out=out, settings=QUICK)


def test_settings_for_finished_runs_are_refused(made: tuple[Comparison, Path]) -> None:
    _, out = made
    with pytest.raises(UsageError, match="finished runs alone, which are not trained again"):
        plan([str(out / "softmax-seed-0")], seeds=1, out=out, settings=QUICK)


def test_changed_digits_are_noticed_before_anything_is_trained(
    made: tuple[Comparison, Path], digits_folder: Path, tmp_path: Path
) -> None:
    _, out = made
    shutil.copytree(digits_folder, tmp_path / "digits")
    images = tmp_path / "digits" / "t10k-images-idx3-ubyte.gz"
    write_idx(images, 255 - read_idx(images, each=(28, 28)))
    run = tmp_path / "run"
    shutil.copytree(out / "softmax-seed-0", run)
    values = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(values | {"data": str(tmp_path / "digits")}))
    entries = plan(["lenet", str(run)], seeds=1, out=tmp_path / "c")
    with pytest.raises(DataError, match="holds other digits than"):
        compare(entries, data=str(tmp_path / "digits"), out=tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_run_that_was_begun_with_other_digits_is_noticed_before_anything_is_trained(
    made: tuple[Comparison, Path], tmp_path: Path
) -> None:
    _, out = made
    shutil.copytree(out / "softmax-seed-0", tmp_path / "softmax-seed-1")
    (tmp_path / "softmax-seed-1" / "result.json").unlink()
    values = json.loads((tmp_path / "softmax-seed-1" / "run.json").read_text())
    (tmp_path / "softmax-seed-1" / "run.json").write_text(json.dumps(values | {"seed": 1}))
    entries = plan(["softmax"], seeds=2, out=tmp_path, settings=QUICK)
    with pytest.raises(DataError, match="softmax-seed-1: optdigits holds other digits than"):
        compare(entries, data="optdigits", out=tmp_path)
    assert not (tmp_path / "softmax-seed-0").exists()


def test_measures_of_another_model_or_damaged_are_taken_anew(
    made: tuple[Comparison, Path], digits_folder: Path
) -> None:
    _, out = made
    data = str(digits_folder)
    entries = plan(["softmax"], seeds=1, out=out, settings=QUICK)
    measures = out / "softmax-seed-0" / "measures.json"
    kept = json.loads(measures.read_text())
    others = ({"model_sha256": "another", "nll": 99.0}, {"machine": {"processor": "another"}, "nll": 99.0})
    for damaged in ("{", *(json.dumps(kept | other) for other in others)):
        measures.write_text(damaged)
        assert compare(entries, data=data, out=out).rows[0].nll < 99
    assert json.loads(measures.read_text())["nll"] == kept["nll"]


def test_runs_of_other_settings_are_not_passed_off(made: tuple[Comparison, Path]) -> None:
    _, out = made
    with pytest.raises(UsageError, match="was begun with epochs=1, batch_size=16"):
        plan(["softmax"], seeds=1, out=out)


def test_a_killed_comparison_goes_on(
    digits_folder: Path, tmp_path: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    options = ["softmax", "lenet", "--seeds", "1", "--data", str(digits_folder), "--set", "epochs=10"]
    out = tmp_path / "c"
    command = [sys.executable, "-m", "inkdigit", "compare", *options, "--out", str(out)]
    for reached in ("lenet-seed-0/run.json", "lenet-seed-0/state.safetensors"):  # as it begins, and after a checkpoint
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while not (out / reached).exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(process.pid, signal.SIGKILL)
        assert (out / "softmax-seed-0" / "result.json").exists()
        assert not (out / "comparison.json").exists()
    done = run_cli("compare", *options, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "training softmax" not in done.stderr
    assert "training lenet" not in done.stderr
    assert "softmax" in done.stdout
    assert (out / "comparison.html").exists()


@pytest.mark.parametrize(
    ("recipes", "words"),
    [
        ([], "no recipe"),
        (["lenet", "lenet"], "twice"),
        (["lenett"], "did you mean 'lenet'"),
        (["lenet", "locator"], "^locator: a locator, which finds digits on pages; expected networks that read one"),
        (["softmax", "best-ensemble"], "^best-ensemble: averages 3 networks, expected single ones"),
    ],
)
def test_wrong_recipes(recipes: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        plan(recipes, seeds=1, out=tmp_path)


def test_locators_are_not_compared(locator_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(str(locator_run))}: a locator"):
        plan([str(locator_run)], seeds=1, out=tmp_path)
    with pytest.raises(UsageError, match=r"^lenet: a locator"):
        plan(["lenet"], seeds=1, out=tmp_path, settings=["model=centres"])
