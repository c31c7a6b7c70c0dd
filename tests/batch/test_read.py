"""Files read by Ray, as they come out of Parquet."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inkdigit import Reader
from inkdigit.batch import Job, Tally, read_files
from inkdigit.batch.engine import Engine
from inkdigit.batch.read import JOURNALS, read_part, share
from inkdigit.errors import EnvironmentFault, ImageError, UsageError
from inkdigit.lock import locked
from inkdigit.preparation.load import PictureLike
from inkdigit.reading.inputs import find_files
from inkdigit.reading.options import Options
from inkdigit.reading.result import Reading

SAMPLES = Path(__file__).parents[2] / "samples"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("engine")]


def read(folder: Path, answers: Path, *, again: bool = False, **options: Unpack[Options]) -> list[Tally]:
    tallies: list[Tally] = []
    read_files(find_files(str(folder)), answers, options=options, again=again, watch=tallies.append)
    return tallies


def part_of(folder: Path) -> pa.Table:
    """All files of a folder, as Ray sends them."""
    return pa.concat_tables(share(list(find_files(str(folder))), cores=1))


def rows_of(answers: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(answers).to_pylist()
    return sorted(rows, key=lambda row: row["source"])


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("seven.png", "page.png"):
        shutil.copy(SAMPLES / name, folder)
    return folder


def test_a_row_is_the_reading_and_its_file(pictures: Path, tmp_path: Path) -> None:
    tallies = read(pictures, tmp_path / "answers", rules=["length=1-6"])
    rows = rows_of(tmp_path / "answers")
    assert sum(tally.pictures for tally in tallies) == len(rows) == 2
    for row in rows:
        reading = Reader().read(row["source"], rules=["length=1-6"])
        assert row.pop("file") == row["source"]
        assert row.pop("error") is None
        assert row == json.loads(json.dumps(reading.to_dict()))
        assert row["lines"][0]["rule"]["name"] == "length"


def test_what_cannot_be_read_is_a_row_with_its_error(pictures: Path, tmp_path: Path) -> None:
    (pictures / "broken.png").write_bytes(b"no picture")
    tallies = read(pictures, tmp_path / "answers")
    assert sum(tally.failed for tally in tallies) == 1
    broken = rows_of(tmp_path / "answers")[0]
    assert broken["error"]["code"] == "not_an_image"
    assert broken["text"] is broken["lines"] is broken["width"] is None


def test_each_page_of_a_file_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    pages = [PIL.Image.open(SAMPLES / name).convert("L") for name in ("seven.png", "small.png")]
    pages[0].save(tmp_path / "pictures" / "two.tiff", save_all=True, append_images=pages[1:])
    tallies = read(tmp_path / "pictures", tmp_path / "answers")
    assert tallies == [Tally(files=1, pictures=2, failed=0)]
    rows = rows_of(tmp_path / "answers")
    assert [row["text"] for row in rows] == ["7", "2"]
    assert {row["file"] for row in rows} == {str(tmp_path / "pictures" / "two.tiff")}
    assert rows[1]["source"].endswith("two.tiff#page=2")


def test_the_same_call_goes_on(pictures: Path, tmp_path: Path) -> None:
    (pictures / "broken.png").write_bytes(b"no picture")
    before = read(pictures, tmp_path / "answers")
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "answers").iterdir()}
    shutil.copy(SAMPLES / "small.png", pictures)
    after = read(pictures, tmp_path / "answers")
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert len(rows_of(tmp_path / "answers")) == 4
    assert sum(tally.files for tally in after) == sum(tally.files for tally in before) + 1
    assert sum(tally.failed for tally in after) == 1, "what failed before is told again"


def test_what_could_not_be_read_is_read_again_where_asked(pictures: Path, tmp_path: Path) -> None:
    (pictures / "broken.png").write_bytes(b"no picture")
    read(pictures, tmp_path / "answers")
    good = next(path for path in (tmp_path / "answers").iterdir() if "seven" in str(pq.read_table(path)["file"]))
    written = good.stat().st_mtime_ns
    shutil.copy(SAMPLES / "small.png", pictures / "broken.png")
    assert sum(tally.failed for tally in read(pictures, tmp_path / "answers")) == 1
    assert sum(tally.failed for tally in read(pictures, tmp_path / "answers", again=True)) == 0
    assert [row["text"] for row in rows_of(tmp_path / "answers")] == ["2", "2026\n314159\n80", "7"]
    assert good.stat().st_mtime_ns == written


def test_files_are_known_by_where_they_lie(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pictures)
    tallies: list[Tally] = []
    files = [("seven.png", ""), ("./seven.png", ""), (str(pictures / "seven.png"), "")]
    read_files(files, tmp_path / "answers", watch=tallies.append)
    assert tallies == [Tally(files=1, pictures=1, failed=0)]
    assert rows_of(tmp_path / "answers")[0]["file"] == str(pictures / "seven.png")


def test_a_name_of_bytes_that_are_no_text(pictures: Path, tmp_path: Path) -> None:
    (pictures / "seven.png").rename(os.fsdecode(os.fsencode(pictures) + b"/\xff.png"))
    read(pictures, tmp_path / "answers")
    assert rows_of(tmp_path / "answers")[0]["source"].endswith("\\udcff.png")
    assert sum(tally.files for tally in read(pictures, tmp_path / "answers")) == 2
    assert len(rows_of(tmp_path / "answers")) == 2


def test_answers_made_otherwise_are_not_mixed(pictures: Path, tmp_path: Path) -> None:
    read(pictures, tmp_path / "answers")
    with pytest.raises(UsageError, match="made with another single and min_confidence; choose another folder"):
        read(pictures, tmp_path / "answers", single=True, min_confidence=0.5)


def test_a_wrong_option_is_told_before_anything_begins(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected 0, which refuses nothing, to 1"):
        read(pictures, tmp_path / "answers", min_confidence=2)
    assert not (tmp_path / "answers").exists()


def test_nothing_but_answers_is_left(pictures: Path, tmp_path: Path) -> None:
    read(pictures, tmp_path / "answers")
    assert {path.suffix for path in (tmp_path / "answers").iterdir()} == {".parquet"}


class DeadlyJob(Job):
    """One picture of it ends whatever process reads it."""

    def read(self, name: str, source: PictureLike) -> Reading | ImageError:
        if "deadly" in name:
            os._exit(1)
        return super().read(name, source)


def test_a_file_that_processes_die_of_is_found_and_told(pictures: Path, tmp_path: Path, engine: Engine) -> None:
    shutil.copy(SAMPLES / "seven.png", pictures / "deadly.png")
    (tmp_path / "answers" / JOURNALS).mkdir(parents=True)
    job = DeadlyJob(**vars(Job.of("reader", "locator", {}, tmp_path / "answers")))
    assert list(engine.map(read_part, [part_of(pictures)], job)) == [{"files": 3, "pictures": 3, "failed": 1}]
    deadly, page, seven = rows_of(tmp_path / "answers")
    assert deadly["error"]["code"] == "too_complex"
    assert (page["text"], seven["text"]) == ("2026\n314159\n80", "7")


def test_a_process_that_takes_too_long_for_a_picture_ends() -> None:
    code = "import time; from inkdigit.batch.read import limited\nwith limited(0.1): time.sleep(60)"
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode == 1
    code = "import time; from inkdigit.batch.read import limited\nwith limited(0.2): pass\ntime.sleep(0.5)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_process_at_a_time_fills_a_folder(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "answers").mkdir()
    with locked(tmp_path / "answers", wait=False), pytest.raises(EnvironmentFault, match="another process fills it"):
        read(pictures, tmp_path / "answers")


def test_ray_that_runs_already_is_taken_as_it_is(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found Ray at work in this process"):
        read_files(find_files(str(pictures)), tmp_path / "answers", processes=2)


class TestPart:
    """Read in this process, as one of Ray's would."""

    def test_read_twice_it_is_there_once(self, pictures: Path, tmp_path: Path) -> None:
        (tmp_path / "answers" / JOURNALS).mkdir(parents=True)
        job = Job.of("reader", "locator", {}, tmp_path / "answers")
        for _ in range(2):
            assert read_part(part_of(pictures), job).to_pylist() == [{"files": 2, "pictures": 2, "failed": 0}]
        assert len(list((tmp_path / "answers").glob("*.parquet"))) == 1

    def test_answers_to_many_pictures_are_written_before_its_end(
        self, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("inkdigit.batch.read.PART", 2)
        (tmp_path / "answers" / JOURNALS).mkdir(parents=True)
        shutil.copy(SAMPLES / "seven.png", pictures / "eight.png")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("inkdigit.batch.read.PART", 256)
            part = part_of(pictures)
        read_part(part, Job.of("reader", "locator", {}, tmp_path / "answers"))
        assert sorted(pq.read_table(path).num_rows for path in (tmp_path / "answers").glob("*.parquet")) == [1, 2]

    def test_files_are_shared_out_once_each(self) -> None:
        files = [(f"{number}.png", "") for number in range(1000)]
        parts = [part["path"].to_pylist() for part in share(files, cores=2)]
        assert [name for part in parts for name in part] == [os.fsencode(name) for name, _ in files]
        assert {len(part) for part in parts} == {125}
        assert [len(part["path"]) for part in share(files * 10, cores=2)] == [256] * 39 + [16]


def test_digits_are_read_as_ever(tmp_path: Path) -> None:
    """An image like MNIST's passes unchanged here, too."""
    (tmp_path / "pictures").mkdir()
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:16] = 255
    PIL.Image.fromarray(image).save(tmp_path / "pictures" / "one.png")
    read(tmp_path / "pictures", tmp_path / "answers")
    assert rows_of(tmp_path / "answers")[0]["text"] == "1"
