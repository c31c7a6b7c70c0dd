"""What makes a step fast must not change what it computes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import Module, functional

from inkdigit.errors import EnvironmentFault
from inkdigit.learning import precision as module
from inkdigit.learning.classify import judge
from inkdigit.learning.engine import SMALL_BATCH, build, check_compiler, compiled, prepare, tuned, update
from inkdigit.learning.models import MODELS, build_model
from inkdigit.learning.optim import build_optimizer
from inkdigit.learning.recipe import MEMORY_FORMATS, Recipe
from inkdigit.learning.recipes import RECIPES

CPU = torch.device("cpu")


@pytest.fixture
def computes_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor that multiplies it itself."""
    monkeypatch.setattr(module, "computes_bfloat16", lambda _: True)


def recipe_of(model: str, **changes: Any) -> Recipe:
    return replace(RECIPES["lenet"], model=model, model_options={}, lr=0.02, batch_size=16, **changes)


def batch(n: int) -> tuple[Tensor, Tensor]:
    generator = Generator().manual_seed(0)
    return torch.rand(n, 1, 28, 28, generator=generator), torch.randint(10, (n,), generator=generator)


def plain_steps(recipe: Recipe, x: Tensor, labels: Tensor) -> list[Tensor]:
    """Three steps as a tutorial takes them: plain memory, plain optimiser."""
    torch.manual_seed(0)
    model = build_model(recipe.model, recipe.model_options)
    optimizer = build_optimizer(
        recipe.optimizer, model.parameters(), recipe.lr, {**recipe.optimizer_options, "fused": False}
    )
    for _ in range(3):
        torch.manual_seed(1)  # for dropout
        loss = functional.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return [parameter.detach() for parameter in model.parameters()]


def fast_steps(recipe: Recipe, x: Tensor, labels: Tensor) -> list[Tensor]:
    torch.manual_seed(0)
    model, optimizer = build(recipe, CPU)
    with tuned(recipe):
        for _ in range(3):
            torch.manual_seed(1)
            update(model, optimizer, x, labels, recipe, judge=judge)
    return [parameter.detach() for parameter in model.parameters()]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("memory_format", MEMORY_FORMATS)
@pytest.mark.parametrize("name", MODELS)
def test_three_fast_steps_end_where_three_plain_ones_do(name: str, memory_format: str, optimizer: str) -> None:
    """A fused optimiser walks memory in order: gradients laid out otherwise than weights would train wrongly."""
    recipe = recipe_of(name, memory_format=memory_format)
    if optimizer == "adam":  # with an epsilon that keeps it from taking the sign of what is next to nothing
        recipe = replace(recipe, optimizer="adam", optimizer_options={"eps": 0.1})
    for fast, plain in zip(fast_steps(recipe, *batch(16)), plain_steps(recipe, *batch(16)), strict=True):
        torch.testing.assert_close(fast, plain, atol=2e-5, rtol=1e-3)


@pytest.mark.parametrize("size", [1, SMALL_BATCH, SMALL_BATCH + 1])
def test_small_batches_take_other_kernels_to_the_same_end(size: int) -> None:
    recipe = recipe_of("lenet")
    small = replace(recipe, batch_size=size)
    for fast, plain in zip(fast_steps(small, *batch(size)), plain_steps(small, *batch(size)), strict=True):
        torch.testing.assert_close(fast, plain, atol=1e-5, rtol=1e-3)


def test_a_gradient_is_followed_no_farther_than_the_clip() -> None:
    x, labels = batch(16)
    lengths = {}
    for clip in (None, 1e-3, 1e9):
        recipe = recipe_of("softmax", clip_norm=clip, optimizer_options={})
        torch.manual_seed(0)
        model, optimizer = build(recipe, CPU)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        update(model, optimizer, x, labels, recipe, judge=judge)
        moved = [(after - old).flatten() for after, old in zip(model.parameters(), before, strict=True)]
        lengths[clip] = float(torch.cat(moved).detach().norm()) / recipe.lr
    assert lengths[1e-3] == pytest.approx(1e-3, rel=1e-2)
    assert lengths[1e9] == lengths[None] > 0.1


def test_a_step_tells_loss_answers_and_labels_of_the_network_as_it_was() -> None:
    recipe, (x, labels) = recipe_of("softmax"), batch(16)
    model, optimizer = build(recipe, CPU)
    expected = model(x).detach()
    loss, logits, told = update(model, optimizer, x, labels, recipe, judge=judge)
    assert torch.equal(logits, expected)
    assert torch.equal(told, labels)
    assert loss.item() == pytest.approx(functional.cross_entropy(expected, labels).item())


