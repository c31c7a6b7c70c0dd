"""Many scales: a page as each shows it, and one finding for each digit of all."""

import numpy as np
import pytest

from inkdigit.images import CLASSES, Grey
from inkdigit.locator import Findings, Locator
from inkdigit.reading import detector
from inkdigit.reading.detector import APART, ENLARGED, FAINT, SIDES, View, choose_apart, look, merge

Finding = tuple[tuple[float, float, float, float], int, float]
"""A box, its digit and its score."""

DIGIT = (100.0, 100.0, 50.0, 80.0)


def findings(*found: Finding) -> Findings:
    scores = np.zeros((len(found), CLASSES), np.float32)
    for row, (_, value, score) in zip(scores, found, strict=True):
        row[value] = score
    return Findings(np.array([box for box, *_ in found], np.float32).reshape(-1, 4), scores)


def view(scale: float, *found: Finding) -> View:
    return View(scale, findings(*found))


def told(found: Findings) -> list[tuple[list[float], int, float]]:
    """Boxes, digits and scores."""
    return [
        (box.round(2).tolist(), int(row.argmax()), round(float(row.max()), 4))
        for box, row in zip(found.boxes, found.scores, strict=True)
    ]


def all_of_it(page: Grey) -> Findings:
    """A locator that takes whatever it sees for one digit."""
    return findings(((0, 0, page.shape[1], page.shape[0]), 3, 0.5))


