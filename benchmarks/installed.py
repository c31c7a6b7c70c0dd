"""What an installation weighs: a fresh environment, and its packages without those that it began with."""

import subprocess
import sys
import tempfile
from pathlib import Path

PEERS = Path(__file__).parent / "peers.txt"


def measure_sizes(project: Path) -> dict[str, float]:
    """MiB on disk, as ``du -m`` counts, of inkdigit's base install with its models, and of RapidOCR's; a minute."""
    return {
        "inkdigit (MiB)": measure_size(str(project)),
        "RapidOCR (MiB)": measure_size("--requirement", str(PEERS)),
    }


def measure_size(*wanted: str) -> float:
    """MiB that ``pip install`` adds to the site-packages of a fresh environment."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)  # noqa: S603
        (packages,) = Path(folder).glob("lib/python*/site-packages")
        before = _disk_bytes(packages)
        command = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        subprocess.run(command, check=True)  # noqa: S603
        return round((_disk_bytes(packages) - before) / 2**20, 1)


def _disk_bytes(folder: Path) -> int:
    return sum(512 * path.lstat().st_blocks for path in folder.rglob("*"))
