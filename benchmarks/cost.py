"""What reading and training cost on this machine: CPU of cold starts, latency, throughput, steps a second.

usage: python -m benchmarks.cost [--out FILE.json]; takes about a minute
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from benchmarks.figures import add_out, write_figures

from inkdigit import OnnxClassifier, Reader, train
from inkdigit.evaluation.speed import median_seconds
from inkdigit.machine import describe_machine
from inkdigit.preparation.load import load
from inkdigit.reading.weights import find_model

SAMPLES = Path(__file__).parent.parent / "samples"


def cpu_seconds(*arguments: str, repeats: int = 5) -> float:
    """The least CPU time of a Python process, in seconds."""
    times = []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def measure_starts() -> dict[str, float]:
    """Cold starts, in seconds of CPU."""
    picture = str(SAMPLES / "seven.png")
    return {
        "import inkdigit, over a bare interpreter (s of CPU)": cpu_seconds("-c", "import inkdigit")
        - cpu_seconds("-c", "pass"),
        "inkdigit --help (s of CPU)": cpu_seconds("-m", "inkdigit", "--help"),
        "inkdigit read seven.png (s of CPU)": cpu_seconds("-m", "inkdigit", "read", picture),
    }


def measure_reading() -> dict[str, float]:
    """Warm reading: pictures in milliseconds, digit images a second, and what feature maps would cost."""
    reader, images = Reader(), np.random.default_rng(0).integers(0, 256, (2048, 28, 28), dtype=np.uint8)
    classifier = OnnxClassifier(find_model("reader"))
    classifier.run_features(images[:1])
    figures = {}
    for path in sorted(SAMPLES.glob("*.[pj][np]g")):
        h, w = load(path).shape
        figures[f"read {path.name}, {w}x{h} (ms)"] = 1000 * median_seconds(lambda path=path: reader.read(path), 20)  # type: ignore[misc]
    figures["one digit image (us)"] = 1e6 * median_seconds(lambda: classifier(images[:1]), 300)
    figures["digit images a second"] = len(images) / median_seconds(lambda: classifier(images), 5)
    figures["the same with feature maps (x as long)"] = median_seconds(
        lambda: classifier.run_features(images[:256]), 5
    ) / median_seconds(lambda: classifier(images[:256]), 5)
    return figures


def measure_training() -> dict[str, float]:
    """Steps a second of the tutorial's LeNet, batches of 4, on the small set that needs no network."""
    with tempfile.TemporaryDirectory() as folder:
        result = train("lenet", data="optdigits", out=Path(folder) / "run", settings=["epochs=10"])
    return {"lenet, batches of 4 (steps a second)": result["steps"] / result["seconds"]}


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_out(parser)
    arguments = parser.parse_args()
    figures = {**measure_starts(), **measure_reading(), **measure_training()}
    for name, value in figures.items():
        print(f"{name:<58}{value:>12.3f}")
    machine = {**describe_machine(), "threads": torch.get_num_threads()}
    write_figures({"machine": machine, "figures": figures}, arguments.out)


if __name__ == "__main__":
    main()
