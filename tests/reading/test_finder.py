"""Locator and classifier together: which digits are found, at what price, and what both say of them.

The locator finds dark pieces, the classifier is a lambda.
"""

from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.reading.fakes import OTHER, SEVEN, Watched, find_nothing, finds, sees

from inkdigit.classifier import Classifier
from inkdigit.images import CLASSES, SIZE, Grey, Images, Probabilities
from inkdigit.locator import Findings, Locator
from inkdigit.preparation.box import Box
from inkdigit.preparation.ink import WORKING_SIDE, find_ink
from inkdigit.reading.detector import GLANCED, SIDES, SURROUNDINGS
from inkdigit.reading.finder import COARSE, NONE, PIECE, VOUCHED, Finder, Found, _reach_beyond, _stand_in_line
from inkdigit.reading.joining import Joining

DrawPage = Callable[..., NDArray[np.uint8]]

LONG = Box(SEVEN.x, 20, SEVEN.width - 8, 270)
"""A stroke that runs through the place where a digit is seen."""

BESIDE = Box(SEVEN.x + SEVEN.width + 4, SEVEN.y, 40, SEVEN.height)
SHORT = Box(BESIDE.x, SEVEN.y, 24, SEVEN.height // 3)
FAR = Box(SEVEN.x + 250, SEVEN.y, SEVEN.width, SEVEN.height)


def build(locator: Locator, classifier: Classifier | None = None) -> Finder:
    return Finder(locator, classifier or sees(7), Joining())


def values(found: Found) -> list[int]:
    """What was found, 10 for what is rather no digit, from left to right."""
    order = np.argsort([box.x for box in found.boxes])
    return [int(value) for value in found.probabilities[order].argmax(1)]


def check(found: Found) -> None:
    """Checks what holds for every answer."""
    k = len(found.boxes)
    assert found.images.shape == (k, SIZE, SIZE)
    assert found.images.dtype == np.uint8
    assert all(image.any() for image in found.images)
    assert found.probabilities.shape == (k, CLASSES + 1)
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-5)
    assert found.agreed.shape == (k,)
    assert found.ink.dtype == np.float32


