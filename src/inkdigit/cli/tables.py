"""``inkdigit list``."""

from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples("inkdigit list recipes", "inkdigit list formats", "inkdigit list rules")
def tables(
    kind: Annotated[
        str,
        typer.Argument(
            help="models, recipes, protocols, datasets, formats, rules, figures, augmentations, variants, outliers, "
            "corruptions."
        ),
    ],
) -> None:
    """List what there is to choose from."""
    from inkdigit.errors import unknown

    if kind not in _TABLES:
        raise unknown("table", kind, _TABLES)
    rows = _TABLES[kind]()
    width = max(map(len, rows))
    for name, description in rows.items():
        print(f"{name:<{width}}  {description}")


def _models() -> dict[str, str]:
    from inkdigit.learning.models import NETWORKS

    return {name: (model.__doc__ or "").splitlines()[0] for name, model in NETWORKS.items()}


def _recipes() -> dict[str, str]:
    from inkdigit.learning.recipes import RECIPES

    return {
        name: f"{recipe.summary} ({'–'.join(f'{100 * bound:.2f}' for bound in recipe.expected)} %)"
        for name, recipe in RECIPES.items()
    }


def _datasets() -> dict[str, str]:
    from inkdigit.data.sources import DATASETS

    return {name: f"{source.description}; {source.licence}" for name, source in DATASETS.items()}


def _formats() -> dict[str, str]:
    from inkdigit.reading.formats import FORMATS

    return {name: entry.description for name, entry in FORMATS.items()}


def _rules() -> dict[str, str]:
    from inkdigit.reading.rules import RULES

    return {name: entry.description for name, entry in RULES.items()}


def _augmentations() -> dict[str, str]:
    from inkdigit.learning.augment import AUGMENTATIONS

    return {name: entry.description for name, entry in AUGMENTATIONS.items()}


def _protocols() -> dict[str, str]:
    from inkdigit.learning.protocols import PROTOCOLS

    return {name: entry.description for name, entry in PROTOCOLS.items()}


def _variants() -> dict[str, str]:
    from inkdigit.synthesis.variants import VARIANTS

    return {name: entry.description for name, entry in VARIANTS.items()}


def _outliers() -> dict[str, str]:
    from inkdigit.synthesis.outliers import OUTLIERS

    return {name: entry.description for name, entry in OUTLIERS.items()}


def _figures() -> dict[str, str]:
    from inkdigit.learning.figures import FIGURES

    return {name: entry.description for name, entry in FIGURES.items()}


def _corruptions() -> dict[str, str]:
    from inkdigit.evaluation.corruptions import CORRUPTIONS

    return {name: entry.description for name, entry in CORRUPTIONS.items()}


_TABLES = {
    "models": _models,
    "recipes": _recipes,
    "datasets": _datasets,
    "formats": _formats,
    "rules": _rules,
    "augmentations": _augmentations,
    "variants": _variants,
    "outliers": _outliers,
    "protocols": _protocols,
    "figures": _figures,
    "corruptions": _corruptions,
}
