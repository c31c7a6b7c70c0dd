"""``inkdigit list``."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer

from inkdigit.cli.examples import with_examples


def _table(module: str, name: str) -> Mapping[str, Any]:
    """A table of the package, imported once it is asked for."""
    table: Mapping[str, Any] = getattr(import_module(f"inkdigit.{module}"), name)
    return table


def _describe(module: str, name: str) -> dict[str, str]:
    return {key: entry.description for key, entry in _table(module, name).items()}


def _models() -> dict[str, str]:
    networks = _table("learning.models", "NETWORKS")
    return {name: (model.__doc__ or "not described").strip().splitlines()[0] for name, model in networks.items()}


def _recipes() -> dict[str, str]:
    return {
        name: f"{recipe.summary} ({'–'.join(f'{100 * bound:.2f}' for bound in recipe.expected)} %)"
        for name, recipe in _table("learning.recipes", "RECIPES").items()
    }


def _datasets() -> dict[str, str]:
    sources = _table("data.sources", "DATASETS")
    return {name: f"{source.description}; {source.licence}" for name, source in sources.items()}


TABLES: Mapping[str, Callable[[], dict[str, str]]] = {
    "models": _models,
    "recipes": _recipes,
    "protocols": partial(_describe, "learning.protocols", "PROTOCOLS"),
    "datasets": _datasets,
    "formats": partial(_describe, "reading.formats", "FORMATS"),
    "rules": partial(_describe, "reading.rules", "RULES"),
    "figures": partial(_describe, "learning.figures", "FIGURES"),
    "augmentations": partial(_describe, "learning.augment", "AUGMENTATIONS"),
    "variants": partial(_describe, "synthesis.variants", "VARIANTS"),
    "outliers": partial(_describe, "synthesis.outliers", "OUTLIERS"),
    "corruptions": partial(_describe, "evaluation.corruptions", "CORRUPTIONS"),
}


@with_examples("inkdigit list recipes", "inkdigit list formats", "inkdigit list rules")
def tables(kind: Annotated[str, typer.Argument(help=f"{', '.join(TABLES)}.")]) -> None:
    """List what there is to choose from."""
    from inkdigit.errors import unknown

    if kind not in TABLES:
        raise unknown("table", kind, TABLES)
    rows = TABLES[kind]()
    width = max(map(len, rows))
    for name, description in rows.items():
        print(f"{name:<{width}}  {description}")
