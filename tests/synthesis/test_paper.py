"""Ink on paper, in some light."""

import numpy as np
import pytest

from inkdigit.images import Ink
from inkdigit.synthesis import paper
from inkdigit.synthesis.paper import expose, field_of, rule


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def written() -> Ink:
    ink = np.zeros((90, 120), np.float32)
    ink[30:60, 40:80] = 1
    return ink


@pytest.mark.parametrize("kind", paper._KINDS)
def test_on_every_paper_ink_departs_from_what_is_around_it(kind: str) -> None:
    ink, lines = written(), np.zeros((90, 120), np.float32)
    for seed in range(12):
        grey = paper._KINDS[kind](ink, lines, random(seed))
        assert grey.shape == ink.shape
        assert grey.dtype == np.uint8
        inside, around = grey[35:55, 45:75].astype(float), grey[24:66, 34:86].astype(float)
        around[4:-4, 4:-4] = np.nan
        assert abs(inside.mean() - np.nanmean(around)) > 4, seed


def test_a_picture_follows_from_its_seed() -> None:
    for seed in range(5):
        assert np.array_equal(expose(written(), random(seed)), expose(written(), random(seed)))
    assert len({expose(written(), random(seed)).tobytes() for seed in range(20)}) >= 16, "but for even screens"


def test_writing_is_dark_on_light_and_light_on_dark() -> None:
    signs = set()
    for seed in range(30):
        grey = expose(written(), random(seed)).astype(float)
        signs.add(np.sign(grey[35:55, 45:75].mean() - grey[:, :30].mean()))
    assert signs == {-1, 1}


def test_ink_is_left_as_it_is() -> None:
    ink = written()
    for seed in range(10):
        expose(ink, random(seed), lines=rule((90, 120), random(seed)))
    assert np.array_equal(ink, written())


def test_lines_are_seen() -> None:
    lines = np.zeros((90, 120), np.float32)
    lines[::10] = 1
    differ = [(expose(written(), random(seed), lines=lines) != expose(written(), random(seed))).any()
              for seed in range(20)]  # fmt: skip
    assert sum(differ) >= 17, "but for faint ones that a threshold takes away"


def test_rulings_are_lines_of_every_kind() -> None:
    kinds = set()
    for seed in range(60):
        lines = rule((100, 140), random(seed))
        assert lines.shape == (100, 140)
        assert lines.dtype == np.float32
        assert (lines.min(), lines.max() <= 1) == (0, True)
        assert lines.mean() < 0.3
        upright, lying = ((lines > 0.2).mean(axis).max() > 0.5 for axis in (0, 1))
        kinds.add((bool(upright), bool(lying)))
    assert {(False, True), (True, True)} <= kinds


def test_a_field_is_smooth_and_of_the_shape() -> None:
    values = field_of((50, 80), 4, random())
    assert values.shape == (50, 80)
    assert np.abs(values).max() < 1.4
    assert np.abs(np.diff(values, axis=0)).max() < 0.25
