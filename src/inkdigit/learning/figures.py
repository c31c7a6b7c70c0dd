"""The pictures by name, and what of a run, a model or a dataset each draws. A new one is an entry of ``FIGURES``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.data.sources import DATASETS
from inkdigit.errors import ImageError, UsageError, unknown
from inkdigit.evaluation.evaluate import evaluate
from inkdigit.evaluation.figures.augmentations import draw_augmentations
from inkdigit.evaluation.figures.confusion import draw_confusion
from inkdigit.evaluation.figures.curves import draw_curves
from inkdigit.evaluation.figures.features import draw_features
from inkdigit.evaluation.figures.kernels import KERNEL_SUFFIXES, draw_kernels
from inkdigit.evaluation.figures.mistakes import draw_mistakes, find_mistakes
from inkdigit.evaluation.figures.reliability import draw_reliability
from inkdigit.evaluation.figures.risk_coverage import draw_risk_coverage
from inkdigit.evaluation.figures.saliency import draw_saliency
from inkdigit.evaluation.figures.samples import draw_samples
from inkdigit.evaluation.figures.sheet import SUFFIXES, check_suffix, new_figure
from inkdigit.evaluation.figures.structure import draw_structure
from inkdigit.evaluation.history import read_history
from inkdigit.evaluation.metrics import predict
from inkdigit.images import CLASSES, Images, Labels
from inkdigit.learning.augment import AUGMENTATIONS
from inkdigit.learning.explain import augment_each, collect_kernels
from inkdigit.learning.run import Run
from inkdigit.learning.structure import structure_of
from inkdigit.learning.tasks import TASKS
from inkdigit.preparation.load import load
from inkdigit.preparation.prepare import prepare_single


@dataclass(frozen=True)
class Request:
    """What to draw a picture of.

    Attributes:
        paths: folders of runs; where a model is enough, also .onnx files.
        data_name: of a dataset; None is the run's own or, without a run, MNIST.
        image: a picture's path, an index, or a range of indices.
        announce: called with the name of a dataset before it is loaded.
    """

    paths: Sequence[Path]
    data_name: str | None
    image: str | None
    announce: Callable[[str], None]

    @cached_property
    def runs(self) -> list[Run]:
        """The runs."""
        return [Run.open(path) for path in self.paths]

    @cached_property
    def classifier(self) -> OnnxClassifier:
        """The model given, or that of the run given."""
        if self.paths[0].suffix == ".onnx":
            return OnnxClassifier(self.paths[0])
        self.runs[0].result()  # an unfinished run says how to go on
        return OnnxClassifier(self.runs[0].model)

    @property
    def name(self) -> str:
        """The name of the run or model, for a title."""
        return self.paths[0].resolve().name if self.paths else ""

    def data(self, split: str = "test") -> Dataset:
        """A split of the dataset; one from a folder is named after the folder."""
        run = self.runs[0] if self.paths and self.paths[0].suffix != ".onnx" else None
        name = self.data_name if self.data_name is not None else run.data if run else "mnist"
        self.announce(name)
        if run and self.data_name is None:
            run.load_digits()  # raises if they are no longer what they were
        return replace(load_dataset(name, split), name=name if name in DATASETS else Path(name).resolve().name)

    def chosen(self) -> tuple[Images, str]:
        """The image asked for, uint8 (28, 28), and its name: of a picture, or of the dataset by its index."""
        image = "0" if self.image is None else self.image
        if re.fullmatch(r"-?\d+", image):
            index, dataset = int(image), self.data()
            _check_index(index, dataset)
            return dataset.images[index], f"test image {index} of {dataset.name}, a {dataset.labels[index]}"
        try:
            return prepare_single(load(image)), Path(image).name
        except ImageError as error:
            raise ImageError(error.code, f"{image}: {error.message}", image) from error

    def part(self) -> tuple[Dataset, int]:
        """The test set, or the range of it asked for such as 0-499, and the index of its first image."""
        dataset = self.data()
        if self.image is None:
            return dataset, 0
        match = re.fullmatch(r"(\d+)-(\d+)", self.image)
        if not match or int(match[1]) > int(match[2]):
            raise UsageError(f"found --image {self.image}, expected a range of test images such as 0-499")
        first, last = int(match[1]), int(match[2])
        _check_index(last, dataset)
        chosen = slice(first, last + 1)
        return replace(dataset, images=dataset.images[chosen], labels=dataset.labels[chosen]), first


@dataclass(frozen=True)
class Figure:
    """One kind of picture.

    Attributes:
        description: what it shows.
        draw: gathers what it shows and draws it into a file.
        runs: the fewest and the most runs that it takes.
        takes_model: whether a model file does in place of a run.
        takes_data: whether ``--data`` means something to it.
        takes_image: whether ``--image`` means something to it.
        suffixes: of the files that it can be written as.
    """

    description: str
    draw: Callable[[Request, Path], None]
    runs: tuple[int, float] = (1, 1)
    takes_model: bool = False
    takes_data: bool = False
    takes_image: bool = False
    suffixes: tuple[str, ...] = SUFFIXES


def show(
    kind: str,
    runs: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    *,
    data: str | None = None,
    image: str | int | None = None,
    out: str | PathLike[str] | None = None,
    announce: Callable[[str], None] = lambda _name: None,
) -> Path:
    """Draws a picture into a file and returns its path.

    Args:
        kind: an entry of ``FIGURES``.
        runs: folders of runs, or one; for what a model alone can show also .onnx files.
        data: a dataset's name or folder; without it, what the run was trained on, or MNIST.
        image: index of a test image, 0 if not given, or the path of a picture; for mistakes a range such as "0-499".
        out: the file; without it, ``KIND.png`` in the run's folder, or here where there is none or several.
        announce: called with the name of a dataset before it is loaded.

    Raises:
        UsageError: an unknown kind, too few or too many runs, or what this kind of picture does not take.
        DataError: a run or a dataset is missing, unfinished or damaged.
        ImageError: the picture cannot be read.
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    if kind not in FIGURES:
        raise unknown("kind of picture", kind, FIGURES)
    paths = [Path(run) for run in ([runs] if isinstance(runs, str | PathLike) else runs)]
    path = Path(out) if out else (paths[0] if len(paths) == 1 and paths[0].is_dir() else Path()) / f"{kind}.png"
    request = Request(paths, data, None if image is None else str(image), announce)
    figure = FIGURES[kind]
    _check(kind, figure, request)
    check_suffix(path, figure.suffixes)
    new_figure(1, 1)  # raises without matplotlib, before anything is loaded
    figure.draw(request, path)
    return path


