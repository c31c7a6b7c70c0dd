"""The middle of strokes, one pixel wide: what the finest pen would have drawn."""

import numpy as np

from inkdigit.preparation.ink import Mask

AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""The eight neighbours, from above clockwise; the first is the lowest bit of a code."""

EDGES = (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6)))
"""For each of the two passes, groups of neighbours, each with at least one empty: lower right edges go first."""


def find_skeleton(strokes: Mask) -> Mask:
    """The skeleton of strokes, bool (h, w): lines one pixel wide, connected where the strokes were.

    Specks of 2x2 pixels vanish.

    After Zhang, Suen, "A fast parallel algorithm for thinning digital patterns", 1984.
    """
    skeleton = np.array(strokes, bool)
    height, width = skeleton.shape
    was_thinned = True
    while was_thinned:
        was_thinned = False
        for removable in _REMOVABLE:
            padded = np.pad(skeleton, 1).astype(np.uint8)
            code = np.zeros(skeleton.shape, np.uint8)
            for bit, (down, right) in enumerate(AROUND):
                code |= padded[1 + down : 1 + down + height, 1 + right : 1 + right + width] << bit
            removed = skeleton & removable[code]
            skeleton &= ~removed
            was_thinned |= bool(removed.any())
    return skeleton


def _is_removable(code: int, edges: tuple[tuple[int, ...], ...]) -> bool:
    """Whether a pixel with these neighbours is at an edge, and nothing falls apart without it."""
    is_ink = [bool(code >> bit & 1) for bit in range(len(AROUND))]
    starts = sum(not is_ink[bit - 1] and is_ink[bit] for bit in range(len(AROUND)))
    return 2 <= sum(is_ink) <= 6 and starts == 1 and all(not all(is_ink[bit] for bit in edge) for edge in edges)


_REMOVABLE = [np.array([_is_removable(code, edges) for code in range(256)]) for edges in EDGES]
