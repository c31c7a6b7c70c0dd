"""The members of a zip are read by name, and a hostile one costs an error and nothing else."""

import io
import resource
import struct
import sys
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from inkdigit.errors import IMAGE_ERROR_CODES, ImageError
from inkdigit.files import Places
from inkdigit.preparation import archive as module
from inkdigit.preparation.archive import read_members
from inkdigit.preparation.load import MAX_BYTES

LIST_SIGNATURE = b"PK\1\2"
LOCAL_SIGNATURE = b"PK\3\4"


def pack(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def outcomes(path: Path, part: str = "") -> dict[str, bytes | str]:
    """The content of each member, or the code of what is wrong with it."""
    found: dict[str, bytes | str] = {}
    for name, give in read_members(path, part):
        try:
            found[name] = give()
        except ImageError as error:
            found[name] = code_of(error)
    return found


def code_of(error: ImageError) -> str:
    assert error.code in IMAGE_ERROR_CODES
    assert "\n" not in error.message
    return error.code


def refused(path: Path, part: str = "") -> ImageError:
    with pytest.raises(ImageError) as caught:
        outcomes(path, part)
    assert code_of(caught.value)
    return caught.value


def change(path: Path, place: int, form: str, value: int, *, member: int = 0) -> None:
    """Writes a number into the list's entry of a member."""
    content = bytearray(path.read_bytes())
    start = -1
    for _ in range(member + 1):
        start = content.index(LIST_SIGNATURE, start + 1)
    struct.pack_into(form, content, start + place, value)
    path.write_bytes(content)


# --- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_pictures_come_sorted_by_name_with_their_bytes(tmp_path: Path, method: int) -> None:
    members = {"b.png": b"b" * 5000, "a.JPG": b"a", "deep/er/c.heic": b"c", "deep/a.webp": bytes(3 * 2**20)}
    found = outcomes(pack(tmp_path / "a.zip", members, method))
    assert list(found) == ["a.JPG", "b.png", "deep/a.webp", "deep/er/c.heic"]
    assert found == members


def test_what_is_named_like_no_picture_is_left_out(tmp_path: Path) -> None:
    others = {"notes.txt": b"", "inner.zip": b"", "a.pdf": b"", "folder.png/": b"", "__MACOSX/._a.png": b""}
    assert list(outcomes(pack(tmp_path / "a.zip", {"a.png": b"", **others}))) == ["a.png"]


def test_a_member_that_is_named_is_read_alone_whatever_it_is(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"b.png": b"b", "deep/a.png": b"a", "notes.txt": b"words"})
    assert outcomes(path, "deep/a.png") == {"deep/a.png": b"a"}
    assert outcomes(path, "notes.txt") == {"notes.txt": b"words"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("数字.png", "utf-8"),
        ("数字.png", "gb2312"),
        ("Müller.png", "cp437"),
        ("数字é.png", "utf-8"),
        ("a.png", "ascii"),
    ],
)
def test_names_without_a_flag_that_tells_their_code(tmp_path: Path, name: str, code: str) -> None:
    """As zips of macOS and of Windows have them."""
    written = name.encode(code)
    placeholder = "x" * (len(written) - 4) + ".png"
    path = pack(tmp_path / "a.zip", {placeholder: b"first"})
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), written))
    assert outcomes(path) == outcomes(path, name) == {name: b"first"}
    assert name in refused(path, "b.png").message


def test_a_name_that_is_told_in_unicode_beside(tmp_path: Path) -> None:
    """Info-ZIP and WinRAR do so; Python reads it from 3.12 on."""
    unicode = b"\1" + struct.pack("<L", zlib.crc32(b"a.png")) + "数字.png".encode()
    member = zipfile.ZipInfo("a.png")
    member.extra = struct.pack("<HH", 0x7075, len(unicode)) + unicode
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"first")
    expected = "数字.png" if sys.version_info >= (3, 12) else "a.png"
    assert outcomes(path) == outcomes(path, expected) == {expected: b"first"}


