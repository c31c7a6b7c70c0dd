"""Boxes of digits → lines in reading order."""

import math
from collections.abc import Sequence
from statistics import median

from inkdigit.preparation.box import Box

STEEPEST = math.radians(40)
"""Lines of writing rise or fall no more than this."""

NEIGHBOUR = 2.2
"""Digits of a line are no farther apart than this, from middle to middle, in heights."""

SHARED = 0.1
"""Two digits of a line share at least so much of the smaller one's height."""


def find_lines(boxes: Sequence[Box]) -> list[list[int]]:
    """The places of boxes, line by line from top to bottom, each from left to right along its slope."""
    slope = _slope(boxes)
    across = [_turn(box, slope)[0] for box in boxes]
    down = [_turn(box, slope)[1] for box in boxes]
    lines: list[list[int]] = []
    for place in sorted(range(len(boxes)), key=across.__getitem__):
        fitting = [line for line in lines if _shared(line[-1], place, boxes, down) > SHARED]
        if fitting:
            min(fitting, key=lambda line: abs(down[line[-1]] - down[place])).append(place)
        else:
            lines.append([place])
    return sorted(lines, key=lambda line: median(down[place] for place in line))


def _slope(boxes: Sequence[Box]) -> float:
    """The angle of the lines, downwards, in radians: the median over each digit and its next one to the right."""
    angles = []
    for box in boxes:
        steps = [(other.centre_x - box.centre_x, other.centre_y - box.centre_y, other) for other in boxes]
        near = [
            (math.hypot(right, down), math.atan2(down, right))
            for right, down, other in steps
            if right > 0
            and abs(math.atan2(down, right)) < STEEPEST
            and math.hypot(right, down) < NEIGHBOUR * max(box.height, other.height)
        ]
        if near:
            angles.append(min(near)[1])
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
