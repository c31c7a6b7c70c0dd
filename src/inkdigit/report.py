"""A comparison → one HTML page that opens from the disk, offline: its pictures are inside it."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import PIL.Image

from inkdigit.comparison import Comparison
from inkdigit.data.dataset import load_dataset
from inkdigit.errors import missing_extra
from inkdigit.evaluation.corruptions import CORRUPTIONS
from inkdigit.evaluation.figures.structure import Layer
from inkdigit.files import read_json, write_atomic
from inkdigit.learning.figures import FIGURES, show
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.run import Run
from inkdigit.learning.structure import structure_of
from inkdigit.machine import describe_machine

SHOWN = ("curves", "confusion", "mistakes", "reliability")
"""The pictures of each network, by name of ``FIGURES``."""

COLOURS = 128
"""Colours of a picture on the page: enough for plots, and half the bytes."""


@dataclass(frozen=True)
class Chapter:
    """A recipe's part of the page, about the run of its first seed.

    Attributes:
        run: that run.
        layers: of its network.
        robustness: share read right by corruption, worst first.
        figures: pictures as data URLs, by their captions.
    """

    run: Run
    layers: list[Layer]
    robustness: Mapping[str, float]
    figures: Mapping[str, str]


def write_report(comparison: Comparison, path: Path) -> None:
    """Writes the page.

    Raises:
        EnvironmentFault: Jinja or matplotlib is missing, or the page cannot be written.
    """
    try:
        import jinja2  # noqa: PLC0415 - an extra
    except ImportError:
        raise missing_extra("learn", "Jinja") from None
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    page = template.render(
        rows=comparison.rows,
        tests=comparison.tests,
        chapters={name: _chapter(runs[0], comparison.data) for name, runs in comparison.runs.items()},
        protocols={row.protocol: PROTOCOLS[row.protocol].description for row in comparison.rows},
        data=comparison.data,
        machine=describe_machine(),
        corruptions=len(CORRUPTIONS),
        n=len(load_dataset(comparison.data, "test")),
    )
    write_atomic(path, page)


def _chapter(run: Run, data: str) -> Chapter:
    robustness = read_json(run.folder / "measures.json", remedy="compare again")["robustness"]
    return Chapter(
        run=run,
        layers=structure_of(run.recipe),
        robustness=dict(sorted(robustness.items(), key=lambda item: float(item[1]))),
        figures={FIGURES[kind].description: _draw(kind, run, data) for kind in SHOWN},
    )


def _draw(kind: str, run: Run, data: str) -> str:
    """A picture as a data URL; its file stays in the run's folder."""
    chosen = data if FIGURES[kind].takes_data else None
    picture, buffer = show(kind, [run.folder], data=chosen, out=run.folder / f"{kind}.png"), io.BytesIO()
    with PIL.Image.open(picture) as image:
        image.convert("RGB").quantize(COLOURS).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
