"""A recipe is data: a network and how it is trained, with its source and the result that it must reach."""

import dataclasses
import json
import math
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch

from inkdigit.errors import DataError, UsageError, unknown
from inkdigit.images import CLASSES, SIZE
from inkdigit.learning.augment import AUGMENTATIONS
from inkdigit.learning.models import LOCATORS, MODELS, NETWORKS, model_options
from inkdigit.learning.optim import OPTIMIZERS, SCHEDULES
from inkdigit.learning.precision import PRECISIONS
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.scaling import SCALINGS
from inkdigit.synthesis.outliers import OUTLIERS
from inkdigit.synthesis.variants import VARIANTS

MEMORY_FORMATS: Mapping[str, torch.memory_format] = {
    "channels-last": torch.channels_last,
    "contiguous": torch.contiguous_format,
}
WHOLE_SET = "all"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one network is trained.

    Attributes:
        name: as it is called on the command line.
        summary: one line for a list.
        source: where the recipe comes from.
        expected: the measured 95 % interval of the mean accuracy over seeds, 0..1, on its protocol's test digits of
            MNIST.
        published: what the source reached, in its own terms; empty if it reports nothing.
        model: an entry of ``MODELS`` or ``LOCATORS``; it decides the task.
        model_options: what the network is built with; ``--set model.hidden=64,64``.
        scaling: an entry of ``SCALINGS``.
        protocol: an entry of ``PROTOCOLS``.
        epochs: passes over the training digits; or None where ``steps`` is set.
        steps: updates in all; or None where ``epochs`` is set.
        batch_size: images in a batch; None (on the command line ``all``) is the whole set.
        optimizer: an entry of ``OPTIMIZERS``.
        optimizer_options: what it is built with; ``--set optimizer.momentum=0.5``.
        lr: the highest learning rate.
        schedule: an entry of ``SCHEDULES``.
        label_smoothing: share of probability given to all classes alike, 0..1.
        clip_norm: gradients with a larger norm are scaled down to it; None leaves all as they are.
        outliers: images of non-digits to add, per training digit and crop, by names of ``OUTLIERS``; they need a
            network of eleven classes; ``--set outliers.half=0.1``.
        crops: digits and other things, cut out of generated pages, to add per training digit; they need eleven
            classes, too.
        variants: shares of digits to rewrite in ways that MNIST hardly has, by names of ``VARIANTS``;
            ``--set variants.hooked-1=0.4``.
        augment: amounts by names of ``AUGMENTATIONS``; ``--set augment.rotate=15``.
        shifts: the finished network reads an image as it is and moved by this many pixels to each side, and averages
            the results; 0 turns this off. Validation during training does without, which is five times as fast.
        members: how many networks are trained, each with a seed of its own, and averaged into one model.
        precision: of the forward pass: ``float32``, or ``bfloat16`` (autocast) where the processor multiplies it.
        memory_format: of images and weights: ``channels-last``, which convolutions like, or ``contiguous``.
        threads: for PyTorch; None leaves its default. Networks this small lose time on a second thread.
        compiled: whether to compile the network with torch.compile, on a GPU with CUDA graphs; this takes a while at
            the start.
        log_every: steps between two lines of the log.
    """

    name: str
    summary: str
    source: str
    expected: tuple[float, float]
    published: str = ""
    model: str
    model_options: Mapping[str, Any] = field(default_factory=dict)
    scaling: str = "unit"
    protocol: str = "held-out"
    epochs: int | None = None
    steps: int | None = None
    batch_size: int | None = 128
    optimizer: str = "sgd"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    lr: float = 0.01
    schedule: str = "constant"
    label_smoothing: float = 0.0
    clip_norm: float | None = None
    outliers: Mapping[str, float] = field(default_factory=dict)
    crops: float = 0.0
    variants: Mapping[str, float] = field(default_factory=dict)
    augment: Mapping[str, float] = field(default_factory=dict)
    shifts: int = 0
    members: int = 1
    precision: str = "float32"
    memory_format: str = "channels-last"
    threads: int | None = None
    compiled: bool = False
    log_every: int = 100

    def __post_init__(self) -> None:
        _check_kinds(self)
        _check_names(self)
        _check_numbers(self)
        _check_amounts(self)

    @property
    def task(self) -> str:
        """What its network learns to do, as an entry of ``TASKS``."""
        return "locate" if self.model in LOCATORS else "classify"

    @property
    def classes(self) -> int:
        """Number of classes of its network: the ten digits, or these and "not a digit"."""
        return int({**model_options(self.model), **self.model_options}.get("classes", CLASSES))

    def total_steps(self, per_epoch: int) -> int:
        """Updates in all, for a training set of ``per_epoch`` batches."""
        return self.steps if self.steps is not None else (self.epochs or 0) * per_epoch

    def round_steps(self, per_epoch: int) -> int:
        """Updates between two validations: an epoch, or ``log_every`` steps where the recipe counts steps."""
        return self.log_every if self.steps is not None else per_epoch

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))  # tuples become lists, as in a file
        return values

    def settings(self) -> dict[str, Any]:
        """Plain values of all that training depends on."""
        return {name: value for name, value in self.to_dict().items() if name not in PROSE}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str) -> "Recipe":
        """The recipe that ``to_dict`` gave.

        Raises:
            DataError: a field is missing, unknown, or of another type.
        """
        known = {entry.name for entry in fields(cls)}
        wrong = [f"no {name}" for name in sorted(known - set(values) - set(LATER))]
        wrong += [f"an unknown {name}" for name in sorted(set(values) - known)]
        if not wrong:
            mapped = {name: type(values.get(name, {})) for name in OPTION_FIELDS.values()}
            wrong = [f"{name} of type {kind.__name__}" for name, kind in mapped.items() if kind is not dict]
        if wrong:
            raise DataError(f"{where}: not a recipe of this version (found {', '.join(wrong)}); train again")
        try:
            return cls(**values)
        except (TypeError, UsageError) as error:
            raise DataError(f"{where}: not a recipe of this version ({error}); train again") from error


OPTION_FIELDS = {
    "model": "model_options",
    "optimizer": "optimizer_options",
    "variants": "variants",
    "outliers": "outliers",
    "augment": "augment",
}
"""The prefix of a dotted setting and the field that it reaches."""

LATER = ("shifts", "members", "compiled")
"""Fields added after the first runs and models were written; where one is missing, its default held."""

MAX_THREADS = 256
"""PyTorch starts as many as it is asked for, and crashes if it cannot."""

MAX_MEMBERS = 1000

COUNTS: Mapping[str, tuple[int, float]] = {
    "epochs": (1, math.inf), "steps": (1, math.inf), "batch_size": (1, math.inf), "log_every": (1, math.inf),
    "threads": (1, MAX_THREADS), "members": (1, MAX_MEMBERS), "shifts": (0, SIZE - 1),
}  # fmt: skip
"""Limits of the whole numbers, both inclusive; a recipe may come with a stranger's model."""

