"""The networks of an average, trained side by side where each takes one core, else one after the other."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from inkdigit.learning.abreast import Job, count_at_once, train_abreast
from inkdigit.learning.estimate import estimate_seconds
from inkdigit.learning.run import Run


def train_members(
    run: Run, n: int, device: str, loggers: Sequence[str], tell: Callable[[str], None] = lambda _: None
) -> list[Run]:
    """Trains or resumes the networks of a run that averages several; a finished one is left as it is.

    Args:
        run: its members lie within its folder.
        n: digits to learn from.
        device: ``cpu`` or ``cuda``.
        loggers: names in ``LOGGERS``.
        tell: called with the estimated time, and with a line when a network begins or ends.

    Raises:
        InkdigitError: as ``train`` does.
        Interrupted: after the unfinished networks were saved.
    """
    members = [_member(run, number) for number in range(run.recipe.members)]
    jobs = [
        Job(f"network {number} of {len(members)}", _options(member, device, loggers))
        for number, member in enumerate(members, 1)
        if not member.is_finished
    ]
    goes_on = f"go on with: {run.resume_command}"
    at_once = count_at_once(run.recipe, len(jobs), device)
    if jobs:
        seconds = estimate_seconds(run.recipe, n, device) * math.ceil(len(jobs) / at_once)
        tell(f"about {1 + seconds // 60:.0f} min of training on this machine")
    train_abreast(jobs, at_once, tell, goes_on=goes_on)
    return members


def _member(run: Run, number: int) -> Run:
    seed = run.seed * run.recipe.members + number  # so that averages with different seeds share no network
    return Run(run.member(number), replace(run.recipe, members=1), seed, run.data, run.data_sha256)


def _options(member: Run, device: str, loggers: Sequence[str]) -> dict[str, Any]:
    """The arguments of ``train`` for a member."""
    return {
        "recipe": member.recipe.to_dict(),
        "data": member.data,
        "out": str(member.folder),
        "seed": member.seed,
        "device": device,
        "resume": (member.folder / "run.json").exists(),
        "loggers": list(loggers),
    }
