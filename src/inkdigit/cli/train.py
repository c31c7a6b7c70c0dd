"""``inkdigit train``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples(
    "inkdigit train lenet",
    "inkdigit train softmax --data optdigits --set epochs=2",
    "inkdigit train mlp --set model.hidden=64,64 --set lr=0.01",
    "inkdigit train reader --out runs/mine --resume",
    "inkdigit train lenet --from runs/lenet-1 --set lr=0.0003",
)
def train(
    recipe: Annotated[str, typer.Argument(help="See 'inkdigit list recipes'.")],
    data: Annotated[
        str | None,
        typer.Option(help="A dataset's name, an IDX folder, or pictures in 0/ to 9/. [default: mnist]"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; without it, runs/RECIPE-N.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="Seed of weights, order and augmentation. [default: 0]")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that share each batch, each on a core or more. [default: 1]"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in --out, or in the newest run of the recipe.")
    ] = False,
    begun_from: Annotated[
        Path | None, typer.Option("--from", help="A finished run of the same network: start from its weights.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Change the recipe: lr=0.01, augment.rotate=10; x=1 lists all."
        ),
    ] = None,
    log: Annotated[list[str] | None, typer.Option(help="A further logger: tensorboard.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a network by a recipe.

    Prints the folder of the run. It holds the recipe, the log, the weights, model.onnx, the evaluation and the curves.
    Ctrl-C saves, and --resume goes on as if nothing had happened.
    """
    from inkdigit.cli.downloads import fetch
    from inkdigit.cli.messages import tell
    from inkdigit.learning.train import train as run_training

    loggers = ("csv", "progress", *(log or ()))
    result = run_training(
        recipe,
        data=data,
        out=out,
        seed=seed,
        device=device,
        processes=processes,
        settings=settings or (),
        resume=resume,
        begun_from=begun_from,
        loggers=loggers,
        announce=fetch,
        tell=tell,
    )
    low, high = result["test_accuracy_interval"]
    print(f"test accuracy {result['test_accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}, "
          f"n = {result['test_n']})", file=sys.stderr)  # fmt: skip
    print(json.dumps(result, indent=2) if as_json else result["run"])
