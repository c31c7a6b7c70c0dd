"""``inkdigit list``."""

import re
import subprocess
from collections.abc import Callable, Collection

import pytest

from inkdigit.cli.tables import tables
from inkdigit.data.sources import DATASETS
from inkdigit.evaluation.corruptions import CORRUPTIONS
from inkdigit.learning.augment import AUGMENTATIONS
from inkdigit.learning.models import NETWORKS
from inkdigit.learning.recipes import RECIPES
from inkdigit.reading.formats import FORMATS

TABLES = {
    "models": NETWORKS,
    "recipes": RECIPES,
    "datasets": DATASETS,
    "formats": FORMATS,
    "augmentations": AUGMENTATIONS,
    "corruptions": CORRUPTIONS,
}


@pytest.mark.parametrize("kind", TABLES)
def test_every_entry_has_a_line_of_its_own(kind: str, invoke: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    table: Collection[str] = TABLES[kind]
    ended = invoke("list", kind)
    lines = [line.split(maxsplit=1) for line in ended.stdout.splitlines()]
    assert [name for name, _ in lines] == list(table)
    assert all(len(description) > 10 for _, description in lines)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_network_may_have_no_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(NETWORKS, "silent", lambda: None)
    tables("models")
    assert "silent  not described" in re.sub(" {2,}", "  ", capsys.readouterr().out)
