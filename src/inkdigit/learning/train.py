"""Training: one straight loop, from a recipe to a run's folder."""

import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Generator, nn

from inkdigit.data.dataset import Dataset
from inkdigit.errors import Interrupted, UsageError, first_line
from inkdigit.evaluation.history import Row
from inkdigit.learning.checkpoint import Meter, Progress, load_state, save_state, save_weights
from inkdigit.learning.distributed import ALONE, Group, check_processes, gathered
from inkdigit.learning.engine import build, check_compiler, compiled, find_device, tuned, update
from inkdigit.learning.ensemble import finish_ensemble
from inkdigit.learning.finish import finish
from inkdigit.learning.logs import Logger, find_loggers
from inkdigit.learning.members import train_members
from inkdigit.learning.models import build_model
from inkdigit.learning.optim import SCHEDULES, build_optimizer, set_lr
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe, override
from inkdigit.learning.recipes import find_recipe
from inkdigit.learning.run import Run, claim_folder, free_folder, newest_folder
from inkdigit.learning.signals import Interruption
from inkdigit.learning.tally import Tally, finite
from inkdigit.learning.tasks import TASKS
from inkdigit.learning.trained import begin, load_base

TRIED = 2
"""Blank inputs in the trial step that shows whether a recipe can take one."""

CHECKPOINT_S = 20.0
"""A power cut loses about this many seconds of training at most."""


