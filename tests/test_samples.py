import csv
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import PIL.ExifTags
import PIL.Image
import pytest
from PIL import ImageDraw

from inkdigit import Reader

SAMPLES = Path(__file__).parent.parent / "samples"
PICTURES = sorted(path.name for path in SAMPLES.iterdir() if path.suffix in {".png", ".jpg"})
JPEG_TOLERANCE = 8


def read_answers(folder: Path) -> Mapping[str, str]:
    with (folder / "answers.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["text"].replace("\\n", "\n") for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "samples"
    subprocess.run([sys.executable, SAMPLES / "make.py", folder], check=True)
    return folder


def test_every_picture_has_an_answer_and_every_answer_a_picture() -> None:
    assert sorted(read_answers(SAMPLES)) == PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_reader_reads_the_sample(reader: Reader, name: str) -> None:
    assert reader.read(SAMPLES / name).text == read_answers(SAMPLES)[name]


@pytest.mark.parametrize("width", [2, 3, 4])
def test_digits_in_the_boxes_of_a_form_are_read(reader: Reader, width: int) -> None:
    form = PIL.Image.open(SAMPLES / "page.png").convert("L").crop((90, 40, 510, 200))
    for x in (18, 120, 215, 317):
        ImageDraw.Draw(form).rectangle((x, 10, x + 100, 150), outline=40, width=width)
    assert reader.read(form).text == "2026"


def test_script_makes_the_same_files(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir()) == sorted([*PICTURES, "answers.csv"])
    assert (made / "answers.csv").read_bytes() == (SAMPLES / "answers.csv").read_bytes()


@pytest.mark.parametrize("name", PICTURES)
def test_script_makes_the_same_pixels(made: Path, name: str) -> None:
    with PIL.Image.open(made / name) as new, PIL.Image.open(SAMPLES / name) as old:
        assert (new.mode, new.size, dict(new.getexif())) == (old.mode, old.size, dict(old.getexif()))
        difference = np.abs(np.asarray(new, np.int16) - np.asarray(old, np.int16)).max()
    assert difference <= (JPEG_TOLERANCE if name.endswith(".jpg") else 0)


def test_photo_is_stored_on_its_side() -> None:
    with PIL.Image.open(SAMPLES / "photo.jpg") as photo:
        assert photo.getexif()[PIL.ExifTags.Base.Orientation] == 6
        assert photo.width > photo.height


def test_samples_are_small() -> None:
    sizes = [(SAMPLES / name).stat().st_size for name in PICTURES]
    assert max(sizes) < 100_000
    assert sum(sizes) < 500_000