def _check(kind: str, figure: Figure, request: Request) -> None:
    fewest, most = figure.runs
    if not fewest <= len(request.paths) <= most:
        expected = "one run" if (fewest, most) == (1, 1) else "a run or none" if not fewest else "at least one run"
        example = f", such as: inkdigit show {kind} runs/lenet-1"
        raise UsageError(f"found {len(request.paths)} runs, expected {expected}{example}")
    for option, value, taken in (
        ("--data", request.data_name, figure.takes_data),
        ("--image", request.image, figure.takes_image),
    ):
        if value is not None and not taken:
            others = [name for name, other in FIGURES.items() if getattr(other, f"takes_{option.removeprefix('--')}")]
            raise UsageError(f"found {option} {value}, which {kind} does not take; it is for {', '.join(others)}")
    for path in request.paths:
        if path.suffix == ".onnx" and not figure.takes_model:
            raise UsageError(f"found the model {path}, expected the folder of a run: a model knows too little")
        if path.suffix != ".onnx" and figure.takes_model and Run.open(path).recipe.task != "classify":
            raise UsageError(f"{path}: the run of a locator; {kind} expects that of a network that reads one digit")


def _check_index(index: int, dataset: Dataset) -> None:
    if not 0 <= index < len(dataset):
        raise UsageError(f"found image {index}, expected 0 to {len(dataset) - 1} of {dataset.name}")


def _samples(request: Request, path: Path) -> None:
    dataset = request.data("train+validation")
    draw_samples(dataset.images, dataset.labels, f"Digits of {dataset.name}, as they are learnt from", path)


def _augmentations(request: Request, path: Path) -> None:
    dataset = request.data("train+validation")
    images = _one_of_each(dataset.images, dataset.labels)
    recipe = request.runs[0].recipe if request.runs else None
    amounts: Mapping[str, float] = recipe.augment if recipe else {}
    together = bool(amounts)
    if recipe and amounts:
        title = f"What the recipe {recipe.name} does to its digits"
    else:
        without = f"; the recipe {recipe.name} does nothing of it" if recipe else ""
        amounts = {name: entry.example for name, entry in AUGMENTATIONS.items()}
        title = f"What augmentation can do to digits{without}"
    rows = augment_each(images, amounts, together=together)
    notes = {name: AUGMENTATIONS[name.split()[0]].description for name in list(rows)[1 : 1 + len(amounts)]}
    draw_augmentations(rows, notes, title, path)


