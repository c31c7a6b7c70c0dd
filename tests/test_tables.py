"""The contracts: one test for every entry of every table."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.dataset import load_dataset
from inkdigit.data.sources import DATASETS
from inkdigit.errors import UsageError
from inkdigit.evaluation.history import Row
from inkdigit.images import CLASSES, SIZE
from inkdigit.learning import recipes
from inkdigit.learning.augment import AUGMENTATIONS, augment
from inkdigit.learning.distributed import ALONE
from inkdigit.learning.graph import export_classifier, export_locator
from inkdigit.learning.locate import Deployed as DeployedLocator
from inkdigit.learning.locate import TorchLocator, judge
from inkdigit.learning.logs import LOGGERS
from inkdigit.learning.models import LOCATORS, MODELS, build_model
from inkdigit.learning.optim import OPTIMIZERS, SCHEDULES, build_optimizer
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.restore import read_weights
from inkdigit.learning.run import Run
from inkdigit.learning.scaling import SCALINGS
from inkdigit.learning.targets import Targets, draw_targets
from inkdigit.learning.tasks import TASKS
from inkdigit.locator import OnnxLocator
from inkdigit.reading.formats import FORMATS
from inkdigit.reading.rules import CHECKS, RULES, Rules
from inkdigit.reading.weights import LOCATOR, SHIPPED
from inkdigit.synthesis.layouts import LAYOUTS
from inkdigit.synthesis.outliers import OUTLIERS
from inkdigit.synthesis.sheet import Page

# Computed by hand from the layers: weights and biases, and two numbers per channel of a batch norm.
PARAMETERS = {
    "softmax": 784 * 10 + 10,
    "mlp": 784 * 30 + 30 + 30 * 30 + 30 + 30 * 10 + 10,
    "lenet": (25 + 1) * 6 + (25 * 6 + 1) * 16 + (256 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10,
    # As published:
    "convnet": 206_682,
    "keras-cnn": 2_770_634,
    "strided": 115_906,
    "cnn": 21_840,
    "inception": 97_298,
    "residual": 41_514,
    "vgg": 9 * (24 + 24 * 24 + 24 * 48 + 48 * 48 + 48 * 96 + 96 * 96) + 2 * 2 * (24 + 48 + 96) + 96 * 10 + 10,
}


LOCATOR_PARAMETERS = {
    "centres": 25 * 24
    + 9 * 24 * 64
    + (1 + 2) * 2 * 9 * 64 * 64  # at a half and a quarter
    + 9 * 64 * 112
    + 3 * 2 * 9 * 112 * 112
    + (112 + 1) * 64  # at an eighth
    + 2 * (24 + 64 + 3 * 2 * 64 + 112 + 3 * 2 * 112)
    + (64 + 1) * 14,
}


def images(n: int = 6) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (n, SIZE, SIZE), dtype=np.uint8)


@pytest.mark.parametrize("name", MODELS)
class TestModels:
    def test_gives_logits_of_each_class(self, name: str) -> None:
        model = build_model(name, {}).eval()
        assert model(torch.rand(3, 1, SIZE, SIZE)).shape == (3, CLASSES)
        assert model(torch.rand(1, 1, SIZE, SIZE)).shape == (1, CLASSES)

    def test_every_parameter_learns(self, name: str) -> None:
        model = build_model(name, {}).train()
        nn.functional.cross_entropy(model(torch.rand(16, 1, SIZE, SIZE)), torch.arange(16) % 10).backward()  # type: ignore[no-untyped-call]
        for parameter_name, parameter in model.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.abs().sum() > 0, parameter_name

    def test_has_the_parameters_counted_by_hand(self, name: str) -> None:
        assert sum(parameter.numel() for parameter in build_model(name, {}).parameters()) == PARAMETERS[name]

    def test_exported_file_computes_the_same(self, name: str, tmp_path: Path) -> None:
        model, scaling = build_model(name, {}), SCALINGS["standard"]
        with torch.no_grad():
            model.train()(torch.rand(64, 1, SIZE, SIZE))  # so that batch norm has seen something
            for parameter in model.parameters():  # the file holds equal ones once, and trained ones are not
                parameter.add_(torch.randn_like(parameter) / 100)
        export_classifier(Deployed(model, scaling, 1.7), tmp_path / "m.onnx", metadata={"name": name})
        classifier = OnnxClassifier(tmp_path / "m.onnx")
        expected = TorchClassifier(Deployed(model, scaling, 1.7))(images())
        np.testing.assert_allclose(classifier(images()), expected, atol=1e-5)
        assert classifier.metadata["name"] == name
        weights = read_weights((tmp_path / "m.onnx").read_bytes(), tmp_path)
        learnt = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
        assert weights.keys() == learnt.keys(), "learn-from goes on with them"
        assert all(torch.equal(weights[name], learnt[name]) for name in learnt)
        convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
        maps = classifier.run_features(images())
        assert [feature.shape[1] for feature in maps.values()] == [layer.out_channels for layer in convolutions]

    def test_says_what_it_is(self, name: str) -> None:
        assert (MODELS[name].__doc__ or "").strip()


def test_the_reader_has_the_parameters_counted_by_hand() -> None:
    recipe = RECIPES["reader"]
    options = {"depths": (2, 2, 2), **recipe.model_options}
    maps = [width for width, depth in zip(options["widths"], options["depths"], strict=True) for _ in range(depth)]
    convolutions = 9 * sum(before * after for before, after in itertools.pairwise((1, *maps)))
    expected = convolutions + 2 * sum(maps) + maps[-1] * 11 + 11
    assert (recipe.model, options["classes"]) == ("vgg", 11)
    assert sum(parameter.numel() for parameter in build_model("vgg", recipe.model_options).parameters()) == expected


@pytest.mark.parametrize("name", LOCATORS)
class TestLocators:
    def test_gives_maps_of_a_page_of_any_size(self, name: str) -> None:
        model = build_model(name, {}).eval()
        assert model(torch.rand(2, 1, 64, 160)).shape == (2, CLASSES + 4, 16, 40)
        assert model(torch.rand(1, 1, 33, 21)).shape == (1, CLASSES + 4, 9, 6)

    def test_every_parameter_learns(self, name: str) -> None:
        boxes = np.array([[8, 8, 12, 20], [40, 30, 16, 24]], np.float32)
        page = Page(np.zeros((64, 64), np.uint8), boxes, np.array([3, 8]), boxes[:0])
        targets = Targets.stack([draw_targets(page, (0, 0), 64)] * 2)
        model = build_model(name, {}).train()
        judge(model(torch.randn(2, 1, 64, 64)), targets, RECIPES["locator"], ALONE)[0].backward()  # type: ignore[no-untyped-call]
        for parameter_name, parameter in model.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.abs().sum() > 0, parameter_name

    def test_has_the_parameters_counted_by_hand(self, name: str) -> None:
        found = sum(parameter.numel() for parameter in build_model(name, {}).parameters())
        assert found == LOCATOR_PARAMETERS[name]
        assert LOCATOR_PARAMETERS["centres"] == 988_150

    def test_exported_file_computes_the_same(self, name: str, tmp_path: Path) -> None:
        model = build_model(name, {})
        with torch.no_grad():
            model.train()(torch.randn(4, 1, 64, 64))  # so that batch norm has seen something
        export_locator(DeployedLocator(model), tmp_path / "m.onnx", metadata={"name": name})
        locator, page = OnnxLocator(tmp_path / "m.onnx"), np.random.default_rng(0).integers(0, 256, (61, 90), np.uint8)
        here, there = locator(page), TorchLocator(DeployedLocator(model))(page)
        np.testing.assert_allclose(here.boxes, there.boxes, rtol=1e-3, atol=1e-2)
        assert locator.metadata["name"] == name

    def test_says_what_it_is(self, name: str) -> None:
        assert (LOCATORS[name].__doc__ or "").strip()


@pytest.mark.parametrize("name", TASKS)
def test_task_says_what_is_learnt(name: str) -> None:
    assert TASKS[name].description
    assert name in {recipe.task for recipe in RECIPES.values()}


@pytest.mark.parametrize("name", OUTLIERS)
def test_outlier_is_ink_that_follows_from_its_seed(name: str) -> None:
    digits = load_dataset("optdigits")
    drawn, again = ([OUTLIERS[name].draw(digits, np.random.default_rng(seed)) for seed in range(3)] for _ in range(2))
    for one, other in zip(drawn, again, strict=True):
        assert one.dtype == np.uint8
        assert one.ndim == 2
        assert one.max() > 100
        assert np.array_equal(one, other)
    assert OUTLIERS[name].description


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_fills_a_sheet_that_follows_from_its_seed(name: str) -> None:
    digits, (fill, share) = load_dataset("optdigits"), LAYOUTS[name]
    one, other = (fill(96, digits, np.random.default_rng(1)) for _ in range(2))
    assert max(one.ink.shape) <= 96
    assert np.array_equal(one.ink, other.ink)
    assert 0 < share < 1
    assert (fill.__doc__ or "").strip()


def test_no_two_recipes_share_a_name() -> None:
    assert list(RECIPES) == [recipe.name for recipe in recipes._RECIPES]


@pytest.mark.parametrize("name", RECIPES)
class TestRecipes:
    def test_builds(self, name: str) -> None:
        recipe = RECIPES[name]
        model = build_model(recipe.model, recipe.model_options)
        build_optimizer(recipe.optimizer, model.parameters(), recipe.lr, recipe.optimizer_options)
        assert recipe.summary
        assert recipe.source
        assert 0.5 < recipe.expected[0] <= recipe.expected[1] < 1

    def test_survives_json(self, name: str) -> None:
        values = json.loads(json.dumps(RECIPES[name].to_dict()))
        assert Recipe.from_dict(values, "here").to_dict() == RECIPES[name].to_dict()
        assert set(values) == {field.name for field in dataclasses.fields(Recipe)}


@pytest.mark.parametrize("name", AUGMENTATIONS)
class TestAugmentations:
    def batch(self) -> torch.Tensor:
        picture = torch.zeros(8, 1, SIZE, SIZE)
        picture[:, :, 6:20, 8:12] = 255
        picture[:, :, 6:9, 8:19] = 200
        return picture

    def run(self, name: str, amount: float, seed: int = 0) -> torch.Tensor:
        return augment(self.batch(), {name: amount}, torch.Generator().manual_seed(seed))

    def test_keeps_shape_and_range(self, name: str) -> None:
        out = self.run(name, 1.0)
        assert out.shape == self.batch().shape
        assert out.dtype == torch.float32
        assert out.min() >= 0
        assert out.max() <= 255.01

    def test_changes_images_each_in_its_way(self, name: str) -> None:
        out = self.run(name, 0.5)
        assert not torch.equal(out, self.batch())
        assert len({tuple(image.flatten().tolist()) for image in out}) > 1

    def test_nothing_is_asked_nothing_is_done(self, name: str) -> None:
        torch.testing.assert_close(self.run(name, 0.0), self.batch(), atol=1e-2, rtol=0)

    def test_depends_on_the_generator_alone(self, name: str) -> None:
        torch.rand(3)
        assert torch.equal(self.run(name, 0.5), self.run(name, 0.5))
        assert not torch.equal(self.run(name, 0.5, seed=0), self.run(name, 0.5, seed=1))

    def test_says_what_it_does(self, name: str) -> None:
        assert AUGMENTATIONS[name].description
        assert AUGMENTATIONS[name].warp or AUGMENTATIONS[name].paint


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_is_a_factor(name: str) -> None:
    factors = [SCHEDULES[name](step / 1000) for step in range(1001)]
    assert min(factors) >= 0
    assert max(factors) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_lowers_a_loss(name: str) -> None:
    weight = nn.Parameter(torch.ones(3))
    optimizer = build_optimizer(name, [weight], 0.05, {})
    for _ in range(20):
        optimizer.zero_grad()
        (weight**2).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert (weight**2).sum() < 1


@pytest.mark.parametrize("name", DATASETS)
def test_dataset_tells_its_licence(name: str) -> None:
    assert DATASETS[name].licence
    assert DATASETS[name].description


@pytest.mark.parametrize("name", FORMATS)
def test_format_writes_nothing_of_nothing(name: str, tmp_path: Path) -> None:
    assert FORMATS[name].description
    written = "".join(FORMATS[name].write(iter(()), False, None))
    assert written in ("", "[]\n") or written.startswith("source,")


@pytest.mark.parametrize("name", LOGGERS)
def test_logger_tells_what_it_hears(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = LOGGERS[name]()
    logger.start(Run(tmp_path, RECIPES["lenet"], 0, "mnist", ""), [], 10)
    logger.log(Row(10, 1.0, 0.1, 2.0, 0.25, 1.0, 0.9, 0.5))
    logger.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert written or capsys.readouterr().err


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights(name: str) -> None:
    path = SHIPPED[name]
    assert sum(shipped.stat().st_size for shipped in SHIPPED.values()) <= 3_000_000
    assert path.with_suffix(".md").exists(), "weights are shipped with a model card"
    metadata = (OnnxLocator if name == LOCATOR else OnnxClassifier)(path).metadata
    assert metadata["test_accuracy"] >= RECIPES[metadata["recipe"]].expected[0]
    others = [] if name == LOCATOR else ["not a digit"]
    assert metadata["classes"] == [*map(str, range(10)), *others]
    assert not any("/" in str(value) for key, value in metadata.items() if key not in ("feature_outputs", "settings"))
    assert b".py" not in path.read_bytes(), "where the code lay is nobody's business"


RULES_BY_EXAMPLE = {  # a value, a text that fits, and one that does not
    "length": ("4", "2026", "202"),
    "pattern": (r"20\d\d", "2026", "1926"),
    "among": ("FILE", "2026", "2025"),
    "luhn": ("", "79927398713", "79927398710"),
    "isbn10": ("", "0306406152", "0306406153"),
    "isbn13": ("", "9780306406157", "4006381333931"),
    "ean13": ("", "4006381333931", "4006381333930"),
}


@pytest.mark.parametrize("name", RULES)
class TestRules:
    def named(self, name: str, folder: Path) -> str:
        (folder / "FILE").write_text("2026\n80\n")
        value = RULES_BY_EXAMPLE[name][0].replace("FILE", str(folder / "FILE"))
        return f"{name}={value}" if value else name

    def test_tells_what_fits_from_what_does_not(self, name: str, tmp_path: Path) -> None:
        rules = Rules(self.named(name, tmp_path))
        _, fitting, other = RULES_BY_EXAMPLE[name]
        for text, found in ((fitting, [fitting]), (other, [])):
            certain = np.eye(CLASSES, dtype=np.float32)[list(map(int, text))]
            assert [candidate.text for candidate in rules.find(certain)] == found
        assert rules.name == name

    def test_takes_a_value_or_none(self, name: str) -> None:
        with pytest.raises(UsageError, match="expected"):
            Rules(name if RULES[name].value else f"{name}=1")
        assert (name in CHECKS) == (not RULES[name].value)

    def test_says_what_it_is(self, name: str) -> None:
        option = f"--check {name}" if name in CHECKS else f"--{name}"
        assert option in RULES[name].description