OPTIONAL = ("epochs", "steps", "batch_size", "threads", "clip_norm")
"""Numbers that may be None."""

PROSE = ("name", "summary", "source", "expected", "published")
"""Fields that describe a recipe and do not affect its training."""


def override(recipe: Recipe, settings: Iterable[str]) -> Recipe:
    """A recipe with ``name=value`` settings applied; of two that say the same thing, as epochs and steps, the last.

    Raises:
        UsageError: not ``name=value``, an unknown name, a value of another type, or settings that do not go together.
    """
    parts = [setting.partition("=") for setting in settings]
    for name, equals, value in sorted(parts, key=lambda part: "." in part[0]):  # a model first, then its options
        if not equals or not value:
            raise UsageError(f"found '{name}{equals}', expected name=value, such as lr=0.01 or model.hidden=64,64")
        recipe = _override(recipe, name.strip(), value.strip())
    _check_task(recipe)  # only now, because settings that need each other are applied one by one
    return recipe


def _override(recipe: Recipe, name: str, value: str) -> Recipe:
    prefix, dot, option = name.partition(".")
    if dot and prefix in OPTION_FIELDS:
        options = dict(getattr(recipe, OPTION_FIELDS[prefix]))
        options[option] = _parse_option(recipe, prefix, option, value)
        changed: dict[str, Any] = {OPTION_FIELDS[prefix]: options}
        return replace(recipe, **changed)
    hints = typing.get_type_hints(Recipe)
    known = [f.name for f in fields(Recipe) if f.name not in (*PROSE, *OPTION_FIELDS.values())]
    if name not in known:
        raise unknown("setting", name, [*known, *(f"{prefix}.NAME" for prefix in OPTION_FIELDS)])
    changes: dict[str, Any] = {name: _parse(name, value, hints[name])}
    if name in ("epochs", "steps"):
        changes["steps" if name == "epochs" else "epochs"] = None
    if name == "model" and value != recipe.model:
        changes["model_options"] = {}
    if name == "optimizer" and value != recipe.optimizer:
        changes["optimizer_options"] = {}
    return replace(recipe, **changes)


def _parse_option(recipe: Recipe, prefix: str, option: str, value: str) -> Any:
    if prefix in ("augment", "variants", "outliers"):
        return _parse(f"{prefix}.{option}", value, float)
    if prefix == "model":
        known = model_options(recipe.model)
        if option not in known:
            raise unknown(f"option of model {recipe.model}", option, known)
        return _parse(f"model.{option}", value, type(known[option]))
    return _parse_literal(value)


def _parse(name: str, value: str, kind: Any) -> Any:
    """A value of the type that a field declares."""
    if isinstance(kind, types.UnionType):  # int | None
        if value in (WHOLE_SET, "none"):
            return None
        kind = typing.get_args(kind)[0]
    try:
        if kind is tuple:
            return tuple(int(part) for part in value.split(","))
        return {"true": True, "false": False}[value] if kind is bool else kind(value)
    except (ValueError, KeyError):
        expected = {
            int: "a whole number", float: "a number", tuple: "whole numbers with commas", bool: "true or false",
        }[kind]  # fmt: skip
        raise UsageError(f"found {name}={value}, expected {expected}") from None


