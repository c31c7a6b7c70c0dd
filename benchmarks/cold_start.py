"""What a fresh process waits for its first answer: imports, opening the model, one image; PyTorch or ONNX Runtime.

usage: python -m benchmarks.cold_start torch|onnx FILE, which prints seconds as JSON

For ``onnx`` the file is a ``model.onnx``; for ``torch`` it is what ``inference_sides.save_for_torch`` writes.
"""
# ruff: noqa: PLC0415 (imports stand where they are timed)

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPEATS = 5
STEPS = ("import", "open", "first answer")


def start_onnx(path: Path) -> list[float]:
    """The clock at the beginning and after each step."""
    clock = [time.perf_counter()]
    import numpy as np

    from inkdigit.classifier import OnnxClassifier

    clock.append(time.perf_counter())
    classifier = OnnxClassifier(path)
    clock.append(time.perf_counter())
    classifier(np.zeros((1, 28, 28), np.uint8))
    return [*clock, time.perf_counter()]


def start_torch(path: Path) -> list[float]:
    """The clock at the beginning and after each step."""
    clock = [time.perf_counter()]
    import numpy as np
    import torch

    from inkdigit.learning.models import build_model
    from inkdigit.learning.predict import Deployed
    from inkdigit.learning.scaling import SCALINGS

    clock.append(time.perf_counter())
    saved = torch.load(path, weights_only=True)
    model = build_model(saved["model"], saved["model_options"])
    model.load_state_dict(saved["weights"])
    deployed = Deployed(model, SCALINGS[saved["scaling"]], saved["temperature"]).eval()
    clock.append(time.perf_counter())
    with torch.inference_mode():
        deployed(torch.from_numpy(np.zeros((1, 28, 28), np.uint8))).numpy()
    return [*clock, time.perf_counter()]


STARTS: Mapping[str, Callable[[Path], list[float]]] = {"torch": start_torch, "onnx": start_onnx}


def measure_starts(files: Mapping[str, Path], repeats: int = REPEATS) -> dict[str, dict[str, float]]:
    """Median seconds of each step of both sides, each in processes of its own, in turns.

    Args:
        files: the model of each side, by the names in ``STARTS``.
        repeats: processes of each side, after one that warms the disk's cache.
    """
    seconds: dict[str, list[list[float]]] = {side: [] for side in files}
    for _ in range(repeats + 1):
        for side, path in files.items():
            command = [sys.executable, "-m", "benchmarks.cold_start", side, str(path)]
            answer = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)  # noqa: S603
            seconds[side].append(json.loads(answer.stdout))
    return {side: summarise(runs[1:]) for side, runs in seconds.items()}


def summarise(runs: Sequence[Sequence[float]]) -> dict[str, float]:
    """Median seconds of each step and of all together."""
    steps = {step: statistics.median(run[i] for run in runs) for i, step in enumerate(STEPS)}
    return steps | {"together": statistics.median(map(sum, runs))}


def main() -> None:
    """Starts, and tells how long it took."""
    side, path = sys.argv[1:]
    print(json.dumps([later - earlier for earlier, later in pairwise(STARTS[side](Path(path)))]))


if __name__ == "__main__":
    main()
