"""One answer behind all doors: HTTP and the command line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.serving.conftest import SAMPLES, Served

FILES = sorted(path for path in SAMPLES.iterdir() if path.is_file())


def without_source(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "source"}


@pytest.fixture(scope="module")
def printed() -> list[dict[str, Any]]:
    """What the command line prints of every file of the samples, pictures or not."""
    command = [sys.executable, "-m", "inkdigit", "read", *map(str, FILES), "--format", "json"]
    values: list[dict[str, Any]] = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    return values


def test_read_answers_what_the_command_line_prints(served: Served, printed: list[dict[str, Any]]) -> None:
    assert len(printed) == len(FILES) > 9
    with served.client() as client:
        for path, told in zip(FILES, printed, strict=True):
            raw = client.post("/read", content=path.read_bytes(), headers={"content-type": "application/octet-stream"})
            form = client.post("/read", files={"picture": (path.name, path.read_bytes())})
            assert without_source(raw.json()) == without_source(form.json()) == without_source(told), path.name
            assert (raw.json()["source"], form.json()["source"]) == ("body", path.name)
            assert raw.status_code == form.status_code == (422 if "error" in told else 200)


def test_a_batch_answers_the_same_list(served: Served, printed: list[dict[str, Any]]) -> None:
    files = [("pictures", (path.name, path.read_bytes())) for path in FILES]
    with served.client() as client:
        answer = client.post("/read/batch", files=files)
    assert answer.status_code == 200
    assert [values["source"] for values in answer.json()] == [path.name for path in FILES]
    assert list(map(without_source, answer.json())) == list(map(without_source, printed))


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ({"single": "true"}, ["--single"]),
        ({"region": "90,40,420,160"}, ["--region", "90,40,420,160"]),
        ({"min_confidence": "0.99", "length": "2-6"}, ["--min-confidence", "0.99", "--length", "2-6"]),
        ({"pattern": "[0-9]{2}", "check": "luhn"}, ["--pattern", "[0-9]{2}", "--check", "luhn"]),
    ],
    ids=str,
)
def test_options_mean_the_same(query: dict[str, str], options: list[str], served: Served, tmp_path: Path) -> None:
    page = SAMPLES / "page.png"
    command = [sys.executable, "-m", "inkdigit", "read", str(page), "--format", "json", *options]
    (told,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    with served.client() as client:
        answer = client.post("/read", params=query, content=page.read_bytes())
    assert without_source(answer.json()) == without_source(told)


def test_numbers_to_choose_among_come_with_the_query_and_never_from_a_file(served: Served, tmp_path: Path) -> None:
    (tmp_path / "numbers").write_text("1\n2\n")
    command = [sys.executable, "-m", "inkdigit", "read", str(SAMPLES / "seven.png"), "--format", "json"]
    (told,) = json.loads(
        subprocess.run([*command, "--among", str(tmp_path / "numbers")], capture_output=True, check=True).stdout
    )
    with served.client() as client:
        content = (SAMPLES / "seven.png").read_bytes()
        answer = client.post("/read", params={"among": ["1", "2"]}, content=content)
        refused = client.post("/read", params={"among": str(tmp_path / "numbers")}, content=content)
    assert without_source(answer.json()) == without_source(told)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "usage")
