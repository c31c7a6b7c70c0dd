"""Where on a page are digits, and which?"""

import itertools
import json
import math
import os
import shutil
import signal
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Generator, Tensor
from torch.nn import functional

from inkdigit import Interrupted, load_dataset, train
from inkdigit.evaluation.history import read_history
from inkdigit.learning import engine, locate
from inkdigit.learning.distributed import ALONE, Group
from inkdigit.learning.export import export_runs
from inkdigit.learning.graph import write_metadata
from inkdigit.learning.locate import GLANCE, MARGIN, NAMING, Deployed, TorchLocator, judge
from inkdigit.learning.models import build_model
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run
from inkdigit.learning.targets import Targets, draw_targets, standardize
from inkdigit.locator import BOXES, CENTRES, INPUT, STRIDE, OnnxLocator
from inkdigit.reading.detector import GLANCED, SIDES, SURROUNDINGS
from inkdigit.session import open_session
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.sheet import Page

RECIPE = RECIPES["locator"]
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "WATCHED_PAGES", 4)
    monkeypatch.setattr(locate, "TEST_PAGES", 4)


def targets() -> Targets:
    """Of two pages: one with two digits and a place of which nothing is asked, one with none."""
    grey = np.zeros((64, 64), np.uint8)
    boxes, none = np.array([[8, 8, 12, 20], [38, 30, 16, 24]], np.float32), np.zeros((0, 4), np.float32)
    ignored = np.array([[0, 48, 16, 12]], np.float32)
    pages = (Page(grey, boxes, np.array([3, 8]), ignored), Page(grey, none, np.zeros(0, np.int64), none))
    return Targets.stack([draw_targets(page, (0, 0), 64) for page in pages])


def perfect(wanted: Targets) -> Tensor:
    logits = torch.where(wanted.centres == 1, 20.0, -20.0)
    return torch.cat([logits, wanted.boxes], 1)


def loss_of(maps: Tensor) -> float:
    return float(judge(maps, targets(), RECIPE, ALONE)[0])


def changed(page: int, channel: int, row: int, column: int, value: float) -> Tensor:
    maps = perfect(targets())
    maps[page, channel, row, column] = value
    return maps


def test_perfect_maps_cost_nothing() -> None:
    assert loss_of(perfect(targets())) < 1e-6


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((0, 3, 4, 3), -2.0),  # a digit that is missed
        ((0, 8, 10, 11), -2.0),
        ((0, 5, 4, 3), 2.0),  # taken for another, too
        ((0, 1, 2, 12), 2.0),  # seen where there is none
        ((1, 7, 9, 9), 2.0),  # on a page without any
        ((0, 10, 4, 3), 9.0),  # too wide
        ((0, 13, 10, 11), 9.0),  # lower than it is
    ],
)
def test_what_is_wrong_costs_and_more_so_the_more(place: tuple[int, int, int, int], value: float) -> None:
    small, great = loss_of(changed(*place, value)), loss_of(changed(*place, 3 * value))
    assert 0.05 < small < great


@pytest.mark.parametrize("channel", [0, 3, 9, 10, 13])
def test_where_nothing_is_asked_nothing_costs(channel: int) -> None:
    assert targets().asked[0, 0, 13, 2] == 0
    assert loss_of(changed(0, channel, 13, 2, 15.0)) == loss_of(perfect(targets()))


def test_a_wrong_name_costs_more_than_the_same_map_where_no_digit_is() -> None:
    named, elsewhere = changed(0, 3, 4, 3, 2.0), changed(0, 3, 4, 3, 2.0)
    named[0, 5, 4, 3], elsewhere[0, 5, 1, 13] = 2.0, 2.0
    assert loss_of(named) - loss_of(elsewhere) == pytest.approx(NAMING * math.log(2) / 2, abs=1e-3), "one of two digits"


def test_boxes_count_near_digits_alone() -> None:
    assert loss_of(changed(0, 10, 0, 15, 50.0)) == loss_of(perfect(targets()))
    assert loss_of(changed(1, 12, 4, 3, 50.0)) == loss_of(perfect(targets()))


def test_a_near_miss_costs_less_than_a_far_one() -> None:
    near, far = loss_of(changed(0, 3, 4, 4, 3.0)), loss_of(changed(0, 3, 4, 9, 3.0))
    assert near < 0.7 * far