def _parse_literal(value: str) -> Any:
    """An optimiser's option: numbers with commas are a tuple."""
    parts = [{"true": True, "false": False}.get(part, part) for part in value.split(",")]
    try:
        numbers = [part if isinstance(part, bool) else float(part) for part in parts]
    except ValueError:
        raise UsageError(f"found '{value}', expected a number, numbers with commas, true or false") from None
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _check_task(recipe: Recipe) -> None:
    """Checks that the network can take what the recipe has it learn from."""
    model, locates = recipe.model, recipe.task == "locate"
    classes = recipe.classes
    if classes not in ((CLASSES,) if locates else (CLASSES, CLASSES + 1)):
        raise UsageError(f"found model.classes={classes}, expected {CLASSES}{'' if locates else f' or {CLASSES + 1}'}")
    for name in ("augment", "label_smoothing", "crops", "outliers", "shifts"):
        if locates and getattr(recipe, name):
            raise UsageError(f"found {name} for {model}, which learns from pages; expected it for a network of images")
    if locates and recipe.members > 1:
        raise UsageError(
            f"found members={recipe.members} for {model}, expected 1: "
            "train them one by one, and average them with 'inkdigit export'"
        )
    for name in ("crops", "outliers"):
        if classes == CLASSES and getattr(recipe, name):
            need = f"set model.classes={CLASSES + 1}"
            need += "" if "classes" in model_options(model) else f" of model {' or '.join(_models_of_more_classes())}"
            raise UsageError(f"found {name} for {model} of {CLASSES} classes; what is no digit is an eleventh: {need}")


def _models_of_more_classes() -> list[str]:
    return [name for name in MODELS if "classes" in model_options(name)]


def _check_names(recipe: Recipe) -> None:
    tables: tuple[tuple[str, Iterable[str]], ...] = (
        ("model", NETWORKS), ("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("scaling", SCALINGS),
        ("precision", PRECISIONS), ("memory format", MEMORY_FORMATS), ("protocol", PROTOCOLS),
    )  # fmt: skip
    for kind, known in tables:
        value = str(getattr(recipe, kind.replace(" ", "_")))
        if value not in known:
            raise unknown(kind, value, known)
    for kind, names, table in (
        ("augmentation", recipe.augment, AUGMENTATIONS),
        ("variant", recipe.variants, VARIANTS),
        ("outlier", recipe.outliers, OUTLIERS),
    ):
        for name in names:
            if name not in table:
                raise unknown(kind, name, table)


def _check_kinds(recipe: Recipe) -> None:
    for kind, names in ((str, ("name", "summary", "source", "published")), (bool, ("compiled",))):
        for name in names:
            if not isinstance(value := getattr(recipe, name), kind):
                raise UsageError(f"found {name}={value}, expected {'true or false' if kind is bool else 'a text'}")


def _check_numbers(recipe: Recipe) -> None:
    if (recipe.epochs is None) == (recipe.steps is None):
        raise UsageError("a recipe has either epochs or steps, expected one of them")
    for name, (least, most) in COUNTS.items():
        value = getattr(recipe, name)
        if value is None and name in OPTIONAL:
            continue
        if not (isinstance(value, int) and _is_number(value, least, most)):
            limits = f"{least} to {most}" if most < math.inf else f"at least {least}"
            raise UsageError(f"found {name}={value}, expected a whole number, {limits}")
    for name in ("lr", "clip_norm"):
        value = getattr(recipe, name)
        if not (value is None and name in OPTIONAL) and not (_is_number(value) and value > 0):
            raise UsageError(f"found {name}={value}, expected a number more than 0")
    if not (_is_number(recipe.label_smoothing) and recipe.label_smoothing < 1):
        raise UsageError(f"found label_smoothing={recipe.label_smoothing}, expected 0 to less than 1")


def _check_amounts(recipe: Recipe) -> None:
    for name, share in recipe.variants.items():
        if not _is_number(share, most=1):
            raise UsageError(f"found variants.{name}={share}, expected 0 to 1")
    amounts = {f"augment.{name}": amount for name, amount in recipe.augment.items()}
    amounts |= {f"outliers.{name}": amount for name, amount in recipe.outliers.items()} | {"crops": recipe.crops}
    for name, amount in amounts.items():
        if not _is_number(amount):
            raise UsageError(f"found {name}={amount}, expected a number from 0")
    for name, amount in recipe.augment.items():
        if amount > (most := AUGMENTATIONS[name].most):
            raise UsageError(f"found augment.{name}={amount}, expected 0 to {most:g}")


def _is_number(value: Any, least: float = 0, most: float = sys.float_info.max) -> bool:
    """Whether it is a number within limits, by default those of a float, which an int may exceed; no bool counts."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
