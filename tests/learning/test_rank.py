"""The process that trains with others, for real."""

import json
import signal
import subprocess
import time
from pathlib import Path

from inkdigit import load_dataset
from inkdigit.learning.distributed import COMMAND
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run


def test_it_heeds_no_signal_and_ends_with_its_input(digits_folder: Path, tmp_path: Path) -> None:
    folder, place = tmp_path / "run", tmp_path / "store"
    folder.mkdir()
    digits = load_dataset(str(digits_folder), "train+validation")
    Run(folder, RECIPES["lenet"], 0, str(digits_folder), digits.sha256, processes=2).write()
    pipe = subprocess.PIPE
    command = [*COMMAND, str(folder), str(place), "1"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        deadline = time.monotonic() + 60
        while not place.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)  # until it waits for the first
        for number in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        assert process.poll() is None
        stdout, stderr = process.communicate(timeout=60)  # closes its input
    assert (process.returncode, stdout, stderr) == (0, "", "")
    assert [path.name for path in folder.iterdir()] == ["run.json"]
    assert json.loads((folder / "run.json").read_text())["processes"] == 2
