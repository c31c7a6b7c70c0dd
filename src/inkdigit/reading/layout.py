"""Boxes of digits → lines in reading order."""

import math
from collections.abc import Sequence
from statistics import median

import numpy as np

from inkdigit.preparation.box import Box

STEEPEST = math.radians(40)
"""Lines of writing rise or fall no more than this."""

NEIGHBOUR = 2.2
"""Two digits are taken for neighbours if their middles are nearer than this, in heights of the taller."""

STEP = 0.25
"""The way from one digit of a line to the next is more than this share of the wider one's width."""

ASKED = 500
"""The slope is measured from at most this many digits to their next ones."""

SHARED = 0.1
"""Successive digits of a line share more than this of the smaller one's height."""


def find_lines(boxes: Sequence[Box]) -> list[list[int]]:
    """The places of boxes, line by line from top to bottom, each from left to right along its slope."""
    slope = _slope(boxes)
    across = [_turn(box, slope)[0] for box in boxes]
    down = [_turn(box, slope)[1] for box in boxes]
    lines: list[list[int]] = []
    for place in sorted(range(len(boxes)), key=across.__getitem__):
        fitting = [
            line
            for line in lines
            if _shared(line[-1], place, boxes, down) > SHARED
            and across[place] - across[line[-1]] > STEP * max(boxes[place].width, boxes[line[-1]].width)
        ]
        if fitting:
            min(fitting, key=lambda line: abs(down[line[-1]] - down[place])).append(place)
        else:
            lines.append([place])
    return sorted(lines, key=lambda line: median(down[place] for place in line))


def _slope(boxes: Sequence[Box]) -> float:
    """The angle of the lines, downwards, in radians: the median over each digit and its next one to the right."""
    middles = np.array([(box.centre_x, box.centre_y, box.height) for box in boxes], np.float64).reshape(-1, 3)
    angles = []
    for x, y, height in middles[:: len(boxes) // ASKED + 1]:
        right, down = middles[:, 0] - x, middles[:, 1] - y
        distance, angle = np.hypot(right, down), np.arctan2(down, right)
        near = (np.abs(angle) < STEEPEST) & (distance > 0) & (distance < NEIGHBOUR * np.maximum(height, middles[:, 2]))
        if near.any():
            angles.append(float(angle[near][distance[near].argmin()]))
    return median(angles) if angles else 0.0


def _turn(box: Box, slope: float) -> tuple[float, float]:
    """Where the middle of a box lies along a line of that slope, and across it."""
    x, y = box.centre_x, box.centre_y
    return x * math.cos(slope) + y * math.sin(slope), y * math.cos(slope) - x * math.sin(slope)


def _shared(first: int, second: int, boxes: Sequence[Box], down: Sequence[float]) -> float:
    """How much of the smaller one's height two digits share, along the slope; negative where they lie apart."""
    heights = boxes[first].height, boxes[second].height
    shared = sum(heights) / 2 - abs(down[first] - down[second])
    return min(shared, *heights) / min(heights)
