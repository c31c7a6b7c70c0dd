"""Grey pixels → how much ink each holds, whatever the polarity, the light and the paper."""

from functools import lru_cache
from math import ceil
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from inkdigit.images import Grey, Ink

WORKING_SIDE = 1600
"""The longer side to which a larger picture is reduced before ink is looked for, in pixels."""

MIN_CONTRAST = 12.0
"""Ink departs from paper by at least so much, in grey values of 255."""

NOISE_MARGIN = 6.0
"""Ink differs from paper by at least this many mean deviations of the paper: noise reaches 4, faint pencil 13."""

THUMBNAIL_SIDE = 96
"""Paper changes slowly: its first guess is made on a picture of this size."""

PAPER_SIDE = 48
"""Its smooth average is taken on a picture of this size."""

BAND = 8
"""How a picture would go on beyond an edge is told by two bands along it, each so wide, as a part of the side."""

ROWS = 32
"""How many rows are averaged at a time: an area has no share in rows far from it."""

SAMPLE = 16_384
"""Quantiles are estimated from about this many pixels at most."""

Values: TypeAlias = NDArray[np.float32]
"""Grey values or differences of them, float32 (h, w)."""

Mask: TypeAlias = NDArray[np.bool_]
"""Where ink is, bool (h, w)."""


def reduce(grey: Grey, side: int = WORKING_SIDE) -> tuple[Grey, float]:
    """A picture reduced to at most ``side`` pixels on its longer side, and the factor back to its own size (>= 1)."""
    factor = max(grey.shape) / side
    if factor <= 1:
        return grey, 1.0
    width, height = _size(grey, 1 / factor)
    small = np.asarray(Image.fromarray(grey).reduce(int(factor)), np.uint8)  # the whole part of the factor: fastest
    return np.ascontiguousarray(_average_rows(_average_rows(small, height).T, width).T), factor


def _area_shares(edges: NDArray[np.floating], pixels: NDArray[np.intp]) -> Values:
    """The share (n, m) of each of m pixels in each of n areas of equal size between edges (n + 1,)."""
    covered = np.clip(edges[:, None] - pixels, 0, 1)  # of each pixel, by all areas up to an edge
    return np.asarray(np.diff(covered, axis=0) / (edges[1] - edges[0]), np.float32)


def find_ink(grey: Grey) -> Ink:
    """How much ink each pixel holds.

    The paper is what remains without the ink: the first guess of it is a wide median, the ink is on the side, darker or
    brighter, to which few pixels differ much, and the paper is then averaged again from the pixels that are not ink.

    Args:
        grey: uint8 (h, w).

    Returns:
        float32 (h, w), 0 paper to 1 ink; all 0 where there is none.
    """
    values = _without_grain(grey)
    medians = _wide_medians(grey)
    sides = [one_sidedness(_departure(values, median)) for median in medians]
    side, median = max(zip(sides, medians, strict=True), key=lambda pair: abs(pair[0]))
    is_dark = side < 0
    mask = _departs_far(values, median, is_dark)
    height = _height(values, _average_outside(values, mask, float(median.mean())), is_dark)
    return _stretch(height, mask)


def find_paper(grey: Grey, mask: Mask) -> Grey:
    """Paper as if nothing were drawn on it, uint8 (h, w), of a picture and where its ink is, bool (h, w)."""
    every = ceil((grey.size / SAMPLE) ** 0.5)
    sample = grey[::every, ::every][~mask[::every, ::every]]
    guess = float((sample if sample.size else grey).mean())
    return np.asarray(_enlarge(_average_outside(grey, mask, guess), grey.shape), np.uint8)


def one_sidedness(departure: Values) -> float:
    """From -1, where what departs far from paper is darker, to +1, where it is brighter."""
    cubes = departure * departure  # far faster than a power
    cubes *= departure
    difference = float(cubes.sum())
    return difference / max(float(np.abs(cubes, out=cubes).sum()), 1e-9)


def shrink(grey: Grey, side: int) -> Grey:
    """A thumbnail, uint8 (h, w) of at most ``side`` pixels on its longer side, by averages over whole pixels."""
    size = _size(grey, side / max(grey.shape))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX, reducing_gap=1), np.uint8)


def otsu(levels: Grey) -> float:
    """The level that parts two classes best: the variance between them is greatest."""
    counts = np.zeros(256)
    for band in np.array_split(levels.ravel(), ceil(levels.size / 2**17)):  # its pixels become 8 bytes each
        counts += np.bincount(band, minlength=256)
    below, sums = counts.cumsum(), (counts * np.arange(256)).cumsum()
    spread = (sums[-1] * below / below[-1] - sums) ** 2
    return float((spread / np.maximum(below * (below[-1] - below), 1)).argmax())


