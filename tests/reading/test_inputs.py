"""What arguments mean."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from inkdigit.preparation.load import MAX_BYTES
from inkdigit.reading.inputs import expand, may_be_several


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with folders, pictures and other files, which is the current one."""
    for name in ("b.png", "a.JPG", "notes.txt", "deep/c.tiff", "deep/er/d.webp", "deep/er/.hidden", "a[1].png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*arguments: str) -> list[str]:
    return [name for name, _ in expand(arguments, io.BytesIO())]


def test_a_file_is_itself(folder: Path) -> None:
    assert list(expand(["b.png"], io.BytesIO())) == [("b.png", "b.png")]
    assert names("notes.txt") == ["notes.txt"], "whoever names a file wants it read"


def test_a_folder_is_its_pictures_and_those_below_sorted(folder: Path) -> None:
    assert names(".") == ["a.JPG", "a[1].png", "b.png", "deep/c.tiff", "deep/er/d.webp"]
    assert names("deep") == names("deep/") == ["deep/c.tiff", "deep/er/d.webp"]


def test_order_is_that_of_the_names_and_not_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [f"{number:03}.png" for number in range(100)]
    for index in range(100):
        (tmp_path / expected[index * 37 % 100]).touch()
    monkeypatch.chdir(tmp_path)
    assert names(".") == names("*.png") == expected


def test_a_pattern_is_what_it_matches_sorted(folder: Path) -> None:
    assert names("*.png") == ["a[1].png", "b.png", "folder.png"]
    assert names("?.png") == names("[ab].png") == ["b.png"]
    assert names("**/*.t*") == ["deep/c.tiff", "notes.txt"]
    assert names(f"{folder}/deep/*/*.webp") == [f"{folder}/deep/er/d.webp"]


def test_a_file_with_the_name_of_a_pattern_is_itself(folder: Path) -> None:
    (folder / "a1.png").touch()
    assert names("a[1].png") == ["a[1].png"]
    (folder / "a[1].png").unlink()
    assert names("a[1].png") == ["a1.png"]


def test_arguments_keep_their_order_and_may_stand_twice(folder: Path) -> None:
    assert names("b.png", "deep", "b.png") == ["b.png", "deep/c.tiff", "deep/er/d.webp", "b.png"]


def test_standard_input_is_read_and_never_further_than_needed(folder: Path) -> None:
    assert list(expand(["b.png", "-"], io.BytesIO(b"picture"))) == [("b.png", "b.png"), ("-", b"picture")]
    endless = io.BytesIO(bytes(MAX_BYTES + 100))
    ((_, content),) = expand(["-"], endless)
    assert isinstance(content, bytes)
    assert len(content) == MAX_BYTES + 1


@pytest.mark.parametrize("argument", ["none.png", "*.gif", "folder.png", "x\0y", "n" * 300, "n" * 300 + "*"])
def test_what_means_nothing_is_yielded_so_that_it_is_missed(argument: str, folder: Path) -> None:
    assert names(argument) == [argument]


@pytest.mark.parametrize("check", ["is_dir", "exists", "is_file"])
def test_a_place_that_may_not_be_looked_at_is_left_to_the_loader(
    check: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, check, refuse)
    assert names("deep/[c].tiff") == ["deep/c.tiff"]
    assert names("b.png") == ["b.png"]
    assert may_be_several(["b.png"]) is False


def test_pictures_come_one_by_one(folder: Path) -> None:
    def arguments() -> Iterator[str]:
        yield "b.png"
        raise AssertionError("nobody asked for the second")

    assert next(expand(arguments(), io.BytesIO())) == ("b.png", "b.png")


@pytest.mark.parametrize(
    ("arguments", "several"),
    [
        (["b.png"], False),
        (["-"], False),
        (["none.png"], False),
        (["a[1].png"], False),
        (["b.png", "b.png"], True),
        (["deep"], True),
        (["*.png"], True),
        (["?.png"], True),
        (["[ab].png"], True),
    ],
)
def test_whether_there_may_be_several(arguments: list[str], several: bool, folder: Path) -> None:
    assert may_be_several(arguments) is several


def test_an_empty_argument_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unset variable of the shell would otherwise read everything below the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    assert list(expand([""], io.BytesIO())) == [("", "")]