class TestBoxes:
    @pytest.mark.parametrize("longest", [20, 60, 140, 400, 1600, 3000])
    def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(
        self, longest: int, draw_page: DrawPage, find_blobs: Locator
    ) -> None:
        unit = longest / 20
        width, height = longest, round(0.7 * longest)
        drawn = [Box(round(x * unit), round(4 * unit), round(2 * unit), round(6 * unit)) for x in (3, 13)]
        if longest == 20:
            drawn = [Box(8, 2, 3, 11)]
        found = build(find_blobs).find(draw_page(*drawn, width=width, height=height))
        check(found)
        assert max(found.ink.shape) == min(longest, WORKING_SIDE)
        assert values(found) == [7] * len(drawn)
        for box, expected in zip(sorted(found.boxes, key=lambda box: box.x), drawn, strict=True):
            assert astuple(box) == pytest.approx(astuple(expected), abs=max(1, 0.5 * unit))
            assert all(isinstance(side, int) for side in astuple(box))

    @pytest.mark.parametrize("size", [(400, 300), (3333, 1777), (23, 40)])
    def test_no_box_leaves_the_picture(self, size: tuple[int, int], draw_page: DrawPage) -> None:
        width, height = size

        def find_beyond(page: Grey) -> Findings:
            h, w = page.shape
            boxes = [(-0.2 * w, -0.1 * h, 0.6 * w, 0.7 * h), (0.6 * w, 0.5 * h, 0.7 * w, 0.8 * h)]
            scores = np.zeros((2, CLASSES), np.float32)
            scores[:, 7] = 0.9 if max(page.shape) < 110 else 0
            return Findings(np.array(boxes, np.float32), scores)

        corners = Box(0, 0, width // 3, height // 2), Box(2 * width // 3, 2 * height // 3, width // 3, height // 3)
        found = build(find_beyond).find(draw_page(*corners, width=width, height=height))
        assert len(found.boxes) == 2
        for box in found.boxes:
            assert 0 <= box.x < box.x + box.width <= width
            assert 0 <= box.y < box.y + box.height <= height

    def test_the_page_is_left_as_it_is(self, draw_page: DrawPage, find_blobs: Locator) -> None:
        page = draw_page(SEVEN, OTHER)
        before = page.copy()
        build(find_blobs).find(page)
        np.testing.assert_array_equal(page, before)


def change(locator: Locator, how: Callable[[Findings], Findings]) -> Locator:
    """A locator whose findings are not what they were."""
    return lambda page: how(locator(page))


def doubt(found: Findings) -> Findings:
    return Findings(found.boxes, found.scores * 0.2)


def forget_all(found: Findings) -> Findings:
    return Findings(found.boxes[:0], found.scores[:0])


def leftmost(found: Findings) -> Findings:
    chosen = np.argsort(found.boxes[:, 0])[:1]
    return Findings(found.boxes[chosen], found.scores[chosen])


class TestGlance:
    def test_a_plain_picture_is_looked_at_once_where_its_ink_is(self, draw_page: DrawPage, find_blobs: Locator) -> None:
        locator = Watched(find_blobs)
        found = build(locator, sees(7, 0.995)).find(draw_page(SEVEN))
        check(found)
        assert locator.sides == [pytest.approx(GLANCED * (1 + 2 * SURROUNDINGS), abs=2)]
        assert (values(found), found.agreed.tolist()) == ([7], [True])
        pixel = SEVEN.height / GLANCED  # of the view, in which the locator of this test finds whole ones
        assert astuple(found.boxes[0]) == pytest.approx(astuple(SEVEN), abs=1 + pixel)
        assert max(found.ink.shape) == COARSE, "a glance needs no more"

    @pytest.mark.parametrize("longest", [COARSE, 900, 4000])
    @pytest.mark.parametrize(("height", "side"), [(0.6, COARSE), (0.2, WORKING_SIDE)], ids=["large", "small"])
    def test_only_a_large_digit_is_glanced_at_coarsely(
        self, longest: int, height: float, side: int, draw_page: DrawPage, find_blobs: Locator
    ) -> None:
        locator = Watched(find_blobs)
        tall = round(height * longest)
        drawn = Box(longest // 8, longest // 8, tall // 3, tall)
        found = build(locator, sees(7, 0.995)).find(draw_page(drawn, width=longest, height=longest))
        assert (values(found), len(locator.sides)) == ([7], 1)
        assert max(found.ink.shape) == min(side, longest)
        assert astuple(found.boxes[0]) == pytest.approx(astuple(drawn), abs=1 + 1.5 * tall / GLANCED)

    def test_finer_writing_beside_a_large_digit_is_not_lost_at_a_glance(
        self, draw_page: DrawPage, find_blobs: Locator
    ) -> None:
        large, fine = Box(300, 300, 60, 800), [Box(700 + 60 * number, 500, 3, 100) for number in range(10)]
        locator = Watched(find_blobs)
        found = build(locator, sees(7, 0.995)).find(draw_page(large, *fine, width=1600, height=1600))
        assert (max(found.ink.shape), len(locator.sides) > 1) == (WORKING_SIDE, True)

    @pytest.mark.parametrize(
        ("others", "how", "classifier"),
        [
            pytest.param([OTHER], lambda found: found, sees(7), id="two digits"),
            pytest.param([OTHER], leftmost, sees(7), id="ink that is no part of it"),
            pytest.param([], doubt, sees(7), id="a locator in doubt"),
            pytest.param([], lambda found: found, sees(7, 0.2), id="a classifier in doubt"),
            pytest.param([], lambda found: found, sees(1), id="two that disagree"),
            pytest.param([], forget_all, sees(7), id="nothing found"),
        ],
    )
    def test_where_there_is_more_to_it_the_page_is_looked_at(
        self,
        others: list[Box],
        how: Callable[[Findings], Findings],
        classifier: Classifier,
        draw_page: DrawPage,
        find_blobs: Locator,
    ) -> None:
        watched = Watched(change(find_blobs, how))
        build(watched, classifier).find(draw_page(SEVEN, *others))
        assert watched.sides[1:3] == list(SIDES[:2])

    def test_two_that_disagree_look_closer_however_sure_they_are_together(
        self, draw_page: DrawPage, find_blobs: Locator
    ) -> None:
        watched = Watched(find_blobs)
        Finder(watched, sees(1, 0.9999), Joining(say=1.5)).find(draw_page(SEVEN))
        assert len(watched.sides) > 2

    def test_a_digit_image_is_what_the_classifier_sees_and_the_locator_is_not_asked(self) -> None:
        image = np.zeros((SIZE, SIZE), np.uint8)
        image[4:24, 12:16], image[4:24, 16] = 255, 50
        shown: list[Images] = []

        def classify(images: Images) -> Probabilities:
            shown.append(images)
            return sees(1, 0.9)(images)

        found = build(lambda _: pytest.fail("asked"), classify).find(image)
        check(found)
        (images,) = shown
        np.testing.assert_array_equal(images, image[None])
        np.testing.assert_array_equal(found.images, image[None])
        assert found.boxes == [Box(12, 4, 5, 20)]
        assert found.probabilities[0, 1] == Joining().hear_alone(sees(1, 0.9)(images))[0, 1]
        found.images[0, 0, 0] = 9
        assert image[0, 0] == 0, "what was given is not what is returned"

    @pytest.mark.parametrize(("probability", "single"), [(0.99, False), (0.99, True), (0.8, False)])
    def test_a_digit_image_that_is_rather_none_gets_a_look_unless_it_is_known_to_hold_one(
        self, probability: float, single: bool
    ) -> None:
        """It may hold two digits, made as small as one; MNIST's own digits raise no more than a doubt."""
        image = np.zeros((SIZE, SIZE), np.uint8)
        image[4:24, 9:11] = image[4:24, 17:19] = 255
        watched = Watched(find_nothing)
        found = build(watched, sees(10, probability)).find(image, single=single)
        check(found)
        assert bool(watched.sides) is (probability > NONE and not single)

    def test_digit_images_are_read_all_at_once(self) -> None:
        images = np.zeros((3, SIZE, SIZE), np.uint8)
        for place in range(3):
            images[place, 4:24, 11 + place : 16] = 255
        calls: list[int] = []

        def classify(images: Images) -> Probabilities:
            calls.append(len(images))
            return np.eye(CLASSES, dtype=np.float32)[: len(images)]

        found = build(find_nothing, classify).read_images(list(images))
        assert calls == [3]
        assert [one.probabilities.argmax(1).tolist() for one in found] == [[0], [1], [2]]
        for one, image in zip(found, images, strict=True):
            check(one)
            np.testing.assert_array_equal(one.images, image[None])


class TestChoice:
    def test_overlapping_findings_are_one_digit(self, draw_page: DrawPage) -> None:
        upper = Box(102, 60, 36, 60)
        locator = finds((SEVEN, 7, 0.9), (Box(104, 64, 38, 118), 1, 0.7), (upper, 0, 0.6))
        found = build(locator).find(draw_page(SEVEN, OTHER))
        check(found)
        assert values(found) == [7]

    def test_neighbours_are_all_found(self, draw_page: DrawPage) -> None:
        places = [Box(60 + 44 * n, 80, 40, 90) for n in range(6)]
        found = build(finds(*((place, 7, 0.9) for place in places))).find(draw_page(*places))
        assert values(found) == [7] * 6

    def test_what_both_take_for_no_digit_is_left_out_beside_a_digit(self, draw_page: DrawPage) -> None:
        def classify(images: Images) -> Probabilities:
            """The wide one is no digit."""
            wide = (images > 0).any(1).sum(1) > 15
            return np.where(wide[:, None], sees(10)(images), sees(7)(images))

        blot = Box(240, 90, 100, 100)
        found = build(finds((SEVEN, 7, 0.9), (blot, 0, 0.3)), classify).find(draw_page(SEVEN, blot))
        assert values(found) == [7]
        assert astuple(found.boxes[0]) == pytest.approx(astuple(SEVEN), abs=1)

    @pytest.mark.parametrize(
        ("drawn", "other", "believed"),
        [
            ([LONG], None, False),
            ([LONG, FAR], FAR, False),
            ([LONG, SHORT], SHORT, False),
            ([LONG, BESIDE], BESIDE, True),
            ([LONG, Box(BESIDE.x, 20, BESIDE.width, 270)], BESIDE, False),
            ([SEVEN, FAR], FAR, True),
        ],
        ids=["alone", "far away", "beside something lower", "in line", "in line with another piece", "no piece"],
    )
    def test_a_piece_of_something_larger_is_doubted_unless_it_stands_in_line_with_a_digit(
        self, drawn: list[Box], other: Box | None, believed: bool, draw_page: DrawPage
    ) -> None:
        places = [(place, 7, 0.9) for place in (SEVEN, other) if place is not None]
        found = build(finds(*places)).find(draw_page(*drawn))
        check(found)
        first = int(np.argmin([abs(box.x - SEVEN.x) for box in found.boxes]))
        score = np.array([[0.005] * 7 + [0.9] + [0.005] * 2], np.float32)
        against = float(Joining().join(score, sees(7)(found.images[:1]))[0, CLASSES])
        expected = against if believed else against / (PIECE * (1 - against) + against)
        assert found.probabilities[first, CLASSES] == pytest.approx(expected, rel=0.01)

    @pytest.mark.parametrize(
        ("bar", "expected"),
        [
            (Box(180, 45, 16, 160), [7, 7]),  # beyond both above and below
            (Box(180, 65, 16, 110), [7, 1, 7]),
            (Box(180, 45, 16, 140), [7, 1, 7]),  # no lower than the second
            (Box(40, 45, 16, 160), [7, 7]),  # before them
        ],
        ids=["a slash", "a 1", "a tall 1", "a bracket"],
    )
    def test_a_1_taller_than_the_digits_beside_it_is_a_sign(
        self, bar: Box, expected: list[int], draw_page: DrawPage
    ) -> None:
        def read(images: Images) -> Probabilities:
            is_bar = (images > 0).any(1).sum(1) < 5  # (n, 28, 28) → (n,)
            return np.concatenate([sees(1 if bar else 7)(images[:1]) for bar in is_bar])

        found = build(finds((SEVEN, 7, 0.9), (OTHER, 7, 0.9), (bar, 1, 0.7)), read).find(draw_page(SEVEN, OTHER, bar))
        assert values(found) == expected

    @pytest.mark.parametrize(
        ("others", "reaches"),
        [
            ([(90, 20, 40, 60), (10, 20, 40, 60)], True),
            ([(90, 20, 40, 60)], False),  # one beside it is not enough
            ([(90, 20, 40, 60), (10, 20, 40, 90)], False),  # as tall
            ([(90, 20, 40, 60), (10, 3, 40, 60)], False),  # as high
            ([(90, 20, 40, 60), (300, 20, 40, 60)], False),  # far away
            ([(90, 20, 40, 60), (10, 220, 40, 60)], False),  # below
            ([(90, 20, 40, 60), (10, 20, 40, 60), (300, 0, 40, 100)], True),
        ],
    )
    def test_what_reaches_beyond_all_that_is_beside_it(
        self, others: list[tuple[int, int, int, int]], reaches: bool
    ) -> None:
        bar = np.array([[60, 0, 16, 100]], np.float32)
        assert _reach_beyond(bar, np.array(others, np.float32)).tolist() == [reaches]

    @pytest.mark.parametrize(
        ("box", "stands"),
        [
            ((90, 0, 40, 60), True),
            ((139, 0, 40, 60), True),  # two heights from middle to middle
            ((142, 0, 40, 60), False),
            ((90, 0, 20, 32), True),  # half as tall
            ((90, 0, 20, 28), False),
            ((90, 0, 40, 120), True),
            ((0, 110, 40, 60), True),  # below
        ],
    )
    def test_what_stands_near_a_clear_digit_of_about_its_height_is_in_line(
        self, box: tuple[float, ...], stands: bool
    ) -> None:
        boxes = np.array([(20, 0, 40, 60), box], np.float32)
        assert _stand_in_line(boxes, np.array([True, False])).tolist() == [True, stands]
        assert not _stand_in_line(boxes, np.zeros(2, bool)).any()

    def test_where_nothing_is_likely_the_likeliest_is_told(self, draw_page: DrawPage) -> None:
        found = build(finds((SEVEN, 7, 0.2), (OTHER, 7, 0.3)), sees(10, 0.9)).find(draw_page(SEVEN, OTHER))
        check(found)
        assert values(found) == [10]
        assert astuple(found.boxes[0]) == pytest.approx(astuple(OTHER), abs=1)
        assert found.probabilities[0, :CLASSES].argmax() == 7

    @pytest.mark.parametrize("single", [False, True])
    def test_a_lone_digit_is_never_lost(self, single: bool, draw_page: DrawPage) -> None:
        """The locator sees nothing, but there is ink."""
        found = build(find_nothing, sees(3)).find(draw_page(SEVEN), single=single)
        check(found)
        assert len(found.boxes) == 1
        assert astuple(found.boxes[0]) == pytest.approx(astuple(SEVEN), abs=10)
        assert found.probabilities[0, :CLASSES].argmax() == 3

    def test_what_is_found_on_blank_paper_hides_no_digit(self, draw_page: DrawPage) -> None:
        found = build(finds((OTHER, 4, 0.9)), sees(3)).find(draw_page(SEVEN))
        check(found)
        assert len(found.boxes) == 1
        assert astuple(found.boxes[0]) == pytest.approx(astuple(SEVEN), abs=10)

    @pytest.mark.parametrize("size", [(1, 1), (15, 15), (20, 20), (22, 9), (400, 300), (3000, 40)])
    @pytest.mark.parametrize("locator", [find_nothing, finds((OTHER, 4, 0.9))])
    def test_a_blank_page_has_no_digit(self, size: tuple[int, int], locator: Locator, draw_page: DrawPage) -> None:
        for single in (False, True):
            found = build(locator).find(draw_page(width=size[0], height=size[1]), single=single)
            check(found)
            assert found.boxes == []

    @pytest.mark.parametrize("size", [2, 3, 10, 15, 16, 20, 22, 23])
    def test_pictures_too_small_for_any_view_are_read_by_the_classifier(
        self, size: int, draw_page: DrawPage, find_blobs: Locator
    ) -> None:
        mark = Box(size // 2, size // 4, max(1, size // 8), max(1, size // 2))
        for locator in (find_nothing, find_blobs):
            check(build(locator).find(draw_page(mark, width=size, height=size)))

    def test_a_picture_all_ink_has_an_answer(self, find_blobs: Locator) -> None:
        texture = np.full((320, 320), 255, np.uint8)
        texture[::4] = texture[:, ::5] = 0
        assert (find_ink(texture) > 0.3).any()
        found = build(find_nothing).find(texture)
        check(found)
        assert len(found.boxes) == 1

    def test_single_is_the_surest_alone(self, draw_page: DrawPage) -> None:
        places = [Box(40, 80, 40, 90), Box(150, 80, 40, 90), Box(260, 80, 40, 90)]
        locator = finds((places[0], 7, 0.6), (places[1], 7, 0.95), (places[2], 7, 0.7))
        page = draw_page(*places)
        assert len(build(locator).find(page).boxes) == 3
        (box,) = build(locator).find(page, single=True).boxes
        assert astuple(box) == pytest.approx(astuple(places[1]), abs=1)

    @pytest.mark.parametrize("is_digit_image", [False, True])
    @pytest.mark.parametrize("probability", [0.02, 0.3])
    def test_single_is_a_word_for_a_digit(self, probability: float, is_digit_image: bool, draw_page: DrawPage) -> None:
        """The odds that it is one rise, the odds of one value against another stay."""
        image = np.zeros((SIZE, SIZE), np.uint8)
        image[4:24, 12:16] = 255
        finder, picture = build(finds((SEVEN, 7, 0.5)), sees(10, probability)), draw_page(SEVEN)
        picture = image if is_digit_image else picture
        (alone,), (vouched,) = (finder.find(picture, single=known).probabilities for known in (False, True))
        odds, risen = (one[:CLASSES].sum() / one[CLASSES] for one in (alone, vouched))
        assert risen == pytest.approx(VOUCHED * odds, rel=1e-3)
        assert vouched.sum() == pytest.approx(1)
        np.testing.assert_allclose(vouched[:CLASSES] / vouched[7], alone[:CLASSES] / alone[7], rtol=1e-4)

    def test_single_is_one_also_where_nothing_is_likely(self, draw_page: DrawPage) -> None:
        locator = finds((SEVEN, 7, 0.2), (OTHER, 7, 0.3))
        assert len(build(locator, sees(10)).find(draw_page(SEVEN, OTHER), single=True).boxes) == 1


class TestTurned:
    """Marks with a foot are digits only while they stand on it."""

    MARKS = tuple(Box(40 + 95 * n, 50 + 90 * row, 12, 50) for row in range(2) for n in range(4))

    @pytest.fixture
    def page(self, draw_page: DrawPage) -> Grey:
        feet = (Box(mark.x - 8, mark.y + 38, 28, 12) for mark in self.MARKS)
        return draw_page(*self.MARKS, *feet)

    @staticmethod
    def stands(dark: NDArray[np.bool_]) -> bool:
        half = dark.shape[0] // 2
        return bool(dark.shape[0] > dark.shape[1] and dark[half:].sum() > dark[:half].sum())

    @pytest.fixture(params=[1, 10], ids=["taken for others", "taken for none"])
    def readers(self, find_blobs: Locator, request: pytest.FixtureRequest) -> tuple[Locator, Classifier]:
        def find(page: Grey) -> Findings:
            found = find_blobs(page)
            whole = found.boxes.astype(int)
            standing = [self.stands(page[y : y + h, x : x + w] < 128) for x, y, w, h in whole]
            return Findings(found.boxes, np.where(np.array(standing, bool)[:, None], found.scores, found.scores * 0.5))

        def classify(images: Images) -> Probabilities:
            cut = [image[np.ix_((image > 99).any(1), (image > 99).any(0))] for image in images]
            return np.stack([sees(7 if self.stands(one > 99) else request.param, 0.9)(images[:1])[0] for one in cut])

        return find, classify

    @pytest.fixture
    def finder(self, readers: tuple[Locator, Classifier]) -> Finder:
        return build(*readers)

    @pytest.mark.parametrize("quarters", [0, 1, 2, 3])
    def test_a_page_on_its_side_or_head_is_read_as_it_was_written(
        self, quarters: int, finder: Finder, page: Grey
    ) -> None:
        given = np.ascontiguousarray(np.rot90(page, quarters))
        found = finder.find(given)
        check(found)
        assert values(found) == [7] * len(self.MARKS)
        lying = sorted(found.lying, key=lambda box: (box.y > 100, box.x))
        for box, mark in zip(lying, self.MARKS, strict=True):
            assert astuple(box) == pytest.approx((mark.x - 8, mark.y, 28, 50), abs=4)
        for box in found.boxes:
            dark = given[box.y : box.y + box.height, box.x : box.x + box.width] < 128
            assert dark.sum() > 0.8 * (12 * 50 + 16 * 12), "boxes are in pixels of the picture as given"

    def test_a_page_that_is_read_as_it_lies_is_not_turned(
        self, readers: tuple[Locator, Classifier], page: Grey
    ) -> None:
        watched = Watched(readers[0])
        build(watched, readers[1]).find(page)
        assert len(watched.sides) == len(set(watched.sides)), "no scale is looked at twice"

    @pytest.mark.parametrize(("columns", "is_turned"), [(1, False), (2, True)])
    def test_two_digits_turn_a_page_on_which_none_is_sure(
        self, columns: int, is_turned: bool, finder: Finder, page: Grey
    ) -> None:
        rows = page[:110, : 20 + 95 * columns]
        found = finder.find(np.ascontiguousarray(np.rot90(rows)))
        assert (found.boxes != found.lying) is is_turned
        assert not is_turned or values(found) == [7] * columns

    @pytest.mark.parametrize(("upright", "is_turned"), [(0, True), (3, True), (4, False)])
    def test_a_page_is_turned_for_twice_as_many_digits_and_two_more(
        self, upright: int, is_turned: bool, finder: Finder, page: Grey
    ) -> None:
        """Eight lie on their side, and below them some stand."""
        both = np.full((560, 400), page.max(), np.uint8)
        both[:400, :300] = np.rot90(page)
        both[420:530, : 20 + 95 * upright] = page[:110, : 20 + 95 * upright]
        found = finder.find(both)
        assert (found.boxes != found.lying) is is_turned

    def test_of_two_ways_to_turn_it_the_surer_is_taken(self, page: Grey, find_blobs: Locator) -> None:
        """What is tall is a digit, the surer if it stands on its foot."""

        def find(page: Grey) -> Findings:
            found = find_blobs(page)
            parts = [page[y : y + h, x : x + w] < 128 for x, y, w, h in found.boxes.astype(int)]
            sure = [0.1 if part.shape[0] <= part.shape[1] else 1 if self.stands(part) else 0.95 for part in parts]
            return Findings(found.boxes, found.scores * np.array(sure, np.float32).reshape(-1, 1))

        for quarters in (1, 3):
            found = build(find).find(np.ascontiguousarray(np.rot90(page, quarters)))
            assert min(box.y for box in found.lying) == pytest.approx(50, abs=4), "not on its head"


class TestBothReaders:
    def test_they_agree_or_not(self, draw_page: DrawPage) -> None:
        locator = finds((SEVEN, 7, 0.9), (OTHER, 1, 0.9))
        found = build(locator).find(draw_page(SEVEN, OTHER))
        order = np.argsort([box.x for box in found.boxes])
        assert found.agreed[order].tolist() == [True, False]

    def test_what_is_told_is_what_the_joining_says(self, draw_page: DrawPage) -> None:
        joining = Joining(say=0.7, doubt=-1.0)
        found = Finder(finds((SEVEN, 7, 0.9)), sees(7, 0.8), joining).find(draw_page(SEVEN, OTHER))
        scores = np.full((1, CLASSES), 0.005, np.float32)
        scores[0, 7] = 0.9
        np.testing.assert_allclose(found.probabilities, joining.join(scores, sees(7, 0.8)(found.images)), rtol=1e-5)

    def test_a_classifier_of_ten_classes_serves_as_well(self, draw_page: DrawPage) -> None:
        locator = finds((SEVEN, 7, 0.9), (OTHER, 7, 0.9))
        found = build(locator, sees(7, classes=10)).find(draw_page(SEVEN, OTHER))
        check(found)
        assert values(found) == [7, 7]
        image = np.zeros((SIZE, SIZE), np.uint8)
        image[4:24, 12:16] = 255
        found = build(locator, sees(1, classes=10)).find(image)
        check(found)
        assert values(found) == [1]