def quantile(values: NDArray[np.generic], share: float) -> float:
    """The value that a share of all stays below: as np.percentile, but far faster."""
    rank = round(share * (values.size - 1))
    return float(np.partition(values, rank)[rank])


def dilate(mask: Mask, reach: int) -> Mask:
    """A mask grown by a square of ``reach`` pixels to each side."""
    grown = mask.copy()
    for along in (grown, grown.T):
        done = 0
        while done < reach:
            step = min(2 * done + 1, reach - done)  # what has grown leaves no gap when it is shifted so far
            before = along.copy("K")
            along[step:] |= before[:-step]
            along[:-step] |= before[step:]
            done += step
    return grown


def _average_rows(grey: Grey, n: int) -> Grey:
    """Means (n, w) over equal parts of the height. Pillow's BOX takes whole pixels: parts and strokes become uneven."""
    if n >= len(grey):
        return grey
    edges = np.arange(n + 1) * (len(grey) / n)
    small = np.empty((n, grey.shape[1]), np.uint8)
    for top in range(0, n, ROWS):
        band = edges[top : top + ROWS + 1]
        pixels = np.arange(int(band[0]), min(ceil(band[-1]), len(grey)))
        small[top : top + ROWS] = _area_shares(band, pixels) @ grey[pixels[0] : pixels[-1] + 1] + np.float32(0.5)
    return small


def _without_grain(grey: Grey) -> Grey:
    """Grey values, those of a photo smoothed by less than a pen's width."""
    if min(grey.shape) <= 300:
        return grey
    blur = ImageFilter.BoxBlur(_box_radius(min(grey.shape) / 800 / 2**0.5))
    return np.asarray(Image.fromarray(grey).filter(blur).filter(blur), np.uint8)  # one box alone widens sharp edges


def _box_radius(sigma: float) -> float:
    """The radius of a box that smooths as a Gaussian does; its fraction weighs the two outermost pixels."""
    variance = sigma * sigma
    whole = int((np.sqrt(12 * variance + 1) - 1) / 2)
    # Source: Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by Extended Box Filtering", eq. 7.
    rest = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) ** 2))
    return float(whole + rest)


def _wide_medians(grey: Grey) -> list[Values]:
    """Guesses of the paper, on coarse grids: medians over windows as wide as half of the shorter side, and all of it.

    The smaller window follows shadows, and the larger one is not filled by a thick stroke.
    """
    small = shrink(grey, THUMBNAIL_SIDE).astype(np.float32)  # sorted faster than uint8
    widths = [max(3, round(min(small.shape) * share) | 1) for share in (1 / 2, 1)]
    wider = _extend(_extend(small).T).T
    return [_coarse_median(wider, width) for width in widths]


def _extend(rows: Values) -> Values:
    """Rows (n, w) with one more before the first and one after the last, (n + 2, w), as both ends lead one to expect.

    A picture's own rim is often no paper: the line around a box, the dark edge of a scan.
    """
    return np.concatenate([_continue(rows)[None], rows, _continue(rows[::-1])[None]])