def test_what_is_nearly_right_already_counts_little() -> None:
    """Focal loss: by the square of the error, and near a centre by the fourth power of what is missing there."""
    wanted, digits = targets(), 2
    for logit in (-2.0, 1.0):
        found = torch.tensor(logit)
        naming = functional.cross_entropy(changed(0, 3, 4, 3, logit)[0, :10, 4, 3], torch.tensor(3))
        missed = -functional.logsigmoid(found) * torch.sigmoid(-found) ** 2
        assert loss_of(changed(0, 3, 4, 3, logit)) == pytest.approx(float(missed + NAMING * naming) / digits, rel=1e-3)
    beside = float(wanted.centres[0, 3, 4, 4])
    assert 0.1 < beside < 1
    spared = -functional.logsigmoid(torch.tensor(-2.0)) * torch.sigmoid(torch.tensor(2.0)) ** 2 * (1 - beside) ** 4
    assert loss_of(changed(0, 3, 4, 4, 2.0)) == pytest.approx(float(spared) / digits, rel=1e-3)


def test_the_judge_tells_what_the_maps_say_at_each_centre() -> None:
    maps = torch.randn(2, 14, 16, 16, generator=Generator().manual_seed(0))
    _, logits, labels = judge(maps, targets(), RECIPE, ALONE)
    assert labels.tolist() == [3, 8]
    assert torch.equal(logits, torch.stack([maps[0, :10, 4, 3], maps[0, :10, 10, 11]]))


def test_pages_without_digits_are_judged() -> None:
    wanted = Targets(*(getattr(targets(), name)[1:] for name in ("centres", "boxes", "near", "asked")))
    maps = torch.zeros(1, 14, 16, 16, requires_grad=True)
    loss, logits, labels = judge(maps, wanted, RECIPE, ALONE)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() > 1
    assert (logits.shape, labels.shape) == ((0, 10), (0,))
    assert maps.grad is not None
    assert maps.grad.isfinite().all()


def test_shares_of_a_batch_are_judged_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """One page has two digits, the other none."""
    maps, whole = torch.randn(2, 14, 16, 16, generator=Generator().manual_seed(0)), targets()
    expected = float(judge(maps, whole, RECIPE, ALONE)[0])
    means = itertools.cycle([(whole.centres == 1).sum() / 2, whole.near.sum() / 2])
    monkeypatch.setattr(Group, "mean", lambda *_: next(means))
    shares = [Targets(*(getattr(whole, field.name)[page, None] for field in fields(Targets))) for page in (0, 1)]
    losses = [float(judge(maps[page, None], share, RECIPE, Group(page, 2))[0]) for page, share in enumerate(shares)]
    assert sum(losses) / 2 == pytest.approx(expected, rel=1e-5)


def test_extreme_maps_have_a_loss_and_a_gradient() -> None:
    maps = (1e4 * torch.randn(2, 14, 16, 16, generator=Generator().manual_seed(0))).requires_grad_()
    loss = judge(maps, targets(), RECIPE, ALONE)[0]
    loss.backward()  # type: ignore[no-untyped-call]
    assert maps.grad is not None
    assert maps.grad.isfinite().all()


def tiny() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model("centres", {"widths": (4, 8, 12), "depths": (1, 1, 1)})


