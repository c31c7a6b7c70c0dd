"""What a measurement ran on: without it a second says nothing."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("inkdigit", "torch", "onnxruntime", "numpy")

BUSY = 0.5
"""Cores' worth of other work from which on times are not to be trusted."""


def describe_machine() -> dict[str, str | int]:
    """Processor, cores that this process may use, and versions."""
    versions = {package: _version(package) for package in PACKAGES}
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: number for package, number in versions.items() if number},
    }


def other_load() -> float:
    """How many cores the machine kept busy over the last minute, where it tells; call it before work begins."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
