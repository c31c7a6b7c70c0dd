"""The figures of wild.py and strings.py as tables: a row an entrant."""

from collections.abc import Callable, Mapping
from typing import Any

Scores = Mapping[str, Any]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _share(name: str) -> Callable[[Scores], str]:
    return lambda scores: _percent(scores[name]["share"])


def _share_of_kind(kind: str) -> Callable[[Scores], str]:
    return lambda scores: _percent(scores["by_kind"][kind]["share"])


def _interval(name: str) -> Callable[[Scores], str]:
    return lambda scores: "–".join(_percent(end) for end in scores[name]["interval"])


COLUMNS: Mapping[str, tuple[str, Callable[[Scores], str]]] = {
    "right %": ("right", _share("right")),
    "95 %": ("right", _interval("right")),
    "digits %": ("digits", lambda scores: _percent(scores["digits"])),
    "refused %": ("refused", _share("refused")),
    "of the rest %": ("right_of_the_rest", _share("right_of_the_rest")),
    "nothing %": ("nothing_found", _share("nothing_found")),
    "any digit %": ("accepted", _share("accepted")),
    "95 % ": ("accepted", _interval("accepted")),
    "ECE %": ("ece", lambda scores: _percent(scores["ece"])),
    "AURC %": ("aurc", lambda scores: f"{100 * scores['aurc']:.2f}"),
    "wrong of 90 %": ("risk_at_coverage", lambda scores: _percent(scores["risk_at_coverage"]["90"])),
    "ms": ("seconds", lambda scores: f"{1000 * scores['seconds']['median']:.0f}"),
    "p95 ms": ("seconds", lambda scores: f"{1000 * scores['seconds']['p95']:.0f}"),
    "MB": ("peak_mb", lambda scores: f"{scores['peak_mb']:.0f}"),
}
"""What stands over a column, the figure that it needs, and how this is told; kinds come after them."""


def print_table(title: str, scores: Mapping[str, Scores]) -> None:
    """All columns that the scores have figures for."""
    if not scores:
        return
    some = next(iter(scores.values()))
    columns = {head: tell for head, (name, tell) in COLUMNS.items() if name in some}
    kinds = some.get("by_kind", {})
    if len(kinds) > 1:
        columns |= {f"{kind} %": _share_of_kind(kind) for kind in kinds}
    rows = [[name, *(tell(figures) for tell in columns.values())] for name, figures in scores.items()]
    rows = [[title, *columns], *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        told = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        print(f"{name:<{widths[0]}}  {'  '.join(told)}", flush=True)
    print()
