"""The pages of a TIFF are pictures, each for itself."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from PIL import TiffImagePlugin

from inkdigit.errors import ImageError
from inkdigit.preparation import pages, tiff
from inkdigit.preparation.tiff import has_pages, read_pages


def save(path: Path, *greys: int) -> Path:
    drawn = [PIL.Image.new("L", (20 + grey, 10), grey) for grey in greys]
    drawn[0].save(path, save_all=True, append_images=drawn[1:])
    return path


def decode(path: Path, part: str = "") -> dict[str, PIL.Image.Image]:
    return {name: give() for name, give in read_pages(path, part)}


def test_pages_come_in_order_each_with_its_own_size(tmp_path: Path) -> None:
    found = decode(save(tmp_path / "a.tiff", 9, 5, 7))
    assert list(found) == ["page=1", "page=2", "page=3"]
    for picture, grey in zip(found.values(), (9, 5, 7), strict=True):
        assert picture.size == (20 + grey, 10)
        np.testing.assert_array_equal(np.asarray(picture), grey)


def test_one_page_alone(tmp_path: Path) -> None:
    found = decode(save(tmp_path / "a.tiff", 9, 5, 7), "page=2")
    assert {name: picture.getpixel((0, 0)) for name, picture in found.items()} == {"page=2": 5}


@pytest.mark.parametrize("part", ["page=0", "page=4", "page=x", "2"])
def test_there_is_no_other(tmp_path: Path, part: str) -> None:
    with pytest.raises(ImageError, match=r"expected #page=1 to #page=3"):
        decode(save(tmp_path / "a.tiff", 9, 5, 7), part)


def test_a_second_page_is_looked_for(tmp_path: Path) -> None:
    assert has_pages(save(tmp_path / "a.tiff", 9, 5))
    assert not has_pages(save(tmp_path / "b.tiff", 9))
    (tmp_path / "c.tiff").write_bytes(b"no TIFF")
    assert not has_pages(tmp_path / "c.tiff")
    assert not has_pages(tmp_path / "none.tiff")


def test_a_damaged_page_is_told_and_those_before_it_are_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tiff", 9, 5, 7)
    with PIL.Image.open(path) as picture:
        picture.seek(1)
        third = picture.tag_v2.next  # type: ignore[attr-defined] # where the third page's head lies
    path.write_bytes(path.read_bytes()[: third + 20])
    given = dict(read_pages(path))
    assert [given[name]().getpixel((0, 0)) for name in ("page=1", "page=2")] == [9, 5]
    with pytest.raises(ImageError) as caught:
        given["page=3"]()
    assert "taken for a TIFF" in caught.value.message


def test_no_more_pages_are_counted_than_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pages, tiff):
        monkeypatch.setattr(module, "MAX_PAGES", 2)
    path = save(tmp_path / "a.tiff", 9, 5, 7, 8)
    with pytest.raises(ImageError, match="found 3 pages, at most 2 are read at once"):
        decode(path)
    assert list(decode(path, "page=2")) == ["page=2"]


def test_pages_may_be_decoded_in_any_order(tmp_path: Path) -> None:
    given = dict(read_pages(save(tmp_path / "a.tiff", 9, 5, 7)))
    decoded = {name: given[name]() for name in ("page=3", "page=1", "page=2")}
    assert {name: picture.getpixel((0, 0)) for name, picture in decoded.items()} == {
        "page=3": 7,
        "page=1": 9,
        "page=2": 5,
    }


@pytest.mark.parametrize("kind", [1, 4])
def test_smaller_copies_and_masks_are_no_pages(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "a.tiff"
    with TiffImagePlugin.AppendingTiffWriter(path, new=True) as file:
        for grey, tags in ((9, {}), (9, {254: kind}), (5, {254: 2})):
            PIL.Image.new("L", (20 + grey, 10), grey).save(file, "TIFF", tiffinfo=tags)
            file.newFrame()
    found = decode(path)
    assert {name: picture.getpixel((0, 0)) for name, picture in found.items()} == {"page=1": 9, "page=2": 5}
    assert list(decode(path, "page=2")) == ["page=2"]


def test_a_scan_with_a_thumbnail_has_one_page(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    with TiffImagePlugin.AppendingTiffWriter(path, new=True) as file:
        for tags in ({}, {254: 1}):
            PIL.Image.new("L", (20, 10), 7).save(file, "TIFF", tiffinfo=tags)
            file.newFrame()
    assert not has_pages(path)


def test_a_tag_of_another_type_says_nothing(tmp_path: Path) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = "a copy"
    tags.tagtype[254] = 2  # a text
    drawn = [PIL.Image.new("L", (20, 10), grey) for grey in (9, 5)]
    path = tmp_path / "a.tiff"
    drawn[0].save(path, save_all=True, append_images=drawn[1:], tiffinfo=tags)
    assert list(decode(path)) == ["page=1", "page=2"]
