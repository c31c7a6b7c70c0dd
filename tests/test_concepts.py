"""The concepts: their code and commands run, pictures and links are there, numbers are those of the networks."""

import re
import shlex
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import PIL.Image
import pytest
import torch
from torch import nn

from inkdigit.cli import app
from inkdigit.learning.models import MODELS, build_model
from inkdigit.learning.models.cnn import CNN
from inkdigit.learning.models.convnet import ConvNet
from inkdigit.learning.models.lenet import LeNet
from inkdigit.learning.optim import build_optimizer
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import RECIPES, find_recipe
from inkdigit.learning.run import Run
from inkdigit.learning.scaling import SCALINGS
from inkdigit.learning.structure import trace_structure

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures" / "concepts"
ENGLISH, CHINESE = ROOT / "docs" / "concepts.md", ROOT / "docs" / "concepts.zh.md"
BOTH = pytest.mark.parametrize("path", [ENGLISH, CHINESE], ids=["en", "zh"])
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"^!\[([^\]]*)\]\(([^)]+)\)$", re.MULTILINE)

TERMS = {
    "convolution": ("Convolution", "卷积（convolution）"),
    "kernel": ("Kernel", "卷积核（kernel）"),
    "feature-map": ("Feature map", "特征图（feature map）"),
    "padding": ("Padding", "填充（padding）"),
    "stride": ("Stride", "步长（stride）"),
    "pooling": ("Max pooling and mean pooling", "最大池化与平均池化（max pooling and mean pooling）"),
    "parameter": ("Parameter", "参数（parameter）"),
    "hyperparameter": ("Hyperparameter", "超参数（hyperparameter）"),
    "activation": ("Activation", "激活函数（activation）"),
    "softmax": ("Softmax", "softmax"),
    "loss": ("Loss", "损失（loss）"),
    "back-propagation": ("Back-propagation", "反向传播（back-propagation）"),
    "momentum": ("Momentum", "动量（momentum）"),
    "dropout": ("Dropout", "dropout"),
}
"""The headings in both languages, by the names of their pictures."""

TRAINED = {"hyperparameter", "momentum", "dropout"}
"""Those whose pictures need further trainings, which take too long for a test."""