@pytest.mark.parametrize(("shape", "margin"), [((50, 71), MARGIN), ((48, 9), MARGIN), ((47, 33), 0), ((1, 1), 0)])
def test_a_deployed_network_sees_pages_as_in_training_and_large_ones_with_a_margin(
    shape: tuple[int, int], margin: int
) -> None:
    model = tiny().eval()
    rows, columns = (-(-side // STRIDE) for side in shape)
    for seed, low, high in ((0, 40, 220), (1, 100, 102)):  # the second one is even
        page = np.random.default_rng(seed).integers(low, high, shape, dtype=np.uint8)
        x = functional.pad(torch.from_numpy(standardize(page))[None, None], (margin * STRIDE,) * 4)
        with torch.inference_mode():
            maps = model(x)[:, :, margin : margin + rows, margin : margin + columns]
            centres, boxes = Deployed(model)(torch.from_numpy(page)[None])
        torch.testing.assert_close(centres, torch.sigmoid(maps[:, :10]), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(boxes, maps[:, 10:], atol=1e-5, rtol=1e-4)


def test_of_all_that_the_reader_shows_only_a_glance_is_given_no_margin() -> None:
    assert math.ceil(GLANCED * (1 + 2 * SURROUNDINGS)) + 1 <= GLANCE <= min(SIDES)


def test_a_locator_leaves_its_network_in_its_mode() -> None:
    model = tiny().train()
    running = {name: value.clone() for name, value in model.state_dict().items()}
    page = np.ascontiguousarray(np.zeros((40, 60), np.uint8))
    found = TorchLocator(Deployed(model))(page[::-1])  # a view, as a turned page is
    assert model.training
    assert all(torch.equal(running[name], value) for name, value in model.state_dict().items())
    assert found.boxes.shape == (len(found), 4)


def test_pages_follow_from_the_digits_variants_and_the_seed(digits_folder: Path) -> None:
    digits = load_dataset(str(digits_folder))
    recipe = replace(RECIPE, batch_size=2)
    streams = [
        locate.stream(recipe, digits, seed, Generator(), ALONE) for seed in (0, 0, 1)
    ] + [locate.stream(replace(recipe, variants={}), digits, 0, Generator(), ALONE)]  # fmt: skip
    x, again, other, plain = (torch.cat([x for x, _ in stream.steps(0, 12)]) for stream in streams)
    assert torch.equal(x, again)
    assert not torch.equal(x, other)
    assert not torch.equal(x, plain)


def test_what_is_watched_is_never_trained_on(digits_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    original = Pages.__init__

    def note(self: Pages, *arguments: Any, seed: int = 0, **options: Any) -> None:
        seen.append(seed)
        original(self, *arguments, seed=seed, **options)

    monkeypatch.setattr(Pages, "__init__", note)
    locate.watch(tiny(), replace(RECIPE, batch_size=4), load_dataset(str(digits_folder), "validation"))
    assert set(seen) == {locate.UNSEEN}


def test_a_run_leaves_what_a_run_leaves(locator_run: Path) -> None:
    names = {path.name for path in locator_run.iterdir()}
    expected = {"run.json", "result.json", "metrics.csv", "state.safetensors", "weights", "model.onnx"}
    assert names == expected | {"evaluation.json", "curves.png"}
    result = json.loads((locator_run / "result.json").read_text())
    counted = json.loads((locator_run / "evaluation.json").read_text())
    assert counted["pages"] == 4
    assert result["test_n"] == counted["right"] + counted["missed"] + counted["extra"]
    assert result["steps"] == 6
    assert 0 <= result["test_accuracy"] <= 1
    assert [row.step for row in read_history(locator_run / "metrics.csv")] == [3, 6]


def test_the_exported_locator_is_the_network(locator_run: Path) -> None:
    file = OnnxLocator(locator_run / "model.onnx")
    assert file.metadata["recipe"] == "locator"
    assert file.metadata["settings"]["model"] == "centres"
    model = build_model("centres", {"widths": (4, 8, 12), "depths": (1, 1, 1)})
    model.load_state_dict(load_file(locator_run / "weights" / f"step-{file.metadata['best_step']:07d}.safetensors"))
    session, deployed = open_session(locator_run / "model.onnx"), Deployed(model.eval())
    pages = Pages(load_dataset("optdigits"), seed=9)
    for page in (pages[number].grey[None, :, :-1].copy() for number in range(6)):
        with torch.inference_mode():
            expected = deployed(torch.from_numpy(page))
        for here, there in zip(session.run([CENTRES, BOXES], {INPUT: page}), expected, strict=True):
            assert np.ptp(here) > 1e-3, "it finds nothing, but says something"
            np.testing.assert_allclose(here, there, atol=0.1 * np.ptp(here))


def test_what_calibration_found_outlives_an_export(locator_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(locator_run, run)
    write_metadata(run / "model.onnx", {"joining": {"say": 0.5}})
    for out in (tmp_path / "elsewhere.onnx", None):
        path = export_runs([run], "onnx", out)
        assert OnnxLocator(path).metadata["joining"] == {"say": 0.5}
    (run / "model.onnx").write_bytes(b"damaged")
    assert "joining" not in OnnxLocator(export_runs([run], "onnx")).metadata


@pytest.mark.parametrize("stop_after", [2, 4])
def test_an_interrupted_run_goes_on_bit_for_bit(
    stop_after: int, locator_run: Path, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []

    def interrupt(*arguments: Any, **options: Any) -> tuple[Tensor, Tensor, Tensor]:
        steps.append(len(steps))
        if len(steps) == stop_after:
            os.kill(os.getpid(), signal.SIGINT)
        return engine.update(*arguments, **options)

    monkeypatch.setattr("inkdigit.learning.train.update", interrupt)
    monkeypatch.setattr(locate, "export_locator", lambda *_, **__: None)  # another test's, and slow
    with pytest.raises(Interrupted, match=f"stopped after step {stop_after} of 6"):
        train(Run.open(locator_run).recipe, data=str(digits_folder), out=tmp_path / "r")
    train("locator", out=tmp_path / "r", resume=True)
    for path in (locator_run / "weights").iterdir():
        one, other = (load_file(folder / "weights" / path.name) for folder in (locator_run, tmp_path / "r"))
        assert all(torch.equal(one[name], other[name]) for name in one)
    logs = [
        [replace(row, seconds=0) for row in read_history(folder / "metrics.csv")]
        for folder in (locator_run, tmp_path / "r")
    ]
    assert logs[0] == logs[1]