def test_a_name_that_no_code_of_zips_can_write(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As any Python may have read it from what stands beside the name."""
    members = zipfile.ZipFile.infolist

    def named(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        found = members(archive)
        found[0].filename = "数字.png"
        return found

    monkeypatch.setattr(zipfile.ZipFile, "infolist", named)
    assert "数字.png" in outcomes(three)


def test_members_are_read_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "a.zip", {"a.png": b"a", "b.png": b"b"})
    reads: list[str] = []
    original = zipfile.ZipFile.open

    def note(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> object:
        reads.append(member.filename)
        return original(archive, member)

    monkeypatch.setattr(zipfile.ZipFile, "open", note)
    members = read_members(path)
    _, give = next(members)
    assert reads == []
    assert give() == b"a"
    assert reads == ["a.png"]


def test_a_zip_behind_other_bytes_is_read(tmp_path: Path) -> None:
    """As one that unpacks itself, or one with a remark at its end."""
    path = pack(tmp_path / "a.zip", {"a.png": b"a"})
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    assert outcomes(path) == {"a.png": b"a"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_both_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"1")
        archive.writestr("a.png", b"2")
    assert [give() for _, give in read_members(tmp_path / "a.zip")] == [b"1", b"2"]


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/cron.d/a.png", "../../../etc/cron.d/a.png"),
        ("/etc/a.png", "/etc/a.png"),
        ("C:\\a.png", "C:\\a.png"),
        ("a\nb.png: 7.png", "a\N{REPLACEMENT CHARACTER}b.png: 7.png"),
        ("\x1b[2J\x07a.png", "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}a.png"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}gnp.png", "a\N{REPLACEMENT CHARACTER}gnp.png"),
        ("Zürich/七.png", "Zürich/七.png"),
        ("a#b.png", "a#b.png"),
    ],
)
def test_a_hostile_name_is_a_name_and_nothing_else(tmp_path: Path, name: str, shown: str) -> None:
    path = pack(tmp_path / "a.zip", {name: b"a"})
    assert outcomes(path) == outcomes(path, name) == outcomes(path, shown) == {shown: b"a"}
    for suffix in ("", ".png"):
        place = Places(tmp_path / "out").take(f"a.zip#{shown}", suffix)
        assert place.resolve().parent == (tmp_path / "out").resolve()
    assert list(tmp_path.rglob("*")) == [path], "nothing is unpacked to the disk"


# --- what is refused as a whole --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"P", "not_an_image"),
        (b"Dear Sir or Madam, " * 9, "not_an_image"),
        (b"PK\3\4" + bytes(100), "truncated"),
        (b"PK\5\6" + bytes(18), "not_an_image"),
    ],
)
def test_what_is_no_zip(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert refused(tmp_path / "a.zip").code == code


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.zip").code == "not_found"
    assert refused(tmp_path).code == "not_an_image"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_zip_that_is_cut_off(tmp_path: Path, share: float) -> None:
    path = pack(tmp_path / "a.zip", {"a.png": np.random.default_rng(0).bytes(5000), "b.png": b"b"})
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    error = refused(path)
    assert error.code == "truncated"
    assert error.message.startswith("begins as a zip, but it is cut off or damaged (")


def test_a_zip_without_pictures(tmp_path: Path) -> None:
    error = refused(pack(tmp_path / "a.zip", {"notes.txt": b"", "more.txt": b""}))
    assert (error.code, error.message) == (
        "not_an_image",
        "found no picture among 2 members of the zip, expected some",
    )


def test_a_member_that_is_not_there(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {f"{name}.png": b"" for name in "edcba"})
    error = refused(path, "f.png")
    assert error.code == "not_found"
    assert error.message == "no such member of the zip; it has 'e.png', 'd.png', 'c.png', 'b.png' …"


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "a.zip", {f"{n}.png": b"" for n in range(12)})
    monkeypatch.setattr(module, "MAX_MEMBERS", 12)
    assert len(outcomes(path)) == 12
    monkeypatch.setattr(module, "MAX_MEMBERS", 11)
    error = refused(path)
    assert error.code == "too_large"
    assert error.message == "found 12 members in the zip, at most 11 are read; part it"
    assert outcomes(path, "7.png") == {"7.png": b""}, "what is named is read all the same"


def test_a_list_of_members_that_would_fill_the_memory(tmp_path: Path) -> None:
    """A sparse file of 8 GB, whose end says that all of it is the list."""
    size = 2**32 - 2
    with (tmp_path / "a.zip").open("wb") as file:
        file.write(LOCAL_SIGNATURE)
        file.truncate(2 * size)
        file.seek(2 * size)
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, size, 0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refused(tmp_path / "a.zip")
    assert error.code == "too_large"
    assert f"in {size} bytes" in error.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 2**10


# --- members that are refused while the others are read --------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A zip of three members, of which a test spoils the second."""
    noise = np.random.default_rng(0).bytes(5000)
    return pack(tmp_path / "a.zip", {"a.png": b"a" * 100, "b.png": noise, "c.png": b"c" * 100})


def check_others(found: dict[str, bytes | str], code: str) -> None:
    assert found == {"a.png": b"a" * 100, "b.png": code, "c.png": b"c" * 100}


def test_an_encrypted_member(three: Path) -> None:
    change(three, 8, "<H", 1, member=1)
    check_others(outcomes(three), "unsupported_format")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9, 99])
