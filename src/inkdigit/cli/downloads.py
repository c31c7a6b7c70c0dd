"""A bar while a dataset is fetched."""

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from inkdigit.data.sources import DATASETS


def fetch(name: str) -> None:
    """Fetches a dataset that has a name, with a bar on standard error if there is anything to fetch."""
    if name not in DATASETS:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks: dict[str, int] = {}

        def listen(file: str, received: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=total or None)
            progress.update(tasks[file], completed=received)  # type: ignore[arg-type]

        DATASETS[name].fetch(listen)
