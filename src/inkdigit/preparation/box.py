"""A place in a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, origin top left; it ends before ``x + width`` and ``y + height``."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre_y(self) -> float:
        """Half way down."""
        return self.y + self.height / 2

    def union(self, other: "Box") -> "Box":
        """The smallest box around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Box(x, y, right - x, bottom - y)

    def gaps(self, other: "Box") -> tuple[int, int]:
        """How far two boxes lie apart along x and along y; negative where they overlap."""
        across = max(self.x, other.x) - min(self.x + self.width, other.x + other.width)
        down = max(self.y, other.y) - min(self.y + self.height, other.y + other.height)
        return across, down
