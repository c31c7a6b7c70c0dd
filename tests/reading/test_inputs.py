"""What arguments mean."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PIL.Image
import pillow_heif
import pytest

from inkdigit import Reader
from inkdigit.errors import ImageError, UsageError
from inkdigit.preparation.load import MAX_BYTES, load_picture
from inkdigit.reading.inputs import find_pictures, may_be_several
from inkdigit.reading.steps import write_png

SAMPLES = Path(__file__).parents[2] / "samples"


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


@pytest.mark.parametrize("one", ["a.zip", Path("a.zip")])
def test_one_path_is_not_taken_for_many(one: Any) -> None:
    with pytest.raises(UsageError, match=r"found 'a\.zip', expected several: put it into a list"):
        next(find_pictures(one))


def names(*arguments: str) -> list[str]:
    return [name for name, _ in find_pictures(arguments, io.BytesIO())]


def test_a_file_is_itself(folder: Path) -> None:
    assert list(find_pictures(["b.png"], io.BytesIO())) == [("b.png", "b.png")]
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
    assert names("*.png") == ["a[1].png", "b.png"]
    assert names("?.png") == names("[ab].png") == ["b.png"]
    assert names("**/*.t*") == ["deep/c.tiff", "notes.txt"]
    assert names(f"{folder}/deep/*/*.webp") == [f"{folder}/deep/er/d.webp"]


def test_a_pattern_that_matches_a_folder_is_its_pictures(folder: Path) -> None:
    assert names("*") == ["a.JPG", "a[1].png", "b.png", "deep/c.tiff", "deep/er/d.webp", "notes.txt"]


def test_a_pattern_that_matches_folders_and_what_is_in_them_means_each_picture_once(folder: Path) -> None:
    assert names("**") == names("*")
    assert names("deep/**") == names("./deep/**") == ["deep/c.tiff", "deep/er/d.webp"]


def test_a_pattern_does_not_follow_links_in_circles(folder: Path) -> None:
    (folder / "deep" / "again").symlink_to(folder / "deep")
    assert names("**/*.webp") == ["deep/er/d.webp"]


def test_what_we_drew_is_not_read_where_it_was_not_asked_for(folder: Path) -> None:
    write_png(folder / "deep" / "drawn.png", PIL.Image.new("L", (5, 5)))
    assert names("deep") == ["deep/c.tiff", "deep/er/d.webp"]
    assert names("deep/drawn.png") == ["deep/drawn.png"]


def test_a_tiff_of_several_pages_is_its_pages_and_of_one_itself(folder: Path) -> None:
    page = PIL.Image.new("L", (9, 9))
    page.save(folder / "scan.tif", save_all=True, append_images=[page])
    page.save(folder / "deep" / "c.tiff")
    assert names("scan.tif", "scan.tif#page=2") == ["scan.tif#page=1", "scan.tif#page=2", "scan.tif#page=2"]
    assert names("deep/c.tiff") == ["deep/c.tiff"]
    assert may_be_several(["scan.tif"])
    assert not may_be_several(["scan.tif#page=2"])
    assert not may_be_several(["deep/c.tiff"])


def test_a_pipe_in_a_folder_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "deep" / "pipe.png")
    assert names("deep") == ["deep/c.tiff", "deep/er/d.webp"]


def test_a_file_with_the_name_of_a_pattern_is_itself(folder: Path) -> None:
    (folder / "a1.png").touch()
    assert names("a[1].png") == ["a[1].png"]
    (folder / "a[1].png").unlink()
    assert names("a[1].png") == ["a1.png"]


def test_arguments_keep_their_order_and_may_stand_twice(folder: Path) -> None:
    assert names("b.png", "deep", "b.png") == ["b.png", "deep/c.tiff", "deep/er/d.webp", "b.png"]


def test_standard_input_is_read_and_never_further_than_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(find_pictures(["b.png", "-"], io.BytesIO(b"picture"))) == [("b.png", "b.png"), ("-", b"picture")]
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
        assert list(find_pictures(["-"])) == [("-", b"piped")]
    endless = io.BytesIO(bytes(MAX_BYTES + 100))
    ((_, content),) = find_pictures(["-"], endless)
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

    assert next(find_pictures(arguments(), io.BytesIO())) == ("b.png", "b.png")


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
    assert list(find_pictures([""], io.BytesIO())) == [("", "")]


# --- pictures within files -------------------------------------------------------------------------------------------


def pack(path: Path, *members: str) -> Path:
    """A zip of pictures, named so."""
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.write(SAMPLES / "seven.png", member)
    return path


def bind(path: Path, *samples: str) -> Path:
    """A PDF of a page for each sample."""
    pages = [load_picture(SAMPLES / sample) for sample in samples]
    pages[0].save(path, "PDF", save_all=True, append_images=pages[1:])
    return path


def read(*arguments: str) -> dict[str, str]:
    """The text of each picture, or the code of what is wrong with it, as the command line would have them."""
    reader, texts = Reader(), {}
    for name, source in find_pictures(arguments, io.BytesIO()):
        try:
            texts[name] = reader.explain(source, name=name).reading.text
        except ImageError as error:
            texts[error.source] = error.code
    return texts


def test_a_zip_is_its_pictures_and_one_of_them_by_its_name(folder: Path) -> None:
    pack(folder / "a.zip", "b.png", "deep/a.png", "notes.txt")
    assert read("a.zip") == {"a.zip#b.png": "7", "a.zip#deep/a.png": "7"}
    assert read("a.zip#deep/a.png") == {"a.zip#deep/a.png": "7"}
    assert read("a.zip#none.png", "b.zip", "b.zip#c.png") == {
        "a.zip#none.png": "not_found",
        "b.zip": "not_found",
        "b.zip#c.png": "not_found",
    }


def test_a_pdf_is_its_pages_and_one_of_them_by_its_number(folder: Path) -> None:
    bind(folder / "scan.PDF", "page.png", "seven.png")
    page = "2026\n314159\n80"
    assert read("scan.PDF") == {"scan.PDF#page=1": page, "scan.PDF#page=2": "7"}
    assert read("scan.PDF#page=2") == {"scan.PDF#page=2": "7"}
    assert read("scan.PDF#page=3", "none.pdf") == {"scan.PDF#page=3": "not_found", "none.pdf": "not_found"}


@pytest.mark.parametrize("sample", ["seven.png", "phone.jpg", "page.png", "chalk.png"])
def test_a_heic_reads_as_the_picture_it_was_made_of(sample: str, tmp_path: Path) -> None:
    picture = load_picture(SAMPLES / sample)
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(picture).save(path, quality=90)
    assert read(str(path)) == {str(path): Reader().read(picture).text}


def test_one_bad_picture_within_a_file_does_not_keep_the_others(folder: Path) -> None:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.write(SAMPLES / "seven.png", "c.png")
        archive.writestr("a.png", b"no picture")
        archive.writestr("b.png", b"")
    (folder / "bad.zip").write_bytes(b"PK")
    assert read("bad.zip", "a.zip") == {
        "bad.zip": "truncated",
        "a.zip#a.png": "not_an_image",
        "a.zip#b.png": "empty",
        "a.zip#c.png": "7",
    }
    content = bytearray((folder / "a.zip").read_bytes())
    content[content.index(b"c.png") + 100] ^= 0xFF
    (folder / "a.zip").write_bytes(content)
    assert read("a.zip")["a.zip#c.png"] == "not_an_image"


def test_a_file_with_the_name_of_a_part_is_itself(folder: Path) -> None:
    pack(folder / "a.zip", "b.png")
    (folder / "a.zip#b.png").touch()
    assert list(find_pictures(["a.zip#b.png"], io.BytesIO())) == [("a.zip#b.png", "a.zip#b.png")]
    (folder / "a#1.png").touch()
    assert names("a#1.png") == ["a#1.png"]
    assert names("none#1.png") == ["none#1.png"]


def test_a_name_with_the_sign_of_a_part_in_it(folder: Path) -> None:
    pack(folder / "a#1.zip", "b#2.png", "c[1].png")
    assert names("a#1.zip") == ["a#1.zip#b#2.png", "a#1.zip#c[1].png"]
    assert read("a#1.zip#b#2.png", "a#1.zip#c[1].png") == {"a#1.zip#b#2.png": "7", "a#1.zip#c[1].png": "7"}


def test_a_pattern_may_mean_zips_and_pdfs_and_one_part_of_each(folder: Path) -> None:
    for name in ("x1.zip", "x2.zip"):
        pack(folder / name, "a.png", "b.png")
    bind(folder / "x3.pdf", "seven.png")
    assert names("x*") == ["x1.zip#a.png", "x1.zip#b.png", "x2.zip#a.png", "x2.zip#b.png", "x3.pdf#page=1"]
    assert names("x?.zip#b.png") == ["x1.zip#b.png", "x2.zip#b.png"]


def test_of_a_folder_heics_and_pdfs_are_read_but_no_zips(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "in").mkdir()
    pack(folder / "in" / "a.zip", "a.png")
    bind(folder / "in" / "b.pdf", "seven.png")
    (folder / "in" / "c.HEIC").touch()
    (folder / "in" / "._b.pdf").touch()
    assert names("in") == ["in/b.pdf#page=1", "in/c.HEIC"]
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    assert names("in") == ["in/c.HEIC"], "a PDF that cannot be rendered is no picture"


def test_a_folder_that_is_named_like_a_zip_is_a_folder(folder: Path) -> None:
    (folder / "x.zip").mkdir()
    (folder / "x.zip" / "a.png").touch()
    assert names("x.zip") == ["x.zip/a.png"]
    assert read("x.zip#a.png", "x.zi?") == {"x.zip#a.png": "not_found", "x.zip/a.png": "empty"}


def test_where_pdfs_and_heics_cannot_be_read_the_others_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(folder / "a.pdf", "seven.png")
    pillow_heif.from_pillow(load_picture(SAMPLES / "seven.png")).save(folder / "a.heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    seven = str(SAMPLES / "seven.png")
    assert read("a.heic", "a.pdf", seven) == {
        "a.heic": "unsupported_format",
        "a.pdf": "unsupported_format",
        seven: "7",
    }


@pytest.mark.parametrize(
    ("arguments", "several"),
    [
        (["a.zip"], True),
        (["scan.pdf"], True),
        (["a.zip#b.png"], False),
        (["scan.pdf#page=2"], False),
        (["a.zip#b[1].png"], False),
        (["*.pdf#page=2"], True),
        (["a.heic"], False),
    ],
)
def test_whether_there_may_be_several_within_a_file(arguments: list[str], several: bool, folder: Path) -> None:
    assert may_be_several(arguments) is several


def test_reading_a_picture_loads_nothing_that_zips_pdfs_and_heics_need() -> None:
    program = (
        "import io, sys; from inkdigit.reading.inputs import find_pictures; from inkdigit.preparation.load import load;"
        f"[load(source) for _, source in find_pictures([{str(SAMPLES / 'seven.png')!r}], io.BytesIO())];"
        "print(sorted({'pypdfium2', 'pillow_heif', 'inkdigit.preparation.archive'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_links_in_a_folder_are_followed_once_and_broken_ones_told(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "x.jfif").touch()
    (folder / "deep" / "linked").symlink_to(elsewhere)
    (folder / "deep" / "circle").symlink_to(folder / "deep")
    (folder / "deep" / "broken.png").symlink_to("nowhere.png")
    assert names("deep") == ["deep/broken.png", "deep/c.tiff", "deep/er/d.webp", "deep/linked/x.jfif"]


def test_a_folder_that_may_not_be_entered_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path).name == "er":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert names("deep") == ["deep/c.tiff", "deep/er"]
    with pytest.raises(ImageError, match="no permission to read it"):
        load_picture("deep/er")
