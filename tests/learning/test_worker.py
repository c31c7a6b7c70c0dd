"""The process that trains one run, for real."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.trainer import COMMAND


def start(recipe: str, *settings: str, **options: Any) -> subprocess.Popen[str]:
    given = {"recipe": override(RECIPES[recipe], settings).to_dict(), "seed": 1, **options}
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, json.dumps(given)], stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_what_goes_wrong_is_said_once_and_is_the_exit_code(tmp_path: Path) -> None:
    with start("softmax", data="./none", out=str(tmp_path / "run")) as process:
        assert process.wait(timeout=60) == 4
        stdout, stderr = process.communicate()
    assert stdout.startswith("./none: no such folder; expected ")
    assert "\n" not in stdout
    assert stderr == ""


def test_when_its_input_ends_it_saves(digits_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = ("steps=1000000", "log_every=5000")
    with start("softmax", *settings, data=str(digits_folder), out=str(run)) as process:
        deadline = time.monotonic() + 60
        while not (run / "metrics.csv").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert process.poll() is None
        stdout, stderr = process.communicate(timeout=60)  # closes its input
    assert process.returncode == 143
    assert stdout.startswith("stopped after step ")
    assert stderr == ""
    assert (run / "state.safetensors").exists()
    assert not list(run.rglob(".*"))
