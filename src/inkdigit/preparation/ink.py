"""Grey pixels → how much ink each holds, whatever the polarity, the light and the paper."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigit.images import Grey, Ink

WORKING_SIDE = 1600
"""The longer side to which a larger picture is reduced before ink is looked for, in pixels."""

MIN_CONTRAST = 12.0
"""A picture whose darkest and brightest places differ by less, in grey values of 255, holds no ink."""


def reduce(grey: Grey) -> tuple[Grey, float]:
    """A picture at its working size, and the factor from it back to the picture's own pixels (>= 1)."""
    factor = max(grey.shape) / WORKING_SIDE
    if factor <= 1:
        return grey, 1.0
    size = (max(1, round(grey.shape[1] / factor)), max(1, round(grey.shape[0] / factor)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8), factor


def find_ink(grey: Grey) -> Ink:
    """How much ink each pixel holds.

    The paper is what remains when ink is taken away: a first guess of it is a wide median, ink is the side to
    which few pixels depart far, and paper is then averaged anew from the pixels that are not ink.

    Args:
        grey: uint8 (h, w).

    Returns:
        float32 (h, w), 0 paper to 1 ink; all 0 where there is none.
    """
    values = grey.astype(np.float32)
    if min(grey.shape) > 300:
        values = cv2.GaussianBlur(values, (0, 0), min(grey.shape) / 800)  # the grain of photos
    departure = max((values - median for median in _wide_medians(grey)), key=lambda d: abs(one_sidedness(d)))
    is_dark = one_sidedness(departure) < 0
    mask = abs(departure) * (departure < 0 if is_dark else departure > 0) > _threshold(
        -departure if is_dark else departure
    )
    paper = _average_outside(values, mask)
    # Dark ink takes away a share of the light, the same in shadow and in the sun; bright ink adds to the ground.
    height = (paper - values) * (255 / np.maximum(paper, 40)) if is_dark else values - paper
    return _stretch(height, mask)


def one_sidedness(departure: NDArray[np.float32]) -> float:
    """From -1, where what departs far from paper is darker, to +1, where it is brighter: few pixels do, and these are ink."""
    bright = float((np.maximum(departure, 0) ** 3).sum(dtype=np.float64))
    dark = float((np.maximum(-departure, 0) ** 3).sum(dtype=np.float64))
    return (bright - dark) / max(bright + dark, 1e-9)


def _wide_medians(grey: Grey) -> Iterator[NDArray[np.float32]]:
    """Guesses of the paper: medians over windows from a third of the shorter side to twice it.

    A small window follows shadows, and a large one is not filled by a thick stroke.
    """
    scale = min(1.0, 96 / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    for share in (1 / 2, 1):
        median = cv2.medianBlur(small, max(3, round(min(size) * share) | 1))
        yield np.asarray(cv2.resize(median, grey.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _threshold(departure: NDArray[np.float32]) -> float:
    """Otsu's threshold between paper and ink."""
    bytes_ = np.clip(departure, 0, 255).astype(np.uint8)
    return max(float(cv2.threshold(bytes_, 0, 255, cv2.THRESH_OTSU)[0]), MIN_CONTRAST)


def _average_outside(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Paper as a smooth average over the pixels that are not ink."""
    reach = max(1, round(min(values.shape) / 60))
    ink = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    weight = (1 - ink).astype(np.float32) + 1e-4
    scale = min(1.0, 200 / max(values.shape))
    size = (max(1, round(values.shape[1] * scale)), max(1, round(values.shape[0] * scale)))
    sums = cv2.resize(values * weight, size, interpolation=cv2.INTER_AREA)
    weights = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    sigma = max(size) / 16
    smooth = cv2.GaussianBlur(sums, (0, 0), sigma) / cv2.GaussianBlur(weights, (0, 0), sigma)
    return np.asarray(cv2.resize(smooth, values.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _stretch(height: NDArray[np.float32], mask: NDArray[np.bool_]) -> Ink:
    """Departure from paper → 0..1: noise of the paper at 0, the bulk of the ink at 1."""
    if not mask.any():
        return np.zeros(height.shape, np.float32)
    full = float(np.percentile(height[mask], 75))
    outside = height[~mask]
    noise = float(np.percentile(outside, 90)) if outside.size else 0.0
    floor = min(max(noise, 0.1 * full), 0.4 * full)
    if full < MIN_CONTRAST:
        return np.zeros(height.shape, np.float32)
    return np.clip((height - floor) / (full - floor), 0, 1).astype(np.float32)
