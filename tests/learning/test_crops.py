"""What a reader will be asked, cut out of pages."""

import gc
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset
from inkdigit.images import CLASSES, Grey
from inkdigit.learning import crops as module
from inkdigit.learning.crops import FRESH, SIDES, UPRIGHT_WIDTH, Crop, add_crops, cut_crops, cut_page, open_proposer
from inkdigit.locator import Boxes, Findings
from inkdigit.reading.proposer import Proposer
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


def proposer_of(boxes: Boxes) -> Proposer:
    """One whose locator finds these, whatever the scale."""

    def find(seen: Grey) -> Findings:
        scale = seen.shape[1] / WIDTH
        return Findings(boxes * np.float32(scale), np.full((len(boxes), CLASSES), 0.9, np.float32))

    return Proposer(find, module._say_nothing)


WIDTH = 344
"""Of a page of four digits."""


def cut(page: Page, boxes: Boxes, seed: int = 0) -> list[Crop]:
    return list(cut_page(page, proposer_of(boxes), np.random.default_rng(seed)))


def test_the_crop_of_a_digit_is_that_digit(digits: Dataset) -> None:
    for first in range(0, 40, 4):
        indices = list(range(first, first + 4))
        page = page_of(digits, indices)
        assert page.grey.shape[1] == WIDTH
        crops = cut(page, page.boxes + np.array([1, -1, -1, 1], np.float32))
        assert len(crops) == 4
        left = set(indices)
        for image, label in crops:
            assert image.shape == (28, 28)
            nearest = max(left, key=lambda index: likeness(image, digits.images[index]))
            assert likeness(image, digits.images[nearest]) > 0.75
            assert label == digits.labels[nearest]
            left.remove(nearest)


def test_two_digits_in_one_box_are_none(digits: Dataset) -> None:
    page = page_of(digits, [3, 4, 5, 7], step=46)
    page = replace(page, grey=np.pad(page.grey, ((0, 0), (0, WIDTH - page.grey.shape[1])), mode="edge"))
    (x, y, _, _), (right, _, width, height) = page.boxes[1], page.boxes[2]
    pair = np.array([[x, y, right + width - x, height]], np.float32)
    ((image, label),) = cut(page, pair)
    assert label == NOT_A_DIGIT
    rows, columns = np.nonzero(image > FIRM)
    assert np.ptp(columns) > np.ptp(rows)


def test_of_what_is_ignored_nothing_is_learnt(digits: Dataset) -> None:
    page = page_of(digits, [3, 4, 5, 7])
    far = replace(page, boxes=page.boxes[:1], labels=page.labels[:1], ignored=page.boxes[1:])
    assert [label for _, label in cut(far, page.boxes)] == [page.labels[0]]


def test_a_page_gives_no_more_than_a_few(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(digits, [3, 4, 5, 7])
    monkeypatch.setattr(module, "MOST", 2)
    taken = [tuple(label for _, label in cut(page, page.boxes, seed)) for seed in range(12)]
    assert all(len(labels) == 2 for labels in taken)
    assert {label for labels in taken for label in labels} == set(page.labels.tolist()), "any of them"


def test_no_upright_line_is_told_to_be_no_digit(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    bar = page_of(digits, [3, 4, 5, 7])
    bar.grey[20:76, 330:336] = 30
    line = np.array([[329, 20, 8, 56]], np.float32)
    assert cut(bar, line) == []
    monkeypatch.setattr(module, "UPRIGHT_WIDTH", -1)
    assert [label for _, label in cut(bar, line)] == [NOT_A_DIGIT], "there was one to leave out"


def test_the_shipped_locator_finds_digits_and_what_it_takes_for_some(digits: Dataset) -> None:
    pages, proposer = Pages(digits, seed=5), open_proposer()
    crops = [crop for number in range(60) for crop in cut_page(pages[number], proposer, np.random.default_rng(number))]
    assert {label for _, label in crops} == set(range(11))
    others = [image for image, label in crops if label == NOT_A_DIGIT]
    assert len(others) >= 10
    assert all((image > FIRM).any(0).sum() > UPRIGHT_WIDTH for image in others)
    assert all(image.any() for image, _ in crops)


def test_crops_are_the_same_however_many_processes_cut_them(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGES_AT_ONCE", 4)
    monkeypatch.setattr(module, "count_cores", lambda: 3)
    images, labels = cut_crops(digits, 40, 2)
    pages, proposer = [Pages(digits, side, seed=FRESH + 2) for side in SIDES], open_proposer()
    expected = [
        crop
        for number in range(40)
        for crop in cut_page(pages[number % 2][number], proposer, np.random.default_rng((FRESH + 2, number, 1)))
    ]
    assert images.shape == (40, 28, 28)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(labels, [label for _, label in expected[:40]])
    np.testing.assert_array_equal(images, [image for image, _ in expected[:40]])


def test_no_process_that_cuts_inherits_garbage(digits: Dataset, garbage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime's sessions cannot be ended there: they wait for threads of the process that made them."""
    begin = module._begin
    monkeypatch.setattr(module, "_begin", lambda *given: (begin(*given), gc.collect())[0])
    monkeypatch.setattr(module, "PAGES_AT_ONCE", 4)
    cut_crops(digits, 3, 2)
    assert garbage.read_text() == f"{os.getpid()}\n"


def test_ctrl_c_is_for_the_process_that_asked(digits: Dataset) -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        module._begin(digits, 0)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
        module._OWN.clear()


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
    assert list(cut_page(blank, open_proposer(), np.random.default_rng(0))) == []