def test_a_member_packed_in_another_way(three: Path, method: int) -> None:
    change(three, 10, "<H", method, member=1)
    check_others(outcomes(three), "unsupported_format")


def test_a_member_that_says_it_is_large(three: Path) -> None:
    change(three, 24, "<L", MAX_BYTES + 1, member=1)
    check_others(outcomes(three), "too_large")


def test_a_member_that_is_damaged(three: Path) -> None:
    content = bytearray(three.read_bytes())
    content[content.index(b"b.png") + 200] ^= 0xFF
    three.write_bytes(content)
    check_others(outcomes(three), "not_an_image")


def test_a_member_whose_own_name_is_another(three: Path) -> None:
    content = three.read_bytes()
    three.write_bytes(content.replace(b"b.png", b"x\n\n\ng", 1))
    check_others(outcomes(three), "not_an_image")


@pytest.mark.parametrize("place", [2**32 - 2, 10**6])
def test_a_member_that_lies_beyond_the_end(three: Path, place: int) -> None:
    change(three, 42, "<L", place, member=1)
    check_others(outcomes(three), "not_an_image")


def test_a_member_that_reaches_into_the_next(three: Path) -> None:
    change(three, 20, "<L", 5500, member=1)
    check_others(outcomes(three), "too_complex")


def test_a_member_that_ends_early(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a.png": b"a", "b.png": b"b" * 100}, zipfile.ZIP_STORED)
    for place in (20, 24):
        change(path, place, "<L", 10_000, member=1)
    assert outcomes(path) == {"a.png": b"a", "b.png": "truncated"}


def test_a_bomb_that_says_it_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 MB in 200 kB, said to be 100 bytes."""
    path = pack(tmp_path / "a.zip", {"bomb.png": bytes(200 * 2**20), "good.png": b"good"})
    change(path, 24, "<L", 100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert outcomes(path) == {"bomb.png": "not_an_image", "good.png": b"good"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 2**10


def test_a_bomb_whose_members_share_their_bytes(tmp_path: Path) -> None:
    """A thousand members that are all the same megabyte of zeros: a list of a thousand entries for it."""
    source = pack(tmp_path / "one.zip", {"0000.png": bytes(2**20)}).read_bytes()
    start, end = source.index(LIST_SIGNATURE), source.index(b"PK\5\6")
    entries = source[start:end] * 1000
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1000, 1000, len(entries), start, 0)
    (tmp_path / "a.zip").write_bytes(source[:start] + entries + tail)
    answers = []
    for _, give in read_members(tmp_path / "a.zip"):
        try:
            answers.append(str(len(give())))
        except ImageError as error:
            answers.append(error.code)
    assert sorted(answers) == [str(2**20), *["too_complex"] * 999]


def test_damaged_zips_are_read_or_refused_in_time(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a.png": np.random.default_rng(0).bytes(300), "b/c.png": b"b" * 300})
    original = path.read_bytes()
    chance = np.random.default_rng(1)
    begun = time.perf_counter()
    for _ in range(400):
        content = bytearray(original)
        for _ in range(chance.choice([1, 1, 3, 10])):
            content[chance.integers(len(content))] = chance.choice([0, 255, int(chance.integers(256))])
        path.write_bytes(content)
        try:
            for answer in outcomes(path).values():
                assert answer in IMAGE_ERROR_CODES or len(answer) == 300
        except ImageError as error:
            code_of(error)
    assert time.perf_counter() - begun < 10


def test_no_file_stays_open(tmp_path: Path) -> None:
    """Warnings are errors in these tests, and a file that is left open warns."""
    members = read_members(pack(tmp_path / "a.zip", {"a.png": b"a", "b.png": b"b"}))
    next(members)
    members.close()  # type: ignore[attr-defined]
    (tmp_path / "bad.zip").write_bytes(io.BytesIO(b"PK" * 100).getvalue())
    assert refused(tmp_path / "bad.zip").code == "truncated"
