"""``inkdigit data``."""

from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples("inkdigit data mnist", "inkdigit data optdigits")
def data(name: Annotated[str, typer.Argument(help="See 'inkdigit list datasets'.")]) -> None:
    """Fetch and verify a dataset.

    Prints its folder, and how often each digit occurs in each split.
    """
    from inkdigit.cli.downloads import fetch
    from inkdigit.data.dataset import load_dataset
    from inkdigit.data.sources import DATASETS
    from inkdigit.errors import unknown

    if name not in DATASETS:
        raise unknown("dataset", name, DATASETS)
    fetch(name)
    print(DATASETS[name].fetch(lambda *_: None))
    counts = {split: load_dataset(name, split).counts() for split in ("train", "validation", "test")}
    print("split      " + "".join(f"{digit:>6}" for digit in range(10)) + "     all")
    for split, row in counts.items():
        print(f"{split:<11}" + "".join(f"{count:>6}" for count in row) + f"{sum(row):>8}")
