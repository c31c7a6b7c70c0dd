"""Parameter: a number that training finds; where they are, and where the work is."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.sheet import COLOURS
from inkdigit.evaluation.figures.structure import Layer
from inkdigit.learning.structure import trace_structure

from .paper import new_paper
from .subject import Subject

CONVOLUTION, LINEAR = COLOURS[5], COLOURS[4]


def draw_parameter(subject: Subject) -> Figure:
    """Parameters and multiply-adds of each layer of LeNet."""
    layers = [layer for layer in trace_structure(subject.model) if layer.parameters]
    figure = new_paper(3.4, "Parameters: what LeNet learns, and how often it uses it for one image")
    left, right = figure.subplots(1, 2, sharey=True)
    _draw(left, layers, "parameters")
    _draw(right, layers, "multiply_adds")
    left.set_yticks(range(len(layers)), [f"{layer.name}\n{layer.kind}" for layer in layers])
    left.invert_yaxis()
    return figure


def _draw(axes: Axes, layers: list[Layer], what: str) -> None:
    numbers = [getattr(layer, what) for layer in layers]
    total = sum(numbers)
    colours = [CONVOLUTION if layer.kind.startswith("conv") else LINEAR for layer in layers]
    bars = axes.barh(range(len(layers)), numbers, color=colours)
    axes.bar_label(bars, [f"{number:,}  ({number / total:.1%})" for number in numbers], padding=4)
    axes.set_xlim(0, max(numbers) * 1.5)
    axes.set_title(f"{total:,} {what.replace('_', '-')}", fontsize=11)
    axes.set_xticks(())
    axes.tick_params(left=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