def read_blocks(path: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(path.read_text(encoding="utf-8"))


def read_sections(path: Path) -> dict[str, str]:
    """The text below each heading, blocks included."""
    _, *parts = re.split(r"^## (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def read_commands() -> Iterator[list[str]]:
    for kind, code in read_blocks(ENGLISH):
        if kind == "sh":
            yield from map(shlex.split, code.splitlines())


@BOTH
def test_every_term_has_its_heading_in_order(path: Path) -> None:
    assert list(read_sections(path)) == [names[path == CHINESE] for names in TERMS.values()]


@BOTH
@pytest.mark.parametrize("term", TERMS)
class TestSections:
    def section(self, path: Path, term: str) -> str:
        return read_sections(path)[TERMS[term][path == CHINESE]]

    def test_shows_one_picture_and_says_what_is_on_it(self, path: Path, term: str) -> None:
        ((words, target),) = PICTURE.findall(self.section(path, term))
        assert (path.parent / target) == PICTURES / f"{term}.png"
        assert len(words) > (20 if path == CHINESE else 50)

    def test_shows_code_that_checks_something(self, path: Path, term: str) -> None:
        code = [code for kind, code in BLOCK.findall(self.section(path, term)) if kind == "python"]
        assert len(code) == 1
        assert "assert " in code[0]

    def test_shows_a_command_and_its_source(self, path: Path, term: str) -> None:
        section = self.section(path, term)
        assert "sh" in dict(BLOCK.findall(section))
        assert "](../src/inkdigit/" in section


@pytest.mark.parametrize("term", TERMS)
def test_picture_is_small_and_shows_something(term: str) -> None:
    path = PICTURES / f"{term}.png"
    assert 5_000 < path.stat().st_size < 60_000
    with PIL.Image.open(path) as picture:
        assert 800 <= picture.width <= 1000
        assert 200 < picture.height < 800
        grey = picture.convert("L")
        assert grey.getpixel((0, 0)) == 255, "a light ground"
        shares = [count / (grey.width * grey.height) for count in grey.histogram()]
        assert max(shares) < 0.95, "not empty"


def test_no_picture_is_left_over() -> None:
    assert {path.stem for path in PICTURES.iterdir()} == set(TERMS)


def test_both_languages_show_the_same() -> None:
    assert read_blocks(CHINESE) == read_blocks(ENGLISH)
    for english, chinese in zip(read_sections(ENGLISH).values(), read_sections(CHINESE).values(), strict=True):
        for pattern in (r"\]\(([^#)][^)]*)\)", r"`([^`\n]+)`"):
            assert set(re.findall(pattern, chinese)) == set(re.findall(pattern, english))
        assert read_numbers(chinese) == read_numbers(english)


@BOTH
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (path.parent / target).exists(), target
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in read_sections(path)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) == anchors


@pytest.mark.parametrize("term", TERMS)
def test_code_runs(term: str) -> None:
    (code,) = [code for kind, code in BLOCK.findall(read_sections(ENGLISH)[TERMS[term][0]]) if kind == "python"]
    with torch.random.fork_rng():
        exec(code, {})  # noqa: S102 - our own docs


def begin_run(arguments: list[str], trained: Path, numbers: Counter[str]) -> None:
    """Puts a run of the recipe that is asked for where it is asked for, without training it: the settings are real."""
    options = dict(pairwise(arguments))
    settings = [value for name, value in pairwise(arguments) if name == "--set"]
    recipe = override(find_recipe(arguments[0]), settings)
    model = build_model(recipe.model, recipe.model_options)
    build_optimizer(recipe.optimizer, model.parameters(), recipe.lr, recipe.optimizer_options)
    numbers[recipe.name] += "--out" not in options
    folder = Path(options.get("--out", f"runs/{recipe.name}-{numbers[recipe.name]}"))
    shutil.copytree(trained, folder)
    run = Run.open(folder)
    replace(run, recipe=replace(recipe, protocol=run.recipe.protocol)).write()


def test_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained_run: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    numbers: Counter[str] = Counter()
    for program, command, *arguments in read_commands():
        assert program == "inkdigit"
        if command == "train":
            begin_run(arguments, trained_run, numbers)
        else:
            assert app([command, *arguments], standalone_mode=False) in (0, None), arguments
        if "--out" in arguments:
            assert Path(arguments[arguments.index("--out") + 1]).exists()


def read_numbers(text: str) -> set[str]:
    """The numbers of the prose that are more than a few: with a point, a comma, or three digits."""
    prose = re.sub(r"`[^`\n]+`|\([^)\s]+\)", "", PICTURE.sub("", BLOCK.sub("", text)))
    return set(re.findall(r"\d+(?:,\d{3})+|\d+\.\d+|\d{3,}", prose))


def true_numbers() -> set[str]:
    """The numbers that the networks, recipes and formulas give."""
    lenet = trace_structure(LeNet())
    work = {layer.name: layer.multiply_adds for layer in lenet}
    sizes = {layer.name: layer.parameters for layer in lenet}
    convolutions = [layer.name for layer in lenet if layer.kind.startswith("conv")]
    shapes = {layer.name: layer.shape for layer in lenet}
    counts = [*sizes.values(), sum(sizes.values()), sum(work.values())]
    counts += [count_parameters(MODELS[name]()) for name in ("softmax", "mlp", "keras-cnn")]
    counts += [24 * 24, 12 * 12, shapes["conv2"][0] * 4 * 4, ConvNet().fc1.out_features, CNN().fc1.in_features]
    share = sum(sizes[name] for name in convolutions) / sum(sizes.values())
    paper = SCALINGS["standard"](torch.zeros(1)).item()
    decimals = [f"{100 * share:.1f}", f"{-paper:.2f}", str(RECIPES["lenet"].lr)]
    momenta = [str(RECIPES[name].optimizer_options["momentum"]) for name in ("lenet", "cnn")]
    kept = 1 - ConvNet().dropout.p
    losses = [-torch.tensor(p).log().item() for p in (0.5, 0.01, 0.1)]
    formats = (".2f", ".1f", ".2f")
    decimals += [f"{loss:{form}}" for loss, form in zip(losses, formats, strict=True)]
    return {f"{count:,}" for count in counts} | {*decimals, *momenta, f"{kept:.1f}", f"{1 / kept:.2f}"}


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@BOTH
def test_numbers_are_those_of_the_networks(path: Path) -> None:
    sections = read_sections(path).values()
    written = set().union(*map(read_numbers, sections))
    assert written - true_numbers() == set()
    assert len(written) > 20


@BOTH
def test_shapes_are_those_of_lenet(path: Path) -> None:
    shapes = [layer.shape for layer in trace_structure(LeNet()) if len(layer.shape) == 3 and layer.kind != "ReLU"]
    text = read_sections(path)[TERMS["feature-map"][path == CHINESE]]
    written = [(int(c or 1), int(h), int(w)) for c, h, w in re.findall(r"(?:(\d+) × )?(\d+)×(\d+)", text)]
    assert written == shapes


def test_pictures_are_drawn_by_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from docs.concepts.__main__ import CONCEPTS, main

    assert list(CONCEPTS) == list(TERMS)
    names = [term for term in TERMS if term not in TRAINED]
    monkeypatch.setattr("sys.argv", ["concepts", *names, "--run", str(trained_run), "--out", str(tmp_path)])
    main()
    drawn = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.stem for path in drawn] == names
    for path in drawn:
        with PIL.Image.open(path) as picture, PIL.Image.open(PICTURES / path.name) as committed:
            assert picture.size == committed.size
