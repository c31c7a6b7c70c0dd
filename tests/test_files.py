"""Files that appear whole or not at all, and places that are given once."""

import errno
import io
import os
import stat
import threading
from pathlib import Path
from unittest.mock import Mock

import PIL.Image
import pytest
from PIL import ImageCms
from PIL.PngImagePlugin import PngInfo

from inkdigit.errors import EnvironmentFault
from inkdigit.files import Places, check_folder, is_ours, read_bounded, show_name, write_atomic
from inkdigit.reading.steps import write_png


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_shown_name_is_one_line_that_a_terminal_does_not_obey() -> None:
    assert show_name("数字\u3000\x1b[2J\n\u202e.png") == "数字\u3000\ufffd[2J\ufffd\ufffd.png"
    assert show_name("\udcff.png") == "\udcff.png"  # bytes that are no text are still the file's name


def test_bytes_and_text_are_written_with_the_folders_above(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a" / "b" / "bytes", b"\x00\xff")
    write_atomic(tmp_path / "a" / "text", "Zürich\n")
    assert (tmp_path / "a" / "b" / "bytes").read_bytes() == b"\x00\xff"
    assert (tmp_path / "a" / "text").read_bytes() == "Zürich\n".encode()


def test_a_file_is_replaced_and_nothing_else_remains(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("a long old text")
    write_atomic(path, "new")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["file"]


def test_a_name_of_undecodable_bytes_is_written_as_these_bytes(tmp_path: Path) -> None:
    write_atomic(tmp_path / "list", os.fsdecode(b"\xff.png"))
    assert (tmp_path / "list").read_bytes() == b"\xff.png"


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_permissions_are_those_of_any_new_file(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "file", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(EnvironmentFault, match="cannot be written \\(No space left on device\\)") as caught:
        write_atomic(path, "new")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_an_interruption_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "file", "new")
    assert names(tmp_path) == []


def test_a_file_in_place_of_a_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_atomic(tmp_path / "file" / "inner", "new")
    assert (tmp_path / "file").read_text() == "old"


def test_a_folder_in_place_of_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_atomic(tmp_path / "folder", "new")
    assert names(tmp_path) == ["folder"]


def test_a_forbidden_folder_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(EnvironmentFault, match="Permission denied"):
        write_atomic(tmp_path / "file", "new")


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_atomic(pipe, "words")
    reader.join(timeout=10)
    assert received == [b"words"]
    assert pipe.is_fifo()


def test_places_are_named_after_sources_and_given_once(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert places.take("a/seven.png", ".png") == tmp_path / "seven.png"
    assert places.take("b/seven.jpg", ".png") == tmp_path / "seven-2.png"
    assert places.take("seven-2.png", ".png") == tmp_path / "seven-2-2.png"
    assert places.take("seven.gif") == tmp_path / "seven"


def test_thousands_of_one_name_take_no_longer_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Mock(return_value=True)
    monkeypatch.setattr("inkdigit.files._is_free", looks)
    places = Places(tmp_path)
    assert [places.take(f"{n}/img.png", ".png").name for n in range(50)][-1] == "img-50.png"
    assert looks.call_count == 50


def test_a_folder_is_checked_before_there_is_anything_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    check_folder(tmp_path / "new" / "deeper")
    assert not (tmp_path / "new").exists()
    for place in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(EnvironmentFault, match="file: found a file, expected a folder"):
            check_folder(place)
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    with pytest.raises(EnvironmentFault, match="cannot be written to; choose another place"):
        check_folder(tmp_path / "new")


def draw(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    write_png(path, PIL.Image.new("L", (5, 5)))


def test_a_picture_of_ours_of_an_earlier_day_does_not_take_its_place(tmp_path: Path) -> None:
    draw(tmp_path / "seven.png")
    draw(tmp_path / "steps" / "1-given.png")
    assert Places(tmp_path).take("a/seven.png", ".png") == tmp_path / "seven.png"
    assert Places(tmp_path).take("a/steps.png") == tmp_path / "steps"


def test_a_picture_with_a_colour_profile_is_told_to_be_ours(tmp_path: Path) -> None:
    picture = PIL.Image.new("RGB", (5, 5))
    picture.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    write_png(tmp_path / "a.png", picture)
    assert is_ours(tmp_path / "a.png")


def test_what_somebody_keeps_is_never_replaced(tmp_path: Path) -> None:
    """Also where it is read only later, or not at all."""
    kept = tmp_path / "seven.png"
    words = PngInfo()
    words.add_text("Comment", "what inkdigit misread")
    PIL.Image.new("L", (5, 5)).save(kept, pnginfo=words)
    (tmp_path / "steps").mkdir()
    PIL.Image.new("L", (5, 5)).save(tmp_path / "steps" / "2-grey.png")
    places = Places(tmp_path)
    assert places.take("a/seven.jpg", ".png") == tmp_path / "seven-2.png"
    assert places.take("a/steps.jpg") == tmp_path / "steps-2"
    draw(kept)
    assert Places(tmp_path).take(str(kept), ".png") == tmp_path / "seven-2.png", "nor what is being read"


@pytest.mark.parametrize("letter", ["m", "数", "\U0001f600", "\udcff"])
def test_names_from_archives_may_be_of_any_length(letter: str, tmp_path: Path) -> None:
    places = Places(tmp_path)
    first, second = (places.take(f"a.zip#{300 * letter}.png", ".region.png") for _ in range(2))
    assert first != second
    for path in (first, second):
        draw(path)


@pytest.mark.parametrize(
    "source", ["-", "", "/", "..", "a/..", ".", "--", "../../etc/passwd", "/etc/passwd", ".hidden"]
)
@pytest.mark.parametrize("suffix", ["", ".png"])
def test_no_source_leads_out_of_the_folder(tmp_path: Path, source: str, suffix: str) -> None:
    place = Places(tmp_path).take(source, suffix)
    assert place.resolve().parent == tmp_path.resolve()
    assert not place.name.startswith(".")


@pytest.mark.parametrize(("there", "size", "read"), [(5, 9, 5), (9, 9, 9), (30, 9, 10), (0, 0, 0)])
def test_no_more_is_read_than_tells_whether_there_is_more(there: int, size: int, read: int) -> None:
    assert len(read_bounded(io.BytesIO(bytes(there)), size)) == read
