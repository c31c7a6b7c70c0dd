"""``inkdigit calibrate``."""

from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples("inkdigit calibrate runs/locator-1", "inkdigit calibrate runs/locator-1 --model runs/reader-1")
def calibrate(
    locator: Annotated[str, typer.Argument(help="The folder of a finished run of a locator, or its .onnx file.")],
    model: Annotated[
        str, typer.Option(help="The classifier to join it with: a run's folder, an .onnx file, or shipped weights.")
    ] = "reader",
    data: Annotated[str, typer.Option(help="The dataset whose held-out digits stand on the pages.")] = "mnist",
    pages: Annotated[int, typer.Option(min=20, help="How many pages to generate; 600 take about a minute.")] = 600,
) -> None:
    """Fit how locator and classifier are joined and when to refuse.

    Fits how much each of the two is believed, and the confidence below which a digit is refused, on generated pages
    alone. Writes both into the locator's model, where 'inkdigit read --locator' finds them.
    """
    from inkdigit.calibrate import calibrate as fit
    from inkdigit.cli.downloads import fetch

    fetch(data)
    joining = fit(locator, model, data=data, n=pages)
    print(f"which digit: both weigh {joining.say:.3f}")
    print(f"whether it is one: the locator weighs {joining.locator:.3f}, the classifier {joining.classifier:.3f}")
    print(f"doubt on generated pages {joining.doubt:+.3f}, trust in people's pictures {joining.trust:+.3f}")
    print(f"digits are told from a confidence of {joining.threshold:.3f} on")