def _one_of_each(images: Images, labels: Labels) -> Images:
    """The first image of each digit, uint8 (n, 28, 28)."""
    return images[[np.argmax(labels == digit) for digit in range(CLASSES) if digit in labels]]


def _structure(request: Request, path: Path) -> None:
    recipe = request.runs[0].recipe
    layers, (height, width) = structure_of(recipe), TASKS[recipe.task].input_sides
    parameters, work = (sum(getattr(layer, name) for layer in layers) for name in ("parameters", "multiply_adds"))
    title = f"The network {recipe.model}: {parameters:,} parameters, {work:,} multiply-adds for {height}x{width} pixels"
    draw_structure(layers, title, path)


def _curves(request: Request, path: Path) -> None:
    for run in request.runs:
        run.check_single()
    names = _distinct([run.folder.resolve() for run in request.runs])
    draw_curves({name: read_history(run.metrics) for name, run in zip(names, request.runs, strict=True)}, path)


def _distinct(folders: Sequence[Path]) -> list[str]:
    """The last parts of the folders' paths, as many as it takes to tell them apart."""
    for depth in range(1, max(len(folder.parts) for folder in folders)):
        names = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len(set(names)) == len(set(folders)):
            return names
    return [str(folder) for folder in folders]


def _confusion(request: Request, path: Path) -> None:
    evaluation = evaluate(request.classifier, request.data())
    draw_confusion(evaluation.confusion, f"{request.name} on {evaluation.data}: {evaluation.accuracy:.2%} read right",
                   path)  # fmt: skip


def _mistakes(request: Request, path: Path) -> None:
    dataset, first = request.part()
    mistakes = find_mistakes(request.classifier(dataset.images), dataset.labels)
    where = f", test images {request.image}" if request.image else ""
    draw_mistakes(dataset.images, mistakes, f"{request.name} on {dataset.name}{where}", path, first=first)


def _features(request: Request, path: Path) -> None:
    classifier = request.classifier
    image, name = request.chosen()
    maps = {key.removeprefix("features:"): values[0] for key, values in classifier.run_features(image[None]).items()}
    if not maps:
        raise UsageError(f"{request.paths[0]}: found no convolution in it, expected a network that has one")
    probabilities = classifier(image[None])
    read_as = int(predict(probabilities)[0])
    title = f"What {request.name} makes of {name}: read as {read_as}, {probabilities[0, read_as]:.1%} sure"
    draw_features(image, maps, title, path)


def _kernels(request: Request, path: Path) -> None:
    kernels = collect_kernels(request.runs[0])
    draw_kernels(kernels.steps, kernels.values, f"Kernels of {kernels.layer} of {request.name}", path)


def _saliency(request: Request, path: Path) -> None:
    classifier = request.classifier
    image, name = request.chosen()
    draw_saliency(classifier, image, f"{request.name} on {name}", path)


def _risk_coverage(request: Request, path: Path) -> None:
    dataset = request.data()
    title = f"{request.name} on {dataset.name}, {len(dataset):,} images"
    draw_risk_coverage(request.classifier(dataset.images), dataset.labels, title, path)


def _reliability(request: Request, path: Path) -> None:
    dataset = request.data()
    title = f"{request.name} on {dataset.name}, {len(dataset):,} images"
    draw_reliability(request.classifier(dataset.images), dataset.labels, title, path)


_MODEL: dict[str, Any] = {"takes_model": True, "takes_data": True}

FIGURES: Mapping[str, Figure] = {
    "samples": Figure("digits of a dataset, with their labels", _samples, (0, 1), takes_data=True),
    "augmentations": Figure("what augmentation does to a digit", _augmentations, (0, 1), takes_data=True),
    "structure": Figure("the layers with output shapes, parameters and multiply-adds", _structure),
    "curves": Figure("loss and accuracy over training, of one or several runs", _curves, (1, float("inf"))),
    "confusion": Figure("which digit is read as which", _confusion, **_MODEL),
    "mistakes": Figure("the misread digits, worst first", _mistakes, **_MODEL, takes_image=True),
    "features": Figure("what each convolution makes of an image", _features, **_MODEL, takes_image=True),
    "kernels": Figure("the kernels as they changed in training", _kernels, suffixes=KERNEL_SUFFIXES),
    "saliency": Figure("which pixels made it a 7", _saliency, **_MODEL, takes_image=True),
    "reliability": Figure("whether it is right as often as it says", _reliability, **_MODEL),
    "risk-coverage": Figure("errors left if the least sure are refused", _risk_coverage, **_MODEL),
}
