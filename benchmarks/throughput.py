"""How fast inkdigit reads: digit images, picture files by one process and by several, one drawing, a large photo.

usage: python -m benchmarks.throughput [--files 3000] [--out FILE.json]

Every row is measured in a process of its own, which tells its peak of memory, without that of processes it starts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from benchmarks.figures import add_out, write_figures
from benchmarks.openers import peak_mb

from inkdigit import Reader, Reading, load_dataset
from inkdigit.errors import InkdigitError
from inkdigit.images import Grey
from inkdigit.machine import count_cores, describe_machine, is_busy

ROOT = Path(__file__).parent.parent
FILES = 3000
SIDE, DRAWING = 280, 400
"""Pixels of a picture file, and of a drawing."""

PHOTO = (4000, 3000)
"""Width and height of a photo of 12 megapixels."""

CALLS = 20
GRAIN = 4.0
"""Deviation of the noise of a camera."""

SECONDS = 90
"""About how long all of it takes on two cores."""

Row = Mapping[str, float]


def read_arrays(folder: Path) -> Row:  # noqa: ARG001
    """MNIST's test images as they are, a second."""
    images, reader = list(load_dataset("mnist", "test").images), Reader()
    return {"a second": _rate(lambda: list(reader.read_many(images)), len(images))}


def read_files(folder: Path) -> Row:
    """Picture files, a second, by one process."""
    paths, reader = sorted(folder.glob("digits/*.png")), Reader()
    return {"a second": _rate(lambda: list(reader.read_many(paths)), len(paths))}


def read_files_by_processes(folder: Path) -> Row:
    """Picture files, a second, by a process for each core; starting them takes part of the time."""
    paths, reader = sorted(folder.glob("digits/*.png")), Reader()
    return {"a second": _rate(lambda: list(reader.read_many(paths, processes=count_cores())), len(paths))}


ROWS: Mapping[str, Callable[[Path], Row]] = {
    "digit images": read_arrays,
    "files, one process": read_files,
    "files, a process for each core": read_files_by_processes,
    "a digit drawn alone": lambda folder: {"ms": _median_ms(folder / "drawing.png")},
    "a photo full of writing": lambda folder: {"ms": _median_ms(folder / "full.jpg")},
    "a photo with a little writing": lambda folder: {"ms": _median_ms(folder / "sparse.jpg")},
}


def draw_pictures(folder: Path, files: int) -> None:
    """All that the rows read: digits somewhere on their paper, one drawn large, and photos of the sample page."""
    (folder / "digits").mkdir()
    images, random = load_dataset("mnist", "test").images, np.random.default_rng(0)
    for number in range(files):
        side = int(random.integers(SIDE // 2, SIDE + 1))
        x, y = random.integers(0, SIDE - side + 1, 2)
        paper = PIL.Image.new("L", (SIDE, SIDE), 255)
        paper.paste(_enlarge(images[number % len(images)], side), (int(x), int(y)))
        paper.save(folder / f"digits/{number}.png")
    _enlarge(images[0], DRAWING).save(folder / "drawing.png")
    _photograph(1.0).save(folder / "full.jpg", quality=90)
    _photograph(1 / 3).save(folder / "sparse.jpg", quality=90)


def _enlarge(image: Grey, side: int) -> PIL.Image.Image:
    return PIL.Image.fromarray(255 - image).resize((side, side), PIL.Image.Resampling.BICUBIC)


def _photograph(share: float) -> PIL.Image.Image:
    """A photo of 12 megapixels, on which the sample page takes that share of the width."""
    with PIL.Image.open(ROOT / "samples/page.png") as page:
        size = (round(share * PHOTO[0]), round(share * PHOTO[0] * page.height / page.width))
        written = np.asarray(page.convert("L").resize(size, PIL.Image.Resampling.BICUBIC))[: PHOTO[1]]
    grey = np.full(PHOTO[::-1], float(np.median(written)), np.float32)
    grey[: written.shape[0], : written.shape[1]] = written
    grey += np.random.default_rng(0).normal(0, GRAIN, grey.shape)
    return PIL.Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB")


def _rate(work: Callable[[], list[Any]], n: int) -> float:
    """Pictures a second; all of them must be read."""
    start = time.perf_counter()
    readings = work()
    seconds = time.perf_counter() - start
    if bad := [reading for reading in readings if not isinstance(reading, Reading)]:
        sys.exit(f"{len(bad)} of {n} pictures were not read: {bad[0]}")
    return n / seconds


def _median_ms(picture: Path) -> float:
    """Milliseconds of a reading, once warm."""
    reader, seconds = Reader(), []
    for _ in range(CALLS + 1):
        start = time.perf_counter()
        reader.read(picture)
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[1:])


def measure(name: str, folder: Path) -> dict[str, float]:
    """A row, by a process of its own."""
    command = [sys.executable, "-m", "benchmarks.throughput", "--row", name, "--pictures", str(folder)]
    answer = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)  # noqa: S603
    row: dict[str, float] = json.loads(answer.stdout)
    return row


def measure_all(files: int, out: Path | None) -> None:
    """Measures every row, prints a table and writes it."""
    print(f"about {SECONDS} s on two cores", flush=True)
    if busy := is_busy():
        print("this machine is at work on something else: it will seem slower than it is", flush=True)
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        draw_pictures(Path(folder), files)
        for name in ROWS:
            rows[name] = measure(name, Path(folder))
            figures = "   ".join(f"{value:,.1f} {unit}" for unit, value in rows[name].items())
            print(f"{name:<32}{figures}", flush=True)
    told = {"date": datetime.now(UTC).date().isoformat(), "machine": describe_machine(), "busy": busy}
    write_figures({**told, "files": files, "rows": rows}, out)


def main() -> None:
    """Measures all, or one row for the process that does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=FILES, help=f"how many picture files, by default {FILES}")
    add_out(parser)
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--pictures", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        if arguments.row:
            print(json.dumps({**ROWS[arguments.row](arguments.pictures), "peak_mb": peak_mb()}))
        else:
            measure_all(arguments.files, arguments.out)
    except InkdigitError as error:
        sys.exit(f"throughput: {error}")


if __name__ == "__main__":
    main()
