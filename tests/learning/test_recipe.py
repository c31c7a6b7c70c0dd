"""Recipes and their settings."""

from dataclasses import replace

import pytest

from inkdigit.errors import DataError, UsageError
from inkdigit.learning.recipe import Recipe, override
from inkdigit.learning.recipes import RECIPES, find_recipe

LENET, MLP = RECIPES["lenet"], RECIPES["mlp"]


def test_settings_reach_fields_of_every_type() -> None:
    changed = override(LENET, ["lr=0.5", "epochs=7", "batch_size=all", "precision=bfloat16", "label_smoothing=0.1"])
    assert (changed.lr, changed.epochs, changed.batch_size) == (0.5, 7, None)
    assert (changed.precision, changed.label_smoothing) == ("bfloat16", 0.1)
    assert LENET.lr == 0.001


def test_dotted_settings_reach_network_optimizer_and_augmentation() -> None:
    changed = override(MLP, ["model.hidden=64,32", "optimizer.momentum=0.5", "augment.rotate=15"])
    assert changed.model_options == {"hidden": (64, 32)}
    assert changed.optimizer_options == {"momentum": 0.5}
    assert changed.augment == {"rotate": 15.0}


def test_options_hold_whatever_their_order() -> None:
    first, last = ["optimizer=sgd", "optimizer.momentum=0.5"], ["optimizer.momentum=0.5", "optimizer=sgd"]
    assert override(MLP, first) == override(MLP, last)
    assert override(RECIPES["convnet"], last).optimizer_options == {"momentum": 0.5}
    assert override(MLP, ["lr=1", "lr=2"]).lr == 2


def test_the_last_says_how_long_to_train() -> None:
    for settings, expected in ((["epochs=3", "steps=10"], (None, 10)), (["steps=10", "epochs=3"], (3, None))):
        recipe = override(MLP, settings)
        assert (recipe.epochs, recipe.steps) == expected


def test_epochs_and_steps_replace_each_other() -> None:
    assert override(LENET, ["steps=10"]).epochs is None
    assert override(MLP, ["epochs=3"]).steps is None


