"""What a benchmark measured, as JSON: printed in any case, and written where it is asked for."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inkdigit.files import write_atomic


def add_out(parser: argparse.ArgumentParser) -> None:
    """The option that says where. It has no default: a trial shall not write over what the docs are made of."""
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="also write the figures as JSON")


def write_figures(figures: Mapping[str, Any], out: Path | None) -> None:
    """Writes figures, if a place was named."""
    if out:
        write_atomic(out, json.dumps(figures, indent=2) + "\n")
