"""What a reader cuts out of pages."""

import gc
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset
from inkdigit.errors import EnvironmentFault
from inkdigit.images import Grey
from inkdigit.synthesis import crops as module
from inkdigit.synthesis.crops import UPRIGHT_WIDTH, add_crops, cut_crops, cut_page
from inkdigit.synthesis.hand import FIRM
from inkdigit.synthesis.outliers import NOT_A_DIGIT
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.sheet import Page, Sheet


def page_of(digits: Dataset, indices: list[int], size: int = 56, step: int = 76) -> Page:
    """Digits side by side on white paper."""
    sheet = Sheet(np.zeros((size + 40, step * len(indices) + 40), np.float32), 200)
    for place, index in enumerate(indices):
        sheet.put(enlarge(digits.images[index], size), 20 + step * place, 20, int(digits.labels[index]))
    boxes = np.array([box[:4] for box in sheet.boxes], np.float32)
    return Page(np.asarray(255 * (1 - 0.9 * sheet.ink), np.uint8), boxes, digits.labels[indices], boxes[:0])


def enlarge(image: Grey, size: int) -> Grey:
    return np.kron(image, np.ones((size // 28, size // 28), np.uint8))


def likeness(left: Grey, right: Grey) -> float:
    return float(np.corrcoef(left.ravel(), right.ravel())[0, 1])


def test_the_crop_of_a_digit_is_that_digit(digits: Dataset) -> None:
    for first in range(0, 40, 4):
        indices = list(range(first, first + 4))
        page = page_of(digits, indices)
        crops = [crop for crop in cut_page(page, np.random.default_rng(first)) if crop[1] != NOT_A_DIGIT]
        assert len(crops) == 4
        left = set(indices)
        for image, label in crops:
            assert image.shape == (28, 28)
            nearest = max(left, key=lambda index: likeness(image, digits.images[index]))
            assert likeness(image, digits.images[nearest]) > 0.75
            assert label == digits.labels[nearest]
            left.remove(nearest)


def test_a_page_gives_no_more_digits_than_a_few(digits: Dataset) -> None:
    page = page_of(digits, list(range(9)))
    labels = [label for _, label in cut_page(page, np.random.default_rng(0))]
    assert sum(label != NOT_A_DIGIT for label in labels) == module.DIGITS_PER_PAGE


def test_no_upright_line_is_told_to_be_no_digit(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(digits, seed=5)
    crops = [crop for number in range(60) for crop in cut_page(pages[number], np.random.default_rng(number))]
    others = [image for image, label in crops if label == NOT_A_DIGIT]
    assert len(others) >= 10
    assert all((image > FIRM).any(0).sum() > UPRIGHT_WIDTH for image in others)
    assert all(image.any() for image, _ in crops)
    assert {label for _, label in crops} == set(range(11))
    monkeypatch.setattr(module, "UPRIGHT_WIDTH", -1)
    bars = [image for number in range(60) for image, label in cut_page(pages[number], np.random.default_rng(number))
            if label == NOT_A_DIGIT and (image > FIRM).any(0).sum() <= UPRIGHT_WIDTH]  # fmt: skip
    assert bars, "there were some to leave out"


def test_what_is_no_digit_lies_apart_from_digits(digits: Dataset) -> None:
    """On a page of digits alone, only two as one are no digit."""
    page = page_of(digits, [3, 4, 5])
    far = replace(page, boxes=page.boxes[:1], labels=page.labels[:1], ignored=page.boxes[1:])
    assert all(label != NOT_A_DIGIT for seed in range(10) for _, label in cut_page(far, np.random.default_rng(seed)))
    close = page_of(digits, [3, 4, 5], step=46)
    pairs = [image for seed in range(10) for image, label in cut_page(close, np.random.default_rng(seed))
             if label == NOT_A_DIGIT]  # fmt: skip
    assert pairs
    for image in pairs:
        rows, columns = np.nonzero(image > FIRM)
        assert np.ptp(columns) > np.ptp(rows)


def test_crops_are_the_same_however_many_processes_cut_them(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGES_AT_ONCE", 4)
    monkeypatch.setattr("inkdigit.synthesis.crops.count_cores", lambda: 3)
    images, labels = cut_crops(Pages(digits, seed=2), 40)
    pages = Pages(digits, seed=2)
    expected = [crop for number in range(60) for crop in cut_page(pages[number], np.random.default_rng((2, number, 1)))]
    assert images.shape == (40, 28, 28)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(labels, [label for _, label in expected[:40]])
    np.testing.assert_array_equal(images, [image for image, _ in expected[:40]])


def test_no_process_that_cuts_inherits_garbage(digits: Dataset, garbage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime's sessions cannot be ended there: they wait for threads of the process that made them."""
    take = module._take
    monkeypatch.setattr(module, "_take", lambda pages: (take(pages), gc.collect())[0])
    monkeypatch.setattr(module, "PAGES_AT_ONCE", 4)
    cut_crops(Pages(digits, seed=2), 3)
    assert garbage.read_text() == f"{os.getpid()}\n"


def test_a_process_that_is_killed_is_told_in_one_line(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_take", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(EnvironmentFault, match="was killed, most likely for want of memory"):
        cut_crops(Pages(digits, seed=2), 3)


def test_ctrl_c_is_for_the_process_that_asked(digits: Dataset) -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        module._take(Pages(digits))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
        module._TAKEN.clear()


def test_they_come_behind_the_digits(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGES_AT_ONCE", 4)
    few = replace(digits, images=digits.images[:40], labels=digits.labels[:40])
    extended = add_crops(few, 0.25, seed=0)
    assert len(extended) == 50
    assert np.array_equal(extended.images[:40], few.images)
    assert np.array_equal(extended.labels[:40], few.labels)
    assert set(extended.labels[40:]) <= set(range(11))
    assert add_crops(few, 0.0, seed=0) is few
    assert len(add_crops(few, 0.001, seed=0)) == 40, "a share that comes to none"


def test_a_page_without_ink_gives_nothing() -> None:
    none = np.zeros((0, 4), np.float32)
    blank = Page(np.full((60, 60), 200, np.uint8), none, np.zeros(0, np.int64), none)
    assert list(cut_page(blank, np.random.default_rng(0))) == []