def test_another_model_or_optimizer_forgets_the_options_of_the_first() -> None:
    assert override(MLP, ["model=softmax"]).model_options == {}
    assert override(LENET, ["optimizer=adam"]).optimizer_options == {}
    assert override(LENET, ["optimizer=sgd"]).optimizer_options == {"momentum": 0.9}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("lr", "expected name=value"),
        ("lr=", "expected name=value"),
        ("learning=1", "unknown setting"),
        ("lrr=1", "did you mean 'lr'"),
        ("lr=fast", "expected a number"),
        ("epochs=2.5", "expected a whole number"),
        ("epochs=0", "at least 1"),
        ("threads=257", "expected a whole number, 1 to 256"),
        ("members=1001", "expected a whole number, 1 to 1000"),
        ("shifts=28", "expected a whole number, 0 to 27"),
        ("lr=-1", "more than 0"),
        ("lr=nan", "more than 0"),
        ("label_smoothing=1", "0 to less than 1"),
        ("augment.flip=7", "expected 0 to 1"),
        ("optimizer=sdg", "did you mean 'sgd'"),
        ("schedule=cosin", "did you mean 'cosine'"),
        ("model=lenat", "did you mean 'lenet'"),
        ("model.hiden=3", "unknown option of model"),
        ("augment.rotat=3", "did you mean 'rotate'"),
        ("augment.rotate=much", "expected a number"),
        ("augment.rotate=nan", "expected a number from 0"),
        ("augment.rotate=1e400", "expected a number from 0"),
        ("variants.hooked-1=nan", "expected 0 to 1"),
        ("memory_format=rows", "unknown memory format"),
        ("name=other", "unknown setting"),
        ("optimizer.momentum=big", "expected a number"),
        ("precision=float8", "unknown precision"),
        ("clip_norm=0", "more than 0"),
        ("clip_norm=nan", "more than 0"),
        ("crops=-1", "a number from 0"),
        ("outliers.half=-1", "a number from 0"),
        ("outliers.halb=1", "did you mean 'half'"),
        ("crops=0.1", "an eleventh: set model.classes=11 of model vgg or strided"),
        ("outliers.half=0.1", "found outliers for mlp of 10 classes"),
    ],
)
def test_a_wrong_setting_says_what_is_expected(setting: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        override(MLP, [setting])


def test_what_is_no_digit_needs_an_eleventh_class() -> None:
    settings = ["crops=0.1", "outliers.half=0.2", "model=vgg", "model.classes=11"]
    changed = override(MLP, settings)  # in any order
    assert (changed.crops, changed.outliers, changed.model_options) == (0.1, {"half": 0.2}, {"classes": 11})
    with pytest.raises(UsageError, match=r"an eleventh: set model\.classes=11$"):
        override(RECIPES["reader"], ["model.classes=10"])
    with pytest.raises(UsageError, match=r"model\.classes=12, expected 10 or 11"):
        override(MLP, ["model=vgg", "model.classes=12"])


@pytest.mark.parametrize("setting", ["augment.rotate=3", "label_smoothing=0.1", "crops=0.1", "outliers.half=0.1"])
def test_a_locator_refuses_what_only_images_can_have(setting: str) -> None:
    with pytest.raises(UsageError, match="learns from pages"):
        override(RECIPES["locator"], [setting])


def test_a_locator_marks_ten_digits() -> None:
    with pytest.raises(UsageError, match=r"model\.classes=11, expected 10$"):
        override(RECIPES["locator"], ["model.classes=11"])


def test_the_network_decides_the_task() -> None:
    assert (LENET.task, RECIPES["locator"].task) == ("classify", "locate")
    assert replace(LENET, model="centres").task == "locate"


def test_hidden_widths_must_be_numbers() -> None:
    with pytest.raises(UsageError, match="whole numbers with commas"):
        override(MLP, ["model.hidden=a,b"])


def test_a_recipe_has_epochs_or_steps() -> None:
    with pytest.raises(UsageError, match="either epochs or steps"):
        replace(LENET, steps=5)


def test_rounds_are_epochs_or_lines_of_the_log() -> None:
    assert LENET.total_steps(per_epoch=100) == 200
    assert LENET.round_steps(per_epoch=100) == 100
    assert MLP.total_steps(per_epoch=1) == 5000
    assert MLP.round_steps(per_epoch=1) == 200


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'lenet'"):
        find_recipe("lenett")


@pytest.mark.parametrize("change", [{"model": "gone"}, {"wings": 2}, {"epochs": 0}, {"augment": {"rotate": "x"}},
                                    {"augment": []}, {"model_options": None}, {"variants": "all"}, {"threads": 1.5},
                                    {"threads": True}, {"members": None}, {"log_every": "3"}, {"compiled": "yes"},
                                    {"name": 5}, {"lr": "0.1"}, {"lr": None}, {"clip_norm": 10**400},
                                    {"augment": {"rotate": 10**400}}, {"variants": {"hooked-1": True}},
                                    {"label_smoothing": None}, {"shifts": 0.5}])  # fmt: skip
def test_a_recipe_of_another_version_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(DataError, match="not a recipe of this version"):
        Recipe.from_dict({**LENET.to_dict(), **change}, "run.json")


def test_only_a_field_that_came_later_may_be_missing() -> None:
    values = LENET.to_dict()
    old = {name: value for name, value in values.items() if name not in ("shifts", "members", "compiled")}
    assert Recipe.from_dict(old, "run.json") == Recipe.from_dict(values, "run.json")
    with pytest.raises(DataError, match="found no lr"):
        Recipe.from_dict({name: value for name, value in values.items() if name != "lr"}, "run.json")
