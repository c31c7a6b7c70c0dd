"""Grey pixels → how much ink each holds, whatever the polarity, the light and the paper."""

from collections.abc import Iterator
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigit.images import Grey, Ink

WORKING_SIDE = 1600
"""The longer side to which a larger picture is reduced before ink is looked for, in pixels."""

MIN_CONTRAST = 12.0
"""Ink departs from paper by at least so much, in grey values of 255."""

NOISE_MARGIN = 6.0
"""Ink departs from paper by so many times the mean deviation of paper: noise reaches 4, and faint pencil 13."""

THUMBNAIL_SIDE = 96
"""Paper changes slowly: its first guess is made on a picture of this size."""

Values: TypeAlias = NDArray[np.float32]
"""Grey values or differences of them, float32 (h, w)."""


def reduce(grey: Grey) -> tuple[Grey, float]:
    """A picture at its working size, and the factor from it back to the picture's own pixels (>= 1)."""
    factor = max(grey.shape) / WORKING_SIDE
    if factor <= 1:
        return grey, 1.0
    return np.asarray(cv2.resize(grey, _size(grey, 1 / factor), interpolation=cv2.INTER_AREA), np.uint8), factor


def find_ink(grey: Grey) -> Ink:
    """How much ink each pixel holds.

    The paper is what remains when ink is taken away: a first guess of it is a wide median, ink is the side to
    which few pixels depart far, and paper is then averaged anew from the pixels that are not ink.

    Args:
        grey: uint8 (h, w).

    Returns:
        float32 (h, w), 0 paper to 1 ink; all 0 where there is none.
    """
    values = _without_grain(grey)
    departures = [values - median for median in _wide_medians(grey)]
    sides = [one_sidedness(departure) for departure in departures]
    side, departure = max(zip(sides, departures, strict=True), key=lambda pair: abs(pair[0]))
    is_dark = side < 0
    toward_ink = np.maximum(-departure if is_dark else departure, 0)
    mask = toward_ink > _threshold(toward_ink)
    paper = _average_outside(values, mask)
    # Dark ink takes away a share of the light, the same in shadow and in the sun; bright ink adds to the ground.
    height = (paper - values) * (255 / np.maximum(paper, 40)) if is_dark else values - paper
    return _stretch(height.astype(np.float32), mask)


def one_sidedness(departure: Values) -> float:
    """From -1, where what departs far from paper is darker, to +1, where it is brighter."""
    cubes = departure * departure * departure  # far faster than a power
    difference, total = float(cubes.sum(dtype=np.float64)), float(np.abs(cubes).sum(dtype=np.float64))
    return difference / max(total, 1e-9)


def _without_grain(grey: Grey) -> Values:
    """Grey values, those of a photo smoothed by less than a pen's width."""
    values = grey.astype(np.float32)
    if min(grey.shape) > 300:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), min(grey.shape) / 800), np.float32)
    return values


def _wide_medians(grey: Grey) -> Iterator[Values]:
    """Guesses of the paper: medians over windows as wide as half of the shorter side, and as all of it.

    The smaller window follows shadows, and the larger one is not filled by a thick stroke.
    """
    size = _size(grey, THUMBNAIL_SIDE / max(grey.shape))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    for share in (1 / 2, 1):
        median = cv2.medianBlur(small, max(3, round(min(size) * share) | 1))
        yield _enlarge(median, grey.shape)


def _threshold(toward_ink: Values) -> float:
    """Otsu's threshold between paper and ink."""
    levels = np.clip(toward_ink, 0, 255).astype(np.uint8)
    return max(float(cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)[0]), MIN_CONTRAST)


def _average_outside(values: Values, mask: NDArray[np.bool_]) -> Values:
    """Paper as a smooth average over the pixels that are not ink."""
    reach = 2 * max(1, round(min(values.shape) / 200)) + 1
    ink = np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8)), np.float32)
    weight = 1 - ink + np.float32(1e-4)
    size = _size(values, 2 * THUMBNAIL_SIDE / max(values.shape))
    sums, weights = (cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (values * weight, weight))
    sigma = max(size) / 16
    smooth = cv2.GaussianBlur(sums, (0, 0), sigma) / cv2.GaussianBlur(weights, (0, 0), sigma)
    return _enlarge(np.asarray(smooth, np.float32), values.shape)


def _stretch(height: Values, mask: NDArray[np.bool_]) -> Ink:
    """Departure from paper → 0..1: noise of the paper at 0, the bulk of the ink at 1."""
    if not mask.any():
        return np.zeros(height.shape, np.float32)
    full = float(np.percentile(height[mask], 75))
    noise, deviation = _measure_paper(height[~mask])
    if full < max(MIN_CONTRAST, NOISE_MARGIN * deviation):
        return np.zeros(height.shape, np.float32)
    floor = min(max(noise, 0.1 * full), 0.4 * full)
    return np.asarray(np.clip((height - floor) / (full - floor), 0, 1), np.float32)


def _measure_paper(height: Values) -> tuple[float, float]:
    """Of the pixels that are not ink: what nine of ten stay below, and their mean deviation."""
    if not height.size:
        return 0.0, 0.0
    return float(np.percentile(height, 90)), float(np.abs(height - np.median(height)).mean())


def _size(picture: NDArray[np.generic], scale: float) -> tuple[int, int]:
    """Width and height of a picture (h, w) shrunk by a scale, which enlarges nothing."""
    height, width = picture.shape
    return max(1, round(width * min(scale, 1))), max(1, round(height * min(scale, 1)))


def _enlarge(small: NDArray[np.generic], shape: tuple[int, ...]) -> Values:
    return np.asarray(cv2.resize(small, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)  # type: ignore[arg-type]
