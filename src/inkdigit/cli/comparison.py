"""A comparison as a table on the terminal."""

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from inkdigit.comparison import Row

COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "recipe": lambda row: f"{row.recipe} ({row.changed})" if row.changed else row.recipe,
    "accuracy %": lambda row: (
        f"{100 * row.accuracy:.2f}" + ("" if row.accuracy_sd is None else f" ± {100 * row.accuracy_sd:.2f}")
    ),
    "interval": lambda row: "–".join(f"{100 * bound:.2f}" for bound in row.accuracy_interval),
    "published": lambda row: row.published or "–",
    "protocol": lambda row: row.protocol,
    "s": lambda row: f"{row.seconds:.0f}",
    "parameters": lambda row: f"{row.parameters:,}",
    "damaged %": lambda row: f"{100 * row.robustness:.1f}",
    "image µs": lambda row: f"{row.latency_us:.0f}",
}
"""Headings, and what stands below them."""


def print_rows(rows: Sequence[Row]) -> None:
    """Prints the table on standard output, at its full width where that is no terminal."""
    table = Table(box=None, pad_edge=False)
    for heading in COLUMNS:
        table.add_column(heading, justify="left" if heading in ("recipe", "published", "protocol") else "right")
    for row in rows:
        table.add_row(*(Text(cell(row)) for cell in COLUMNS.values()))  # a folder's name may look like markup
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)
