"""Which digit does an image show?"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from torch import Generator
from torch.nn import functional

from inkdigit import train
from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.learning.classify import SAMPLED, judge, sample, stream
from inkdigit.learning.distributed import ALONE
from inkdigit.learning.models import build_model
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import RECIPES

CPU = torch.device("cpu")
ELEVEN = ["model=vgg", "model.widths=4,4,4", "model.classes=11", "batch_size=32"]


def test_the_judge_is_cross_entropy() -> None:
    logits, labels = torch.randn(6, 11, generator=Generator().manual_seed(0)), torch.tensor([0, 10, 3, 4, 4, 9])
    loss, told, same = judge(logits, labels, RECIPES["lenet"], ALONE)
    assert told is logits
    assert same is labels
    torch.testing.assert_close(loss, functional.cross_entropy(logits, labels))
    smoothed, _, _ = judge(logits, labels, replace(RECIPES["lenet"], label_smoothing=0.1), ALONE)
    torch.testing.assert_close(smoothed, functional.cross_entropy(logits, labels, label_smoothing=0.1))


def test_a_recipe_adds_to_its_digits(digits_folder: Path) -> None:
    recipe = override(RECIPES["softmax"], [*ELEVEN, "crops=0.1", "outliers.half=0.05", "outliers.blob=0.1"])
    digits = load_dataset(str(digits_folder))
    batches = stream(recipe, digits, 0, Generator(), ALONE)
    x, labels = (torch.cat(parts) for parts in zip(*batches.steps(0, batches.per_epoch), strict=True))
    crops = round(0.1 * len(digits))
    others = round(0.05 * (len(digits) + crops)) + round(0.1 * (len(digits) + crops))
    assert len(x) == len(labels) == len(digits) + crops + others
    assert others <= int((labels == 10).sum()) <= others + crops
    plain = stream(RECIPES["softmax"], digits, 0, Generator(), ALONE)
    assert plain.per_epoch == -(-len(digits) // 128)


@pytest.fixture
def picture_folder(tmp_path: Path) -> Path:
    """A user's own pictures: dark squares on paper, of three digits alone."""
    for label in (0, 1, 7):
        folder = tmp_path / "mine" / str(label)
        folder.mkdir(parents=True)
        for number in range(10):
            picture = np.full((60, 60), 220, np.uint8)
            picture[10 : 40 + number, 10 + label : 20 + 3 * label] = 30
            PIL.Image.fromarray(picture).save(folder / f"{number}.png")
    return tmp_path / "mine"


def test_outliers_are_learnt_with_ones_own_pictures(
    picture_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inkdigit.learning.classify.export_classifier", lambda *_, **__: None)  # slow
    monkeypatch.setattr("inkdigit.synthesis.crops.PAGES_AT_ONCE", 4)
    settings = [*ELEVEN, "crops=0.3", "epochs=1", *(f"outliers.{name}=0.2" for name in ("half", "pair", "turned"))]
    result = train("softmax", data=str(picture_folder), out=tmp_path / "r", settings=settings)
    assert result["test_n"] > 0
    assert result["parameters"] == sum(
        p.numel() for p in build_model("vgg", {"widths": (4, 4, 4), "classes": 11}).parameters()
    )


def test_samples_are_of_every_digit_though_a_folder_lists_them_by_value() -> None:
    n = 3 * SAMPLED
    labels = np.arange(n) * 10 // n
    images = np.repeat(labels.astype(np.uint8), 28 * 28).reshape(n, 28, 28)
    taken = np.concatenate(list(sample(RECIPES["lenet"], Dataset("mine", "train", images, labels), 0)))
    assert len(taken) == SAMPLED
    assert np.bincount(taken[:, 0, 0], minlength=10).min() > SAMPLED / 20