def _continue(rows: Values) -> Values:
    """What would come before the first of n rows (n, w): from the medians of two bands, in a straight line, (w,)."""
    width = ceil(len(rows) / BAND)
    starts = (0, min(width, len(rows) - 1))
    near, far = (np.partition(rows[start : start + width], width // 2, 0)[width // 2] for start in starts)
    return np.asarray((near + (near - far) / 2).clip(0, 255))


def _coarse_median(small: Values, window: int) -> Values:
    """Medians over square windows, eight per window width, each of some eighty pixels: more make no difference.

    Beyond its edges, the picture goes on like its first and last rows and columns, which are none of its own.
    """
    rows, columns = (_windows(side - 2, window) for side in small.shape)
    chosen = small[rows][:, :, columns].swapaxes(1, 2).reshape(len(rows), len(columns), -1)
    middle = chosen.shape[-1] // 2
    return np.asarray(np.partition(chosen, middle, -1)[..., middle], np.float32)


@lru_cache(maxsize=64)
def _windows(side: int, window: int) -> NDArray[np.intp]:
    """The m places along a side that each of n windows samples, (n, m); there are eight windows per window width."""
    reach, every = window // 2, ceil(window / 9)
    offsets = np.arange(-(reach // every) * every, reach + 1, every)
    middles = np.linspace(0, side - 1, min(side, ceil(8 * side / window))).round()
    return (middles[:, None] + offsets).clip(-1, side).astype(np.intp) + 1


def _departure(values: Grey, paper: Values) -> Values:
    """By how much each pixel is brighter than paper, which is given on a coarse grid."""
    departure = _enlarge(paper, values.shape)
    return np.subtract(values, departure, out=departure)


def _departs_far(values: Grey, paper: Values, is_dark: bool) -> Mask:
    """Which pixels are on the side of ink, beyond Otsu's threshold."""
    toward_ink = _departure(values, paper)
    if is_dark:
        np.negative(toward_ink, out=toward_ink)
    np.clip(toward_ink, 0, 255, out=toward_ink)
    return toward_ink > max(otsu(toward_ink.astype(np.uint8)), MIN_CONTRAST)


def _average_outside(values: Grey, mask: Mask, guess: float) -> Values:
    """Paper as a smooth average over the pixels that are not ink, on a coarse grid; a guess far from any of them."""
    keep = (~dilate(mask, max(1, round(min(mask.shape) / 200)))).view(np.uint8)
    sums, weights = (shrink(x, PAPER_SIDE).astype(np.float32) for x in (values * keep, keep * np.uint8(255)))
    rows, columns = (_gaussian(side, max(sums.shape) / 16) for side in sums.shape)
    few = np.float32(1e-4)
    smooth = (rows @ (sums + few * guess) @ columns.T) / (rows @ (weights / 255 + few) @ columns.T)
    return np.asarray(smooth, np.float32)


@lru_cache(maxsize=8)
def _gaussian(n: int, sigma: float) -> Values:
    """Gaussian weights (n, n) of a side's n equal parts at n points from end to end; they do not sum to 1."""
    apart = np.subtract.outer(np.linspace(-0.5, n - 0.5, n), np.arange(n)) / sigma
    return np.exp(apart * apart / -2).astype(np.float32)


def _height(values: Grey, paper: Values, is_dark: bool) -> Values:
    """Departure from paper toward ink, as if the paper were evenly lit.

    Dark ink takes away a share of the light, the same in shadow and in the sun; bright ink adds to the ground.
    """
    if not is_dark:
        return _departure(values, paper)
    gain = np.asarray(255 / np.maximum(paper, 40), np.float32)
    height = _enlarge(-gain, values.shape)
    height *= values
    height += _enlarge(gain * paper, values.shape)
    return height


def _stretch(height: Values, mask: Mask) -> Ink:
    """Departure from paper → 0..1, in place: noise of the paper at 0, the bulk of the ink at 1."""
    inked = np.flatnonzero(mask)
    if not len(inked):
        return np.zeros(height.shape, np.float32)
    full = quantile(height.ravel()[inked[:: ceil(len(inked) / SAMPLE)]], 0.75)
    noise, deviation = _measure_paper(height, mask)
    if full < max(MIN_CONTRAST, NOISE_MARGIN * deviation):
        return np.zeros(height.shape, np.float32)
    floor = min(max(noise, 0.1 * full), 0.4 * full)
    height -= floor
    height *= 1 / (full - floor)
    return np.clip(height, 0, 1, out=height)


def _measure_paper(height: Values, mask: Mask) -> tuple[float, float]:
    """Of the pixels that are not ink: the value that nine in ten stay below, and the mean deviation from the median."""
    every = ceil((height.size / SAMPLE) ** 0.5)
    sample = height[::every, ::every][~mask[::every, ::every]]
    if not sample.size:
        return 0.0, 0.0
    return quantile(sample, 0.9), float(np.abs(sample - quantile(sample, 0.5)).mean())


def _size(picture: NDArray[np.generic], scale: float) -> tuple[int, int]:
    """Width and height of a picture (h, w) shrunk by a scale, which enlarges nothing."""
    height, width = picture.shape
    return max(1, round(width * min(scale, 1))), max(1, round(height * min(scale, 1)))


def _enlarge(grid: Values, shape: tuple[int, ...]) -> Values:
    """A coarse grid from border to border → every pixel, bilinearly.

    A product of matrices would say the same, but for pictures of this size BLAS starts threads that mostly wait.
    """
    wide = _interpolate(np.ascontiguousarray(grid.T), shape[1])  # (h, w) → (W, h)
    return _interpolate(np.ascontiguousarray(wide.T), shape[0])  # (h, W) → (H, W)


def _interpolate(rows: Values, n: int) -> Values:
    """Rows (m, k) → n rows (n, k), evenly spaced from the first to the last, by linear interpolation."""
    below, beyond = _places(len(rows), n)
    steps = (rows[1:] - rows[:-1])[below] if len(rows) > 1 else np.zeros((n, rows.shape[1]), np.float32)
    steps *= beyond
    steps += rows[below]
    return steps


@lru_cache(maxsize=64)
def _places(m: int, n: int) -> tuple[NDArray[np.intp], Values]:
    """For n places from the first of m rows to the last: the row before each (n,), and how far beyond it (n, 1)."""
    place = np.linspace(0, m - 1, n)
    below = np.minimum(place.astype(np.intp), max(m - 2, 0))
    return below, (place - below).astype(np.float32)[:, None]
