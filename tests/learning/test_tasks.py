"""Whatever the task, the loop asks the same of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator

from inkdigit.data.dataset import load_dataset
from inkdigit.learning import locate
from inkdigit.learning.distributed import ALONE
from inkdigit.learning.engine import build, update
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.tasks import TASKS

CPU = torch.device("cpu")
EXAMPLES = {
    "classify": replace(RECIPES["lenet"], batch_size=8),
    "locate": replace(RECIPES["locator"], model_options={"widths": (4, 8, 12), "depths": (1, 1, 1)}, batch_size=3),
}


@pytest.fixture(autouse=True)
def few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "WATCHED_PAGES", 3)
    monkeypatch.setattr("inkdigit.learning.pages.count_cores", lambda: 1)  # no other process


def test_every_recipe_has_a_task() -> None:
    assert {recipe.task for recipe in RECIPES.values()} == set(TASKS) == set(EXAMPLES)


@pytest.mark.parametrize("name", TASKS)
class TestTasks:
    def recipe(self, name: str) -> Recipe:
        return EXAMPLES[name]

    def test_learns_from_its_own_batches(self, name: str, digits_folder: Path) -> None:
        task, recipe = TASKS[name], self.recipe(name)
        torch.manual_seed(0)
        model, optimizer = build(recipe, CPU)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        stream = task.stream(recipe, load_dataset(str(digits_folder)), 0, Generator().manual_seed(0), ALONE)
        assert stream.per_epoch > 1
        for x, targets in stream.steps(0, 2):
            loss, logits, labels = update(model, optimizer, x, targets, recipe, judge=task.judge)
            assert loss.shape == ()
            assert loss.isfinite()
            assert logits.shape == (len(labels), 10)
            assert set(labels.tolist()) <= set(range(10))
        assert all(not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))

    def test_watches_without_a_trace(self, name: str, digits_folder: Path) -> None:
        task, recipe = TASKS[name], self.recipe(name)
        torch.manual_seed(0)
        model, _ = build(recipe, CPU)
        model.train()
        before = {key: value.clone() for key, value in model.state_dict().items()}
        watched = load_dataset(str(digits_folder), "validation")
        loss, accuracy = task.watch(model, recipe, watched)
        assert loss > 0
        assert 0 <= accuracy <= 1
        assert model.training
        assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
        assert task.watch(model, recipe, watched) == (loss, accuracy)

    def test_samples_are_what_its_model_is_given_and_the_same_again(self, name: str, digits_folder: Path) -> None:
        task, training = TASKS[name], load_dataset(str(digits_folder))
        samples, again = (task.sample(self.recipe(name), training, 3) for _ in range(2))
        assert all(sample.dtype == np.uint8 and sample.ndim == 3 for sample in samples)
        assert all(np.array_equal(first, second) for first, second in zip(samples, again, strict=True))
        assert sum(map(len, samples)) >= min(64, len(training))

    def test_says_what_it_is(self, name: str) -> None:
        assert TASKS[name].description
