"""Corrections: all pictures of a folder or a zip are taken, and a hostile zip costs an error and nothing else."""

import io
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from inkdigit.data import corrections as module
from inkdigit.data.corrections import load_corrections
from inkdigit.errors import DataError
from inkdigit.images import Images


def digit(x: int) -> Images:
    """A digit image, which is taken as it is: a bar, the thicker the greater x."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13 - x // 2 : 15 + (x + 1) // 2] = 255
    return image


def png(image: Images) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(image).save(buffer, "png")
    return buffer.getvalue()


PICTURES = {f"{label}/{n}-{label}.png": png(digit(label)) for label in range(10) for n in range(3)}


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def unpack(folder: Path, members: dict[str, bytes]) -> Path:
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def fault(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_corrections(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_zip_and_a_folder_give_the_same_and_leave_nothing_out(tmp_path: Path) -> None:
    zipped = load_corrections(pack(tmp_path / "a.zip", PICTURES))
    folder = load_corrections(unpack(tmp_path / "a", PICTURES))
    for corrections in (zipped, folder):
        assert sorted(corrections.labels.tolist()) == [label for label in range(10) for _ in range(3)]
        assert corrections.split == "train"
        for image, label in zip(corrections.images, corrections.labels, strict=True):
            np.testing.assert_array_equal(image, digit(int(label)))
    assert zipped.name == str(tmp_path / "a.zip")


def test_folders_may_lie_in_others(tmp_path: Path) -> None:
    members = {"mine/train/3/a.png": png(digit(3)), "mine/test/4/a.png": png(digit(4))}
    assert sorted(load_corrections(pack(tmp_path / "a.zip", members)).labels.tolist()) == [3, 4]
    assert sorted(load_corrections(unpack(tmp_path, members) / "mine").labels.tolist()) == [3, 4]


def test_what_lies_in_no_digits_folder_is_passed_over(tmp_path: Path) -> None:
    others = {"a.png": b"", "10/a.png": b"", "notes/a.png": b"", "3/notes.txt": b"", "__MACOSX/3/._a.png": b""}
    members = {**others, "3/a.png": png(digit(3))}
    for path in (pack(tmp_path / "a.zip", members), unpack(tmp_path / "a", members)):
        assert load_corrections(path).labels.tolist() == [3]


def test_names_of_a_zip_are_no_paths(tmp_path: Path) -> None:
    names = ("../../3/a.png", "/3/b.png", str(tmp_path / "3" / "c.png"))
    path = pack(tmp_path / "a.zip", {name: png(digit(3)) for name in names})
    assert load_corrections(path).labels.tolist() == [3, 3, 3]
    assert list(tmp_path.rglob("*")) == [path]


def test_pictures_that_cannot_be_used_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    blank = png(np.zeros((28, 28), np.uint8))
    path = pack(tmp_path / "a.zip", {**PICTURES, "4/blank.png": blank, "4/cut.png": PICTURES["4/0-4.png"][:40]})
    assert fault(path).startswith(f"2 of 32 pictures cannot be used, the first is {path}#4/blank.png: found no ink")


def test_what_is_no_zip(tmp_path: Path) -> None:
    assert "no such file; expected a zip" in fault(tmp_path / "gone.zip")
    (tmp_path / "text.zip").write_text("3")
    assert "found no zip" in fault(tmp_path / "text.zip")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(pack(tmp_path / "a.zip", PICTURES).read_bytes()[:200])
    assert "cut off or damaged" in fault(cut)


def test_nothing_to_learn(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", pack(tmp_path / "a.zip", {"11/a.png": b""})):
        assert "found no picture in 0/ … 9/; expected" in fault(path)


ALL = sum(len(content) + 28 * 28 for content in PICTURES.values())


@pytest.mark.parametrize(
    ("members", "limit"),
    [
        (PICTURES, ALL - 1),
        ({"3/a.png": PICTURES["3/0-3.png"]}, 28 * 28 - 1),
        ({"3/a.png": PICTURES["3/0-3.png"] + bytes(5000)}, 5000),
    ],
    ids=["in all", "pixels", "bytes"],
)
def test_a_zip_is_read_no_further_than_it_may_unpack_to(
    members: dict[str, bytes], limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_UNPACKED", limit)
    assert f"more bytes and pixels than {limit}" in fault(pack(tmp_path / "a.zip", members))


def test_a_zip_may_unpack_to_as_much_as_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNPACKED", ALL)
    assert len(load_corrections(pack(tmp_path / "a.zip", PICTURES))) == 30
