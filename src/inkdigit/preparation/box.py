"""A place in a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, origin top left; it ends before ``x + width`` and ``y + height``."""

    x: int
    y: int
    width: int
    height: int

    def turn(self, width: int) -> "Box":
        """Where it lies once its picture, of that width, was turned a quarter counter-clockwise."""
        return Box(self.y, width - self.x - self.width, self.height, self.width)

    @property
    def centre_x(self) -> float:
        """Half way across."""
        return self.x + self.width / 2

    @property
    def centre_y(self) -> float:
        """Half way down."""
        return self.y + self.height / 2
