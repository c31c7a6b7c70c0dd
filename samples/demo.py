"""The whole job in one command: train LeNet, evaluate it, read the pictures of this folder with it.

usage: python samples/demo.py [FOLDER], where what it makes shall lie (default: demo)
"""

import sys
from pathlib import Path

from inkdigit import EnvironmentFault, ImageError, InkdigitError, Reader, train
from inkdigit.cli.downloads import fetch
from inkdigit.files import Places
from inkdigit.learning.run import claim_folder
from inkdigit.reading.draw import draw_annotated
from inkdigit.reading.inputs import find_pictures
from inkdigit.reading.steps import write_png

SAMPLES = Path(__file__).parent
SMALL_SET_EPOCHS = 30  # 1,189 digits need more passes than 55,000 for as many steps


def choose_data() -> tuple[str, list[str]]:
    """MNIST with the recipe as it is; without MNIST the small set, with as many epochs as that needs."""
    try:
        fetch("mnist")
    except EnvironmentFault:
        print("MNIST is neither here nor on the network: training on the 1,797 digits of scikit-learn instead.")
        return "optdigits", [f"epochs={SMALL_SET_EPOCHS}"]
    return "mnist", []


def read_samples(readers: dict[str, Reader], folder: Path) -> None:
    """Prints what each reader reads in each sample, and writes the annotated pictures."""
    places = {name: Places(folder / f"annotated-{name}") for name in readers}
    print(f"\n{'picture':<18}" + "".join(f"{name:<30}" for name in readers))
    for path, _ in find_pictures([str(SAMPLES)], sys.stdin.buffer):
        cells = []
        for name, reader in readers.items():
            try:
                explanation = reader.explain(path)
            except ImageError as error:
                cells.append(error.code)
                continue
            cells.append(explanation.reading.text.replace("\n", " / ") or "no ink")
            write_png(places[name].take(path, ".png"), draw_annotated(explanation))
        print(f"{Path(path).name:<18}" + "".join(f"{cell:<30}" for cell in cells))


def main() -> None:
    """Trains, evaluates, reads, and tells where everything lies."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    data, settings = choose_data()
    run = claim_folder("lenet", folder)
    print(f"Training LeNet on {data}, about a minute …")
    result = train("lenet", data=data, out=run, settings=settings, loggers=("csv", "progress"))
    low, high = result["test_accuracy_interval"]
    print(
        f"Test accuracy {result['test_accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}, n = {result['test_n']})"
    )
    read_samples({"new": Reader(run), "shipped": Reader()}, folder)
    print(f"\nThe run: {run}/  its curves: {run}/curves.png  annotated pictures: {folder}/annotated-*/")
    print(f"Now read your own: .venv/bin/inkdigit read PICTURE --model {run}")


if __name__ == "__main__":
    try:
        main()
    except InkdigitError as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