def train(
    recipe: str | Recipe,
    *,
    data: str | os.PathLike[str] | None = None,
    out: str | Path | None = None,
    seed: int | None = None,
    device: str = "auto",
    processes: int | None = None,
    settings: str | Sequence[str] = (),
    resume: bool = False,
    begun_from: str | Path | None = None,
    loggers: str | Sequence[str] = ("csv",),
    announce: Callable[[str], None] = lambda _name: None,
    tell: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Trains a recipe and fills its run's folder: weights, log, model.onnx, evaluation, curves.

    Args:
        recipe: a name in ``RECIPES``, or a recipe.
        data: a name in ``DATASETS``, or a folder; None is MNIST, or what a resumed run began with, where it lay then.
        out: the run's folder; None makes ``runs/RECIPE-N``, or resumes the newest.
        seed: of the weights, the order and the augmentation; None is 0, or what a resumed run began with.
        device: ``auto``, ``cpu`` or ``cuda``.
        processes: how many share each batch, on one core or more each; None is 1, or what a resumed run began with.
        settings: ``name=value`` overrides of the recipe.
        resume: go on with the run in ``out``, bit for bit as if it had never stopped.
        begun_from: the folder of a finished run of the same network, whose weights this one begins with.
        loggers: names in ``LOGGERS``.
        announce: called with the name of the dataset before it is loaded.
        tell: called with lines on the progress of an average's networks.

    Returns:
        The contents of the run's ``result.json``.

    Raises:
        UsageError: an unknown name or value, a folder in use, a resume with other options than at the start.
        DataError: the dataset or the run to resume is damaged; the loss is not finite.
        EnvironmentFault: no such device, or no compiler for it; the folder cannot be written; one of several processes
            ended.
        Interrupted: by Ctrl-C or SIGTERM, after the state was saved.
    """
    named, settings = None if data is None else os.fspath(data), [settings] if isinstance(settings, str) else settings
    chosen = override(find_recipe(recipe) if isinstance(recipe, str) else recipe, settings)
    _check_buildable(chosen, seed or 0)
    where = find_device(device)
    listeners = find_loggers(loggers)
    if resume and begun_from is not None:
        raise UsageError("found both a run to begin from and one to resume, expected one of them")
    base = load_base(Path(begun_from), chosen) if begun_from is not None else None
    if resume:
        run = Run.open(Path(out) if out is not None else newest_folder(chosen.name))
        check_same(
            run, chosen if settings or isinstance(recipe, Recipe) else None,
            name=chosen.name, seed=seed, processes=processes,
        )  # fmt: skip
        if run.is_finished and named is None:
            return run.result()
        check_processes(run.processes, run.recipe, where)
        check_compiler(run.recipe, where)
        if named is not None:
            run = replace(run, data=named)  # the same by its hash, which is checked below
        announce(run.data)
        training, watched, test = run.load_digits()
    else:
        together = 1 if processes is None else processes
        check_processes(together, chosen, where)
        check_compiler(chosen, where)
        asked = free_folder(Path(out)) if out is not None else None
        named = "mnist" if named is None else named
        announce(named)
        training, watched, test = PROTOCOLS[chosen.protocol].load(named)
        if base is not None:
            base.check_watched(chosen, training)
        begun = None if base is None else base.sha256
        place = asked or claim_folder(chosen.name)
        run = Run(place, chosen, seed or 0, training.name, training.sha256, begun, together)
    if resume and run.is_finished:
        return run.result()
    with run.held():
        if not resume:
            free_folder(run.folder)  # another process may have begun there while the digits were loaded
        if base is not None:
            begin(run, base.network, where)  # before ``run.json``: resumed without this, it would start afresh
        run.write()
        if run.recipe.members > 1:
            return finish_ensemble(run, train_members(run, len(training), where.type, loggers, tell))
        with gathered(run.folder, run.processes) as group:
            progress, model = fit(run, training, watched, listeners, where, group=group)
        return finish(run, model, progress, watched, test)


def fit(
    run: Run,
    training: Dataset,
    watched: Dataset,
    loggers: Sequence[Logger],
    device: torch.device,
    *,
    group: Group = ALONE,
) -> tuple[Progress, nn.Module]:
    """The loop: from the run's state, or from the start, to the last step. Returns progress and network.

    In a group that shares each batch, only the first process measures, logs and saves; the training loss and accuracy
    that it logs are those of its own share.
    """
    recipe, task = run.recipe, TASKS[run.recipe.task]
    with ExitStack() as stack:
        stack.enter_context(tuned(recipe, group.threads))
        torch.manual_seed(run.seed)
        generator = Generator(device).manual_seed(run.seed)
        model, optimizer = build(recipe, device)
        is_begun = run.state.exists() or run.begun_from  # without its state it must not begin afresh
        progress = load_state(run.state, model, optimizer, generator) if is_begun else Progress()
        batches = task.stream(recipe, training, run.seed, generator, group)
        interruption = stack.enter_context(Interruption())  # only now: there was nothing to save, maybe for minutes
        total_steps = recipe.total_steps(batches.per_epoch)
        round_steps = recipe.round_steps(batches.per_epoch)
        schedule = SCHEDULES[recipe.schedule]
        tally = Tally(progress)
        for logger in loggers:
            logger.start(run, progress.history, total_steps)
            stack.callback(logger.close)
        clock, learner = _Clock(progress), compiled(model, recipe, device)
        model.train()
        steps = batches.steps(progress.step, total_steps)
        for x, targets in group.seeded(steps, progress.step, run.seed, generator):
            lr = recipe.lr * schedule(progress.step / total_steps)
            set_lr(optimizer, lr)
            loss, logits, labels = update(learner, optimizer, x, targets, recipe, judge=task.judge, group=group)
            progress.step += 1
            if group.rank:
                continue
            tally.add(loss, logits, labels)
            is_round = progress.step % round_steps == 0 or progress.step == total_steps
            if is_round or progress.step % recipe.log_every == 0:
                clock.read()
                tally.count()
                measured = _watch(run, model, watched, progress) if is_round else {}
                row = _row(progress, lr, batches.per_epoch, measured)
                for logger in loggers:
                    logger.log(row)
            signal_number = interruption.signal_number  # only once: what comes later is handled after the next step
            if is_round or signal_number or clock.since_save() > CHECKPOINT_S:
                clock.read()
                tally.count()
                save_state(run.state, model, optimizer, generator, progress)
                clock.saved()
            if signal_number and progress.step < total_steps:
                raise Interrupted(
                    f"stopped after step {progress.step} of {total_steps}, saved; go on with: {run.resume_command}",
                    signal_number,
                )
    return progress, model


class _Clock:
    """Adds the time that passes to a run's progress, and knows when it was last saved."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = self._saved = time.perf_counter()

    def read(self) -> None:
        now = time.perf_counter()
        self._progress.seconds += now - self._last
        self._last = now

    def since_save(self) -> float:
        return time.perf_counter() - self._saved

    def saved(self) -> None:
        self._saved = time.perf_counter()


def _watch(run: Run, model: nn.Module, watched: Dataset, progress: Progress) -> dict[str, float]:
    """Measures the network on the watched digits, keeps its weights, and remembers the step that is to be kept."""
    loss, accuracy = TASKS[run.recipe.task].watch(model, run.recipe, watched)
    finite(loss, progress.step)
    save_weights(run.weights(progress.step), model)
    if accuracy > progress.best_accuracy or not PROTOCOLS[run.recipe.protocol].chooses:
        progress.best_step, progress.best_accuracy = progress.step, accuracy
    return {f"{watched.split}_loss": loss, f"{watched.split}_accuracy": accuracy}


def _row(progress: Progress, lr: float, per_epoch: int, measured: Mapping[str, float]) -> Row:
    """The next line of the log; it starts the sums anew."""
    meter = progress.meter
    images = max(meter.images, 1)  # a few pages may be without a digit
    row = Row(
        step=progress.step,
        epoch=progress.step / per_epoch,
        lr=lr,
        train_loss=meter.loss / images,
        train_accuracy=meter.correct / images,
        seconds=progress.seconds,
        **measured,
    )
    progress.history.append(row)
    progress.meter = Meter()
    return row


def _check_buildable(recipe: Recipe, seed: int) -> None:
    """Finds what network, optimiser or generator would refuse, before anything is loaded or written."""
    most = 2**63 // recipe.members - 1  # each network of an average has a seed of its own
    if not (isinstance(seed, int) and 0 <= seed <= most):
        raise UsageError(f"found seed {seed!r}, expected 0 to {most}")
    task = TASKS[recipe.task]
    with torch.random.fork_rng(devices=()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a layer without weights, which is reported below
        model = build_model(recipe.model, recipe.model_options)
        if empty := [name for name, weights in model.named_parameters() if not weights.numel()]:
            raise UsageError(
                f"found model={recipe.model} with {dict(recipe.model_options)}, whose {empty[0]} is empty; "
                "expected widths of at least 1"
            )
        optimizer = build_optimizer(recipe.optimizer, model.parameters(), recipe.lr, recipe.optimizer_options)
        try:  # some detect wrong options only when they are used
            output = model(torch.zeros(TRIED, 1, *task.input_sides))
            output.square().mean().backward()
            optimizer.step()
        except (RuntimeError, TypeError, ValueError, OverflowError, AssertionError, AttributeError) as error:
            raise UsageError(
                f"found model={recipe.model} with {dict(recipe.model_options)} and optimizer={recipe.optimizer} with "
                f"{dict(recipe.optimizer_options)}, which cannot take a step: {first_line(error)}"
            ) from error
        expected = (TRIED, *task.output_sides(recipe))
        if output.shape != expected:
            raise UsageError(
                f"found model={recipe.model} with {dict(recipe.model_options)}, whose output is "
                f"{tuple(output.shape)} for {TRIED} inputs, expected {expected}"
            )


def check_same(
    run: Run,
    recipe: Recipe | None,
    *,
    name: str | None = None,
    seed: int | None = None,
    processes: int | None = None,
) -> None:
    """Checks that a run is resumed with what it began with.

    Raises:
        UsageError: it is not.
    """
    begun = {"recipe": run.recipe.name, "seed": run.seed, "processes": run.processes, **run.recipe.settings()}
    given = {"recipe": name, "seed": seed, "processes": processes}
    asked = {what: value for what, value in given.items() if value is not None}
    asked |= recipe.settings() if recipe else {}
    if other := [f"{what}={begun[what]}" for what, value in asked.items() if value != begun[what]]:
        raise UsageError(f"{run.folder}: was begun with {', '.join(other)}; resume it as it was begun, or train anew")
