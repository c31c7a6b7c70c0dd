"""What a measurement ran on: without it a second says nothing."""

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("inkdigit", "torch", "onnxruntime", "numpy")

CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
"""Where Linux states a container's CPU quota and the period it applies to, both in microseconds."""

BUSY_SHARE = 0.15
"""If other processes take more than this share of all cores' time, timings are not to be trusted."""

WATCHED_S = 0.3


def describe_machine() -> dict[str, str | int]:
    """Processor, cores that this process may use, and versions."""
    versions = {package: _version(package) for package in PACKAGES}
    return {
        "processor": _processor(),
        "cores": count_cores(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: number for package, number in versions.items() if number},
    }


def count_cores() -> int:
    """How many cores this process may use: those it is bound to, or fewer where a container grants less time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _granted() or cores)


def _granted() -> int:
    """The cores whose time a container grants (``docker run --cpus``), rounded up; 0 where it is not bounded."""
    try:
        quota, period = CPU_MAX.read_text(encoding="ascii").split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max 100000"
        return 0


def is_busy() -> bool:
    """Whether other work keeps the machine busy right now; False where the system does not say. Takes 0.3 s."""
    before = _times()
    time.sleep(WATCHED_S)
    busy, total = (later - earlier for later, earlier in zip(_times(), before, strict=True))
    return total > 0 and busy / total > BUSY_SHARE


def _times() -> tuple[int, int]:
    """Busy and total time of all cores since boot, in ticks; 0 and 0 where the system does not say."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0, 0
    idle = sum(ticks[3:5])  # and waiting for a disk
    return sum(ticks) - idle, sum(ticks)


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
