"""What the pages of figures share: results of benchmarks, and templates that tell them."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jinja2

HERE = Path(__file__).parent
RESULTS = HERE.parent / "benchmarks" / "results"


def percent(share: float, digits: int = 2) -> str:
    """A share, 0..1, in percent without its sign."""
    return f"{100 * share:.{digits}f}"


def percents(shares: list[float]) -> str:
    """Several shares in percent."""
    return ", ".join(map(percent, shares))


def result(name: str, folder: Path = RESULTS) -> Any:
    """What a benchmark wrote."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def render(target: str, filters: dict[str, Callable[..., Any]], **values: Any) -> str:
    """The page of that name from its template, the same bytes each time."""
    environment = jinja2.Environment(  # noqa: S701 - Markdown, of our own words
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": percent, "percents": percents, **filters}
    return environment.get_template(f"{target}.jinja").render(**values)


def write(targets: Iterable[str], generate: Callable[[str], str]) -> None:
    """Writes pages beside this file, once all of them are there."""
    for target, text in [(target, generate(target)) for target in targets]:
        (HERE / target).write_text(text, encoding="utf-8")