class TestLook:
    @pytest.mark.parametrize(
        ("longest", "sides"),
        [
            (1600, list(SIDES)),
            (400, [48, 68, 96, 136, 192, 272, 384, 543]),
            (100, [48, 68, 96, 136]),
            (60, [48, 68, 96, 136]),
            (46, [48, 68, 96, 136]),
            (28, [48, 68]),
            (20, [48]),
            (16, [48]),
            (15, []),
            (1, []),
        ],
    )
    @pytest.mark.parametrize("is_tall", [False, True])
    def test_views_grow_as_long_as_a_picture_gains_by_it(self, longest: int, sides: list[int], is_tall: bool) -> None:
        shown: list[Grey] = []

        def watch(page: Grey) -> Findings:
            shown.append(page)
            return findings()

        page = np.zeros((longest, max(1, longest // 2)), np.uint8)
        views = list(look(watch, page if is_tall else np.ascontiguousarray(page.T)))
        assert [max(page.shape) for page in shown] == sides
        assert all(page.dtype == np.uint8 for page in shown)
        assert all(
            page.shape[is_tall] == pytest.approx(side / 2, abs=1) for page, side in zip(shown, sides, strict=True)
        )
        assert [view.scale * longest for view in views] == pytest.approx(sides)

    def test_only_what_is_asked_for_is_looked_at(self) -> None:
        page = np.zeros((400, 400), np.uint8)
        assert [view.scale for view in look(all_of_it, page, (68, 4000))] == [68 / 400]

    @pytest.mark.parametrize("shape", [(400, 300), (299, 401), (20, 13), (1600, 1), (7, 1600)])
    def test_boxes_are_in_pixels_of_the_page_at_every_scale(self, shape: tuple[int, int]) -> None:
        for seen in look(all_of_it, np.zeros(shape, np.uint8)):
            assert seen.findings.boxes[0].tolist() == pytest.approx([0, 0, shape[1], shape[0]], rel=1e-5)

    def test_each_view_shows_the_page_itself(self) -> None:
        page = np.zeros((200, 300), np.uint8)
        page[:, 150:] = 200
        shown: list[Grey] = []
        list(look(lambda seen: shown.append(seen) or findings(), page))  # type: ignore[func-returns-value]
        for seen in shown:
            middle = seen.shape[1] // 2
            assert (seen[:, : middle - 3] == 0).all()
            assert (seen[:, middle + 3 :] == 200).all()

    def test_views_are_looked_at_one_by_one(self) -> None:
        """Who has seen enough stops, and pays for no more."""
        shown: list[Grey] = []
        views = look(lambda seen: shown.append(seen) or findings(), np.zeros((400, 400), np.uint8))  # type: ignore[func-returns-value]
        next(views)
        next(views)
        assert len(shown) == 2

    def test_a_blob_is_found_where_it_is_at_every_scale_that_shows_it(self, find_blobs: Locator) -> None:
        page = np.full((900, 1200), 255, np.uint8)
        page[300:600, 500:660] = 0
        views = [seen for seen in look(find_blobs, page) if len(seen.findings)]
        assert [round(seen.scale * 300) for seen in views] == [12, 17, 24, 34, 48, 68, 96]
        for seen in views:
            assert seen.findings.boxes[0].tolist() == pytest.approx([500, 300, 160, 300], abs=1.01 / seen.scale)


class TestMerge:
    def test_no_view_finds_nothing(self) -> None:
        assert told(merge([])) == told(merge([view(1)])) == []
        assert merge([]).boxes.shape == (0, 4)
        assert merge([]).scores.shape == (0, CLASSES)

    def test_a_score_is_the_mean_over_the_two_views_that_see_the_digit_best(self) -> None:
        views = [
            view(0.1, (DIGIT, 4, 1.0)),  # 8 pixels
            view(0.25, (DIGIT, 4, 0.5)),
            view(0.5, (DIGIT, 4, 0.9)),
            view(1, (DIGIT, 4, 0.7)),
            view(2, (DIGIT, 4, 1.0)),  # 160 pixels
        ]
        assert told(merge(views)) == [(list(DIGIT), 4, 0.8)]
        assert told(merge(views[:2])) == [(list(DIGIT), 4, 0.5)]

    def test_a_view_that_should_show_it_but_does_not_speaks_against_it(self) -> None:
        assert told(merge([view(0.5, (DIGIT, 4, 0.8)), view(1)])) == [(list(DIGIT), 4, 0.4)]
        seen_once = [view(0.25), view(0.5, (DIGIT, 4, 2.5 * FAINT)), view(1)]
        assert told(merge(seen_once)) == [], "though two see it more than faintly on average"

    def test_views_may_take_it_for_different_digits(self) -> None:
        found = merge([view(0.5, (DIGIT, 4, 0.6)), view(1, (DIGIT, 9, 0.8))])
        assert found.scores[0, [4, 9]].tolist() == pytest.approx([0.3, 0.4])

    def test_a_part_seen_at_one_scale_loses_against_the_digit_seen_at_all(self) -> None:
        """The upper ring of an 8 is a 0, but only from near."""
        ring = (105.0, 100.0, 40.0, 38.0)
        views = [
            view(0.25, (DIGIT, 8, 0.8)),
            view(0.5, (DIGIT, 8, 0.8)),
            view(1, (DIGIT, 8, 0.8), (ring, 0, 0.99)),
            view(2, (ring, 0, 0.99)),
        ]
        assert told(merge(views)) == [(list(DIGIT), 8, 0.8)]

    def test_a_box_is_the_mean_of_what_the_views_say_by_how_sure_and_alike_they_are(self) -> None:
        views = [view(0.5, ((100, 100, 50, 80), 4, 0.3)), view(1, ((100, 100, 50, 100), 4, 0.9))]
        ((box, *_),) = told(merge(views))
        share = 0.3 * 0.8 / (0.3 * 0.8 + 0.9)  # of the union the two boxes share 0.8; the surer one stands
        assert box == pytest.approx([100, 100, 50, 100 - 20 * share], rel=1e-4)

    def test_a_box_around_two_in_one_view_does_not_hide_what_the_others_see_apart(self) -> None:
        left, right, both = (100.0, 100.0, 45.0, 60.0), (140.0, 100.0, 45.0, 60.0), (102.0, 100.0, 80.0, 60.0)
        apart = [view(scale, (left, 3, 0.7), (right, 3, 0.75)) for scale in (0.5, 0.7, 1)]
        found = told(merge([view(0.35, (both, 3, 0.5)), *apart]))
        assert sorted(box[0] for box, *_ in found) == pytest.approx([100, 140], abs=5)

    def test_a_view_that_finds_a_digit_twice_counts_once(self) -> None:
        twice = view(1, (DIGIT, 4, 0.6), ((102, 100, 50, 80), 4, 0.5))
        assert [score for *_, score in told(merge([twice]))] == [0.6]

    def test_neighbours_stay_two(self) -> None:
        right = (145.0, 100.0, 50.0, 80.0)  # a tenth of them is shared
        found = merge([view(scale, (DIGIT, 4, 0.9), (right, 5, 0.8)) for scale in (0.5, 1)])
        assert told(found) == [(list(DIGIT), 4, 0.9), (list(right), 5, 0.8)]

    def test_the_surest_stands_first(self) -> None:
        places = [(100.0 * n, 0.0, 40.0, 60.0) for n in range(4)]
        scores = (0.3, 0.9, 0.2, 0.6)
        found = merge([view(1, *zip(places, range(4), scores, strict=True))])
        assert [value for _, value, _ in told(found)] == [1, 3, 0, 2]

    def test_what_hardly_any_view_sees_is_forgotten(self) -> None:
        views = [view(0.25, (DIGIT, 4, 2.5 * FAINT)), view(0.5), view(1)]
        assert told(merge(views)) == []
        assert len(merge(views[:2])) == 1

    @pytest.mark.parametrize(("height", "is_kept"), [(8, False), (20, True), (90, True), (130, False)])
    def test_what_has_no_size_of_a_digit_there_is_left_out(self, height: float, is_kept: bool) -> None:
        assert len(merge([view(1, ((10, 10, 8, height), 1, 1.0))])) == is_kept

    def test_of_too_many_the_surest_are_compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(detector, "MAX_FINDINGS", 3)
        found = merge([view(1, *(((100 * n, 0, 40, 60), n, 0.3 + 0.05 * n) for n in range(10)))])
        assert [value for _, value, _ in told(found)] == [9, 8, 7]

    def test_more_than_are_compared_at_once_are_merged_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        places = [((60.0 * (n % 5), 80.0 * (n // 5), 40.0, 60.0), n % 10, 0.5 + 0.01 * n) for n in range(20)]
        views = [view(1, *places), view(0.5, *places[::2])]
        together = told(merge(views))
        assert len(together) == 20
        monkeypatch.setattr(detector, "BLOCK", 3)
        assert told(merge(views)) == together

    @pytest.mark.parametrize("shape", [(300, 400), (1200, 1600), (24, 32)])
    def test_of_a_page_at_all_scales_each_blob_is_one_finding(
        self, shape: tuple[int, int], find_blobs: Locator
    ) -> None:
        page = np.full(shape, 255, np.uint8)
        unit = shape[0] / 12
        drawn = [(2.0, 2.0, 2.0, 6.0), (8.0, 3.0, 3.0, 4.0)]
        for x, y, width, height in drawn:
            page[round(y * unit) : round((y + height) * unit), round(x * unit) : round((x + width) * unit)] = 0
        found = merge(list(look(find_blobs, page)))
        assert (found.scores.argmax(1) == 7).all()
        assert (found.scores.max(1) > 0.7).all()
        boxes = found.boxes[np.argsort(found.boxes[:, 0])]
        np.testing.assert_allclose(boxes, np.array(drawn) * unit, atol=0.5 * unit)


class TestApart:
    def test_the_stronger_of_two_on_one_another_stays(self) -> None:
        boxes = np.array([(0, 0, 40, 60), (4, 0, 40, 60), (200, 0, 40, 60)], np.float32)
        assert choose_apart(boxes, np.array([0.5, 0.9, 0.7], np.float32)) == [1, 2]
        assert choose_apart(boxes, np.array([0.9, 0.9, 0.9], np.float32)) == [0, 2]

    def test_one_within_another_is_no_digit_of_its_own(self) -> None:
        boxes = np.array([(0, 0, 100, 100), (30, 30, 20, 20)], np.float32)
        assert choose_apart(boxes, np.array([0.9, 0.8], np.float32)) == [0]
        assert choose_apart(boxes, np.array([0.8, 0.9], np.float32)) == [1]

    def test_what_a_weak_one_covered_is_free_where_it_is_itself_left_out(self) -> None:
        boxes = np.array([(0, 0, 40, 60), (15, 0, 40, 60), (30, 0, 40, 60)], np.float32)
        assert choose_apart(boxes, np.array([0.9, 0.8, 0.7], np.float32)) == [0, 2]

    def test_touching_digits_are_apart(self) -> None:
        shared = 40 * 2 * APART / (1 + APART)  # of two boxes 40 wide, as much of their union as may be
        for overlap, n in ((shared - 1, 2), (shared + 1, 1)):
            boxes = np.array([(0, 0, 40, 60), (40 - overlap, 0, 40, 60)], np.float32)
            assert len(choose_apart(boxes, np.ones(2, np.float32))) == n

    def test_a_narrow_one_may_lie_within_its_neighbour_by_two_thirds(self) -> None:
        for overlap, n in ((8, 2), (8.5, 1)):  # of 12 pixels
            boxes = np.array([(0, 0, 40, 60), (40 - overlap, 0, 12, 60)], np.float32)
            assert len(choose_apart(boxes, np.ones(2, np.float32))) == n

    def test_nothing_is_apart_from_nothing(self) -> None:
        assert choose_apart(np.empty((0, 4), np.float32), np.empty(0, np.float32)) == []


def test_a_picture_is_enlarged_a_little_and_a_tiny_one_more() -> None:
    for longest in (23, 60, 100, 300, 1000):
        largest = max((seen.scale for seen in look(all_of_it, np.zeros((longest, longest), np.uint8))), default=0)
        assert largest <= (3 if longest < 100 else ENLARGED)
        assert largest >= 1
