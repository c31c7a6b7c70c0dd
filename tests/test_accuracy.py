"""The benchmark of accuracy: what is clean, what is picked, and whose labels are doubted."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from benchmarks.accuracy import main, summarise
from benchmarks.accuracy_digits import Wrong, draw_wrong, find_doubts, find_wrong, held_out_indices
from benchmarks.accuracy_picking import Epochs, compare_choices, compare_triples, measure_epochs
from benchmarks.accuracy_runs import find_runs, train_seeds
from matplotlib.figure import Figure

from inkdigit.data.dataset import load_dataset
from inkdigit.errors import DataError, UsageError
from inkdigit.images import Labels, Probabilities
from inkdigit.learning.run import Run

QUICK = ["epochs=3", "batch_size=60", "log_every=1", "lr=0.005"]


def probabilities(*rows: tuple[int, float]) -> Probabilities:
    """One row for each (digit, confidence); the rest is shared by the others."""
    values = np.array([[(1 - p) / 9] * 10 for _, p in rows], np.float32)
    for row, (digit, p) in zip(values, rows, strict=True):
        row[digit] = p
    return values


def labels(*digits: int) -> Labels:
    return np.array(digits, np.int64)


@pytest.fixture(scope="module")
def seeds(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Run]:
    """Two seeds that read some of the digits wrong."""
    return train_seeds("softmax", 2, str(digits_folder), QUICK, tmp_path_factory.mktemp("seeds"))


def test_clean_is_the_epoch_that_was_kept_and_picked_the_best_one() -> None:
    runs = [Epochs((0.8, 0.9, 0.9), (0.90, 0.91, 0.94), kept=1), Epochs((0.9, 0.8, 0.7), (0.93, 0.96, 0.92), kept=0)]
    clean, last, each, record = compare_choices(runs)
    assert clean.gain_points is None
    assert [c.accuracy for c in (clean, last, each, record)] == pytest.approx([0.92, 0.93, 0.95, 0.96])
    assert [c.gain_points for c in (last, each, record)] == pytest.approx([1, 3, 4])


def test_the_best_three_stand_beside_the_first_three() -> None:
    good, bad = probabilities((1, 0.9), (2, 0.9)), probabilities((1, 0.9), (3, 0.9))
    clean, picked = compare_triples([bad, bad, good, good], labels(1, 2))
    assert (clean.accuracy, clean.gain_points) == (0.5, None)
    assert picked.accuracy == 1
    assert picked.gain_points == pytest.approx(50)
    assert "three of 4" in picked.chosen


def test_three_runs_leave_no_three_to_pick() -> None:
    assert compare_triples([probabilities((1, 0.9))] * 3, labels(1)) == []


def test_over_seeds() -> None:
    over = summarise([0.99, 0.98, 1.0], 100)
    assert over["mean"] == pytest.approx(0.99)
    assert over["sd"] == pytest.approx(0.01)
    assert over["interval"] == pytest.approx((0.99 - 4.3027 * 0.01 / 3**0.5, 1))  # Student's of two degrees of freedom
    assert summarise([0.99], 100)["sd"] is None


def test_wrong_digits_tell_how_many_runs_are_wrong() -> None:
    of_runs = [probabilities((4, 0.9), (1, 0.8), (0, 1)), probabilities((9, 0.6), (1, 0.9), (5, 1))]
    found = find_wrong(probabilities((4, 0.7), (1, 0.9), (0, 0.9)), of_runs, labels(9, 2, 0))
    assert [(w.index, w.label, w.answer, w.wrong_runs) for w in found] == [(1, 2, 1, 2), (0, 9, 4, 1)]
    assert found[0].confidence == pytest.approx(0.9)


def test_a_label_is_doubted_where_every_run_is_sure_of_another() -> None:
    first = probabilities((4, 0.99), (4, 0.99), (4, 0.99), (9, 0.99), (7, 0.92))
    second = probabilities((4, 0.93), (4, 0.85), (9, 0.99), (9, 0.99), (7, 0.91))
    found = find_doubts([first, second], labels(9, 9, 9, 9, 1), "test", labels(10, 11, 12, 13, 14))
    assert [(d.split, d.index, d.label, d.answer, d.votes) for d in found] == [
        ("test", 10, 9, 4, 2),
        ("test", 14, 1, 7, 2),
    ]
    assert found[0].confidence == pytest.approx(0.96)


def test_votes_are_for_the_answer() -> None:
    of_runs = [probabilities((4, 0.9)), probabilities((4, 0.9)), probabilities((7, 0.9))]
    (doubt,) = find_doubts(of_runs, labels(9), "test", labels(0))
    assert (doubt.answer, doubt.votes) == (4, 2)


def test_held_out_digits_are_found_again_among_all(digits_folder: Path) -> None:
    training = load_dataset(str(digits_folder), "train+validation")
    held_out = load_dataset(str(digits_folder), "validation")
    assert (training.images[held_out_indices(training)] == held_out.images).all()


def test_all_wrong_digits_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    images = np.arange(60, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    wrong = [Wrong(59 - place, 9, 4, 0.987, 1) for place in range(60)]
    draw_wrong(images, wrong, tmp_path / "wrong.png")
    draw_wrong(images, [], tmp_path / "none.png")
    all_wrong, none = (figure.axes[0] for figure in figures)
    assert [text.get_text() for text in all_wrong.texts] == [f"9 → 4, 99%\nimage {w.index}" for w in wrong]
    assert [int(np.asarray(image.get_array())[0, 0]) for image in all_wrong.images] == [w.index for w in wrong]
    assert none.get_title().startswith("0 of 60 still wrong")


def test_every_epoch_is_measured_with_its_own_weights(trained_run: Path, digits_folder: Path) -> None:
    run, test = Run.open(trained_run), load_dataset(str(digits_folder), "test")
    epochs = measure_epochs(run, test)
    assert len(epochs.test) == len(epochs.validation) == 6
    assert epochs.test[epochs.kept] == run.result()["test_accuracy"]
    assert epochs.validation[epochs.kept] == max(epochs.validation) == run.result()["validation_accuracy"]
    assert epochs.test[0] < epochs.test[-1]


def test_weights_that_do_not_reach_the_result_are_refused(
    trained_run: Path, digits_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained_run, folder)
    run = Run.open(folder)
    shutil.copy(run.weights(28), run.weights(run.result()["best_step"]))
    with pytest.raises(DataError, match="with the kept weights, expected"):
        measure_epochs(run, load_dataset(str(digits_folder), "test"))


def test_runs_are_seeds_of_one_clean_recipe(
    seeds: Sequence[Run], trained_run: Path, digits_folder: Path, tmp_path: Path
) -> None:
    folders = [run.folder for run in seeds]
    assert [run.seed for run in find_runs(folders[::-1])] == [0, 1]
    with pytest.raises(UsageError, match="2 recipes or settings"):
        find_runs([*folders, trained_run])
    moved = tmp_path / "run"
    shutil.copytree(folders[1], moved)
    values = json.loads((moved / "run.json").read_text())
    (moved / "run.json").write_text(json.dumps(values | {"data_sha256": "0"}))
    with pytest.raises(UsageError, match="found runs on several datasets"):
        find_runs([folders[0], moved])
    with pytest.raises(UsageError, match="found the protocol all, expected held-out"):
        train_seeds("softmax", 1, str(digits_folder), ["protocol=all"], tmp_path)


def test_what_is_trained_is_not_trained_again(
    seeds: Sequence[Run], digits_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = train_seeds("softmax", 2, str(digits_folder), QUICK, seeds[0].folder.parent)
    assert [run.folder for run in again] == [run.folder for run in seeds]
    assert "training" not in capsys.readouterr().out


def test_the_figures_are_written(
    seeds: Sequence[Run], digits_folder: Path, trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, picture = tmp_path / "accuracy.json", tmp_path / "wrong.png"
    folders = [str(run.folder) for run in seeds]
    main([*folders, "--ensemble", str(trained_run), "--out", str(out), "--picture", str(picture)])
    results, printed = json.loads(out.read_text()), capsys.readouterr().out
    assert folders[0] not in out.read_text()  # where a run lies says nothing elsewhere
    assert results["machine"]["threads"] >= 1
    test = load_dataset(str(digits_folder), "test")
    for told, run in zip(results["runs"], seeds, strict=True):
        result = run.result()
        assert told["seed"] == run.seed
        assert told["test_accuracy"] == result["test_accuracy"]
        assert told["wrong"] == round(60 * (1 - result["test_accuracy"]))
        assert told["kept_epoch"] == result["best_step"] / 4  # of 220 digits in batches of 60
    ensemble = Run.open(trained_run).result()
    assert results["ensemble"]["accuracy"] == ensemble["test_accuracy"]
    assert len(results["wrong"]) == results["ensemble"]["wrong"]
    assert results["picking"][0]["accuracy"] == pytest.approx(results["over_seeds"]["mean"])
    assert picture.exists()
    assert "every epoch of 2 runs on 60 digits: about 1 min" in printed
    assert all(choice["chosen"] in printed for choice in results["picking"])
    assert len(test) == results["test_n"]


def test_an_error_is_a_line(trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path / "none"), "--out", str(tmp_path / "accuracy.json")])
    assert stop.value.code == DataError.exit_code
    assert "expected the folder of a run" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main([str(trained_run), "--picture", str(tmp_path / "wrong.txt")])
    assert stop.value.code == UsageError.exit_code
    with pytest.raises(SystemExit):
        main([str(trained_run), "--train", "2"])
    assert "either folders of runs, or --train N" in capsys.readouterr().err
