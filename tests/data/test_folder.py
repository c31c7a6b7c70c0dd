"""Pictures sorted into folders 0/ … 9/."""

from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest

from inkdigit.data.dataset import load_dataset
from inkdigit.data.folder import is_picture_folder, load_picture_folder
from inkdigit.errors import DataError
from inkdigit.images import Images, is_digit_image


def draw(path: Path, label: int) -> None:
    """A dark stroke on white, the steeper the greater the label."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = PIL.Image.new("L", (60, 80), "white")
    PIL.ImageDraw.Draw(picture).line((10 + 2 * label, 10, 50 - 2 * label, 70), fill=20, width=6)
    picture.save(path)


def write_folder(folder: Path, per_label: int = 12) -> Path:
    for label in range(10):
        for n in range(per_label):
            draw(folder / str(label) / f"{label}-{n}.png", label)
    return folder


def contents(images: Images) -> list[bytes]:
    return [image.tobytes() for image in images]


def test_a_folder_is_split_by_the_names_of_its_pictures(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    assert is_picture_folder(folder)
    (train, train_labels), (test, test_labels) = (load_picture_folder(folder, split) for split in ("train", "test"))
    assert len(train) + len(test) == 120
    assert 5 < len(test) < 40
    assert train.shape[1:] == test.shape[1:] == (28, 28)
    assert train_labels.dtype == np.int64
    assert sorted(set(train_labels.tolist())) == list(range(10))
    assert all(is_digit_image(image) for image in train)
    by_label = {int(label): image.tobytes() for image, label in zip(train, train_labels, strict=True)}
    assert len(set(by_label.values())) == 10
    assert contents(test) == [by_label[int(label)] for label in test_labels]


def test_a_picture_that_is_added_moves_none(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, 3)
    before = {split: len(load_picture_folder(folder, split)[0]) for split in ("train", "test")}
    draw(folder / "4" / "another.png", 4)
    after = {split: len(load_picture_folder(folder, split)[0]) for split in ("train", "test")}
    assert sorted(after[split] - before[split] for split in before) == [0, 1]


def test_folders_train_and_test_are_taken_as_they_are(tmp_path: Path) -> None:
    for label, split in ((0, "train"), (1, "train"), (2, "test")):
        for n in range(4):
            draw(tmp_path / split / str(label) / f"{n}.png", label)
    draw(tmp_path / "5" / "outside.png", 5)
    assert is_picture_folder(tmp_path)
    assert load_picture_folder(tmp_path, "train")[1].tolist() == [0] * 4 + [1] * 4
    assert load_picture_folder(tmp_path, "test")[1].tolist() == [2] * 4


def test_a_dataset_of_pictures(tmp_path: Path) -> None:
    folder = str(write_folder(tmp_path))
    sizes = [len(load_dataset(folder, split)) for split in ("train", "validation", "test")]
    assert sum(sizes) == 120
    assert min(sizes) > 0


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"])
def test_pictures_of_every_format(tmp_path: Path, suffix: str) -> None:
    for split in ("train", "test"):
        draw(tmp_path / split / "7" / f"a{suffix}", 7)
    images, labels = load_picture_folder(tmp_path, "train")
    assert labels.tolist() == [7]
    assert is_digit_image(images[0])


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    for split in ("train", "test"):
        draw(tmp_path / split / "7" / "a.png", 7)
        draw(tmp_path / split / "10" / "a.png", 7)
        draw(tmp_path / split / "notes" / "a.png", 7)
        draw(tmp_path / split / "7" / "deeper" / "a.png", 7)
        (tmp_path / split / "7" / "notes.txt").write_text("x")
        (tmp_path / split / "7" / "Thumbs.db").write_text("x")
        (tmp_path / split / "7" / "._a.png").write_bytes(b"\0\5\x16\7")
    assert load_picture_folder(tmp_path, "train")[1].tolist() == [7]


def test_a_digit_image_passes_unchanged(tmp_path: Path) -> None:
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 12:16] = 255
    for split in ("train", "test"):
        (tmp_path / split / "1").mkdir(parents=True)
        PIL.Image.fromarray(image).save(tmp_path / split / "1" / "a.png")
    np.testing.assert_array_equal(load_picture_folder(tmp_path, "test")[0][0], image)


def test_of_several_pieces_of_ink_the_largest_is_the_digit(tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw(tmp_path / "train" / "7" / f"{name}.png", 7)
    with PIL.Image.open(tmp_path / "train" / "7" / "b.png") as picture:
        blotted = picture.copy()
    PIL.ImageDraw.Draw(blotted).ellipse((4, 60, 10, 66), fill=20)
    blotted.save(tmp_path / "train" / "7" / "b.png")
    (tmp_path / "test").mkdir()
    first, second = load_picture_folder(tmp_path, "train")[0]
    np.testing.assert_array_equal(first, second)


def fault(folder: Path, split: str = "train") -> str:
    with pytest.raises(DataError) as caught:
        load_picture_folder(folder, split)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def test_pictures_that_cannot_be_used_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    for split in ("train", "test"):
        draw(tmp_path / split / "3" / "good.png", 3)
    (tmp_path / "train" / "4").mkdir()
    damaged = tmp_path / "train" / "4" / "damaged.png"
    damaged.write_bytes((tmp_path / "train" / "3" / "good.png").read_bytes()[:60])
    PIL.Image.new("L", (50, 50), "white").save(tmp_path / "train" / "4" / "empty.png")
    message = fault(tmp_path)
    assert message.startswith(f"2 of 3 pictures cannot be used, the first is {damaged}: ")
    assert "truncated" in message or "cut off" in message
    assert len(load_picture_folder(tmp_path, "test")[0]) == 1


def test_a_picture_without_ink_is_named(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / split / "4").mkdir(parents=True)
        PIL.Image.new("L", (50, 50), "white").save(tmp_path / split / "4" / "empty.png")
    assert f"{tmp_path / 'train' / '4' / 'empty.png'}: found no ink" in fault(tmp_path)


@pytest.mark.parametrize("split", ["train", "test"])
def test_folders_without_a_picture(tmp_path: Path, split: str) -> None:
    (tmp_path / "0").mkdir()
    assert is_picture_folder(tmp_path)
    message = fault(tmp_path, split)
    assert f"found no {split} picture in 0/ … 9/" in message
    assert ".png" in message


@pytest.mark.parametrize(("there", "missing"), [("train", "test"), ("test", "train")])
def test_a_folder_with_one_of_the_two_alone(there: str, missing: str, tmp_path: Path) -> None:
    draw(tmp_path / there / "3" / "a.png", 3)
    assert is_picture_folder(tmp_path)
    assert load_picture_folder(tmp_path, there)[1].tolist() == [3]
    message = fault(tmp_path, missing)
    assert message.startswith(f"{tmp_path / missing}: found no picture")
    assert "sorted into train/ and test/" in message


@pytest.mark.parametrize("name", ["train", "test"])
def test_another_folder_of_that_name_sorts_nothing(name: str, tmp_path: Path) -> None:
    write_folder(tmp_path)
    expected = [contents(load_picture_folder(tmp_path, split)[0]) for split in ("train", "test")]
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes.txt").write_text("nothing")
    assert [contents(load_picture_folder(tmp_path, split)[0]) for split in ("train", "test")] == expected


def test_other_folders_are_no_folders_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "10").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "3").write_text("a file")
    assert not is_picture_folder(tmp_path)