def test_threads_and_kernels_are_restored_even_after_an_error() -> None:
    def state() -> tuple[int, object]:
        return torch.get_num_threads(), torch.backends.mkldnn.enabled

    before = state()
    with pytest.raises(ZeroDivisionError), tuned(replace(RECIPES["lenet"], threads=3)):
        raise ZeroDivisionError
    assert state() == before
    with tuned(replace(RECIPES["lenet"], threads=3)):
        assert state() == (3, False)
    assert state() == before


@pytest.mark.parametrize(("threads", "most", "used"), [(3, 2, 2), (1, 2, 1), (None, 1, 1), (3, None, 3)])
def test_a_process_of_a_group_uses_no_more_threads_than_its_share(
    threads: int | None, most: int | None, used: int
) -> None:
    with tuned(replace(RECIPES["cnn"], threads=threads), most):
        assert torch.get_num_threads() == used


@pytest.mark.usefixtures("computes_bfloat16")
@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_images_come_scaled_in_the_precision_of_the_recipe(precision: str, dtype: torch.dtype) -> None:
    images = torch.arange(256, dtype=torch.uint8)[:, None, None, None].expand(256, 1, 28, 28)
    x = prepare(images, replace(RECIPES["mlp"], precision=precision), Generator())
    assert x.dtype == dtype
    assert torch.equal(x.float(), images.float())  # raw pixels are exact in both


@pytest.mark.usefixtures("computes_bfloat16")
def test_a_network_in_bfloat16_keeps_its_weights_in_float32() -> None:
    recipe = recipe_of("cnn", precision="bfloat16")
    x, labels = batch(16)
    fast = fast_steps(recipe, x.bfloat16(), labels)
    assert {parameter.dtype for parameter in fast} == {torch.float32}
    for low, full in zip(fast, plain_steps(recipe, x, labels), strict=True):
        torch.testing.assert_close(low, full, atol=2e-3, rtol=2e-2)


def test_where_bfloat16_is_emulated_the_same_steps_are_taken_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "computes_bfloat16", lambda _: False)
    recipe = recipe_of("cnn", precision="bfloat16")
    x, labels = batch(16)
    assert prepare(torch.zeros(1, 1, 28, 28, dtype=torch.uint8), recipe, Generator()).dtype == torch.float32
    for told, plain in zip(fast_steps(recipe, x, labels), plain_steps(recipe, x, labels), strict=True):
        torch.testing.assert_close(told, plain, atol=2e-5, rtol=1e-3)


def test_numbers_too_small_to_matter_are_0_while_it_trains() -> None:
    small = torch.tensor([2e-38])
    with tuned(RECIPES["lenet"]):
        assert (small * 0.1).item() == 0
    assert (small * 0.1).item() > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the compiler is behind torch's own deprecations
def test_a_compiled_network_takes_the_same_steps() -> None:
    recipe = recipe_of("softmax", compiled=True)
    x, labels = batch(16)
    torch.manual_seed(0)
    model, optimizer = build(recipe, CPU)
    learner = compiled(model, recipe, CPU)
    assert learner is not model
    for _ in range(3):
        update(learner, optimizer, x, labels, recipe, judge=judge)
    for fast, plain in zip(model.parameters(), plain_steps(recipe, x, labels), strict=True):
        torch.testing.assert_close(fast.detach(), plain, atol=2e-5, rtol=1e-3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiler_that_is_missing_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    with torch._inductor.config.patch({"cpp.cxx": (None, "no-such-compiler"), "fx_graph_cache": False}):
        check_compiler(recipe_of("softmax"), CPU)
        with pytest.raises(EnvironmentFault, match=r"No working C\+\+ compiler .* or set compiled=false$") as caught:
            check_compiler(recipe_of("softmax", compiled=True), CPU)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiler_that_is_there() -> None:
    check_compiler(recipe_of("softmax", compiled=True), CPU)


def test_on_a_gpu_compiled_steps_are_cuda_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def remember(model: Module, mode: str) -> Module:
        asked.append(mode)
        return model

    monkeypatch.setattr(torch, "compile", remember)
    model = build_model("softmax", {})
    for recipe in (recipe_of("softmax"), recipe_of("softmax", compiled=True)):
        compiled(model, recipe, torch.device("cuda"))
    assert asked == ["reduce-overhead"]
