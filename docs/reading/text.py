"""Writes ``reading.md`` and ``reading.zh.md``, and the figures of both READMEs, from templates and measured results.

From the repository's root: ``python -m docs.reading.text``. The figures come from ``make wild`` and from what the
shipped models say of themselves.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs.rendering import HERE, RESULTS, percent, render, result, write

from inkdigit import OnnxClassifier
from inkdigit.locator import OnnxLocator
from inkdigit.reading.weights import DEFAULT, LOCATOR, find_model

TARGETS = ("reading.md", "reading.zh.md")
READMES = ("README.md", "README.zh.md")

OURS = "inkdigit, nothing refused"
"""What is compared with the peers, which refuse nothing."""

BLOCK = re.compile(r"(?<=<!-- written by `make docs` -->\n).*?(?=<!-- end -->)", re.DOTALL)
"""The part of a README that is generated."""

MORE_IS_BETTER = ("right", "digits")

Scores = Mapping[str, Any]


@dataclass(frozen=True)
class Ahead:
    """A peer that is better than inkdigit at something.

    Attributes:
        task: of ``wild.json``, or a kind of ``strings.json``.
        measure: which of its figures.
        peer: who.
        ours: inkdigit's figure.
        theirs: the peer's.
    """

    task: str
    measure: str
    peer: str
    ours: float
    theirs: float


def models() -> dict[str, Mapping[str, Any]]:
    """What the shipped models say of themselves."""
    return {
        "reader": OnnxClassifier(find_model(DEFAULT)).metadata,
        "locator": OnnxLocator(find_model(LOCATOR)).metadata,
    }


def generate(target: str, folder: Path = RESULTS, shipped: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """One of ``TARGETS``, the same bytes each time.

    Args:
        target: which.
        folder: of ``wild.json``, ``strings.json`` and ``throughput.json``.
        shipped: what ``models`` gives.
    """
    wild, strings = result("wild", folder), result("strings", folder)
    return render(
        target,
        {"interval": interval, "minutes": minutes, "ms": milliseconds, "rate": "{:,.0f}".format},
        wild=wild,
        speed=result("throughput", folder),
        tasks=wild["tasks"],
        kinds=strings["kinds"],
        strings=strings,
        ours=OURS,
        ahead=list(find_ahead({**wild["tasks"], **strings["kinds"]})),
        **(shipped or models()),
    )


def generate_readme(target: str, folder: Path = RESULTS) -> str:
    """One of ``READMES`` with its figures as they were measured, and all else as it stands."""
    text = (HERE.parent / target).read_text(encoding="utf-8")
    wild, strings = result("wild", folder), result("strings", folder)
    table = render(target, {"interval": interval}, tasks=wild["tasks"], kinds=strings["kinds"], wild=wild, ours=OURS)
    return BLOCK.sub(lambda _: table, text)


def interval(share: Mapping[str, Any], word: str = "to") -> str:
    """The interval of a share in percent, as ``97.9 to 99.7``."""
    low, high = (percent(end, 1) for end in share["interval"])
    return f"{low} {word} {high}" if word != "–" else f"{low}–{high}"


def minutes(seconds: float) -> str:
    """Seconds as whole minutes."""
    return f"{seconds / 60:.0f}"


def milliseconds(seconds: float) -> str:
    """Seconds as whole milliseconds."""
    return f"{1000 * seconds:,.0f}"


def find_ahead(tasks: Mapping[str, Mapping[str, Scores]]) -> Iterator[Ahead]:
    """Where a peer's figure is better than inkdigit's, which refuses nothing either, but where there is no digit."""
    for task, rows in tasks.items():
        for peer, theirs in rows.items():
            if not peer.startswith("inkdigit"):
                ours = rows["inkdigit" if "accepted" in theirs else OURS]
                for measure, value in _figures(theirs).items():
                    own = _figures(ours)[measure]
                    if value > own if measure in MORE_IS_BETTER else value < own:
                        yield Ahead(task, measure, peer, own, value)


def _figures(scores: Scores) -> dict[str, float]:
    """What readers are compared by."""
    shares = {name: scores[name]["share"] for name in ("right", "accepted") if name in scores}
    rest = {name: scores[name] for name in ("digits", "peak_mb", "ece") if scores.get(name) is not None}
    return {**shares, **rest, "seconds": scores["seconds"]["median"]}


def main() -> None:
    """Writes all."""
    readmes = {target: generate_readme(target) for target in READMES}
    write(TARGETS, generate)
    for target, text in readmes.items():
        (HERE.parent / target).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
