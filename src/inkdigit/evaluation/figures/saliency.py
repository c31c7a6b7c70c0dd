"""Which pixels made it a 7: what is hidden or added, and how much less of a 7 it is then."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigit.classifier import Classifier
from inkdigit.evaluation.figures.sheet import INK, SIGNED, new_figure, plain, save_figure, widest
from inkdigit.evaluation.metrics import predict
from inkdigit.images import SIZE, Images, Probabilities

PATCH = 5
"""Side of the square that is covered, in pixels."""

HALF = 128
"""The grey value at which the outline of a digit is drawn."""

TINY = float(np.finfo(np.float32).tiny)


def occlude(classifier: Classifier, image: Images, digit: int, ink: int) -> NDArray[np.float64]:
    """How much evidence for a digit each pixel carries, float64 (28, 28), in nats of log-odds (Zeiler, Fergus 2014).

    Squares of 5 × 5 pixels, each centred on one pixel, are covered in turn; what the log-odds of the digit lose is that
    pixel's evidence.

    Args:
        classifier: any.
        image: uint8 (28, 28).
        digit: 0 to 9.
        ink: what covers: 0 is paper, 255 is ink.
    """
    covered = np.repeat(image[None], SIZE * SIZE, axis=0)  # (784, 28, 28)
    reach = PATCH // 2
    for index, (row, column) in enumerate(np.ndindex(SIZE, SIZE)):
        square = (slice(max(0, row - reach), row + reach + 1), slice(max(0, column - reach), column + reach + 1))
        covered[index][square] = ink
    before, after = (_log_odds(classifier(images), digit) for images in (image[None], covered))
    return np.asarray(before - after).reshape(SIZE, SIZE)


def draw_saliency(classifier: Classifier, image: Images, title: str, path: Path) -> None:
    """Draws an image, uint8 (28, 28), and which of its pixels speak for the digit that it is read as.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    probabilities = classifier(image[None])
    digit = int(predict(probabilities)[0])
    panels = {"covered with paper": occlude(classifier, image, digit, 0),
              "covered with ink": occlude(classifier, image, digit, 255)}  # fmt: skip
    figure = new_figure(12.5, 4.6)
    how = f"each pixel shows what it costs to cover the {PATCH} × {PATCH} pixels about it"
    figure.suptitle(plain(f"{title}: which pixels made it a {digit}?\n{how}"))
    first, *others = figure.subplots(1, 3)
    first.imshow(image, cmap=INK, vmin=0, vmax=255)
    first.set_title(f"read as {digit}, {probabilities[0, digit]:.1%} sure")
    for axes, (what, evidence) in zip(others, panels.items(), strict=True):
        end = widest(evidence)
        drawn = axes.imshow(evidence, cmap=SIGNED, vmin=-end, vmax=end)
        if image.min() < HALF < image.max():
            axes.contour(image, levels=[HALF], colors="black", linewidths=1)
        axes.set_title(what)
        figure.colorbar(drawn, ax=axes, shrink=0.8, label=f"evidence for {digit} that is lost (nats)")
    for axes in (first, *others):
        axes.set(xticks=(), yticks=())
    save_figure(figure, path)


def _log_odds(probabilities: Probabilities, digit: int) -> NDArray[np.float64]:
    """The log of the odds of a digit against all else, float64 (n,)."""
    chosen = probabilities[:, digit].astype(np.float64)
    others = np.delete(probabilities, digit, axis=1).sum(1, dtype=np.float64)
    odds: NDArray[np.float64] = np.log(np.maximum(chosen, TINY)) - np.log(np.maximum(others, TINY))
    return odds
