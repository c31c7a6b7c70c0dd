"""``inkdigit serve``."""

from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples
from inkdigit.cli.messages import tell


@with_examples(
    "inkdigit serve --open",
    "inkdigit serve --model reader --model runs/lenet-1",
    "inkdigit serve --host 0.0.0.0 --allow-host digits.example",
    "inkdigit serve --set readers=4 --set queue=128",
)
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8000,
    model: Annotated[
        list[str] | None, typer.Option(help="Shipped weights, a run's folder, or an .onnx file. [default: reader]")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A further name by which browsers may call this server.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a bound; see docs/serving.md.")
    ] = None,
) -> None:
    """Serve a page to draw on, and readings over HTTP.

    Prints the address once it answers. Nothing that is sent is kept. Ctrl-C and SIGTERM end it when what was accepted
    is answered.
    """
    import asyncio
    import ipaddress
    import webbrowser

    from inkdigit.reading.weights import DEFAULT
    from inkdigit.serving.bounds import Bounds, override
    from inkdigit.serving.models import name_models
    from inkdigit.serving.server import run

    bounds = override(Bounds(), settings or ())
    models = name_models(model or [DEFAULT])

    def announce(address: str) -> None:
        print(address, flush=True)
        if open_:
            webbrowser.open(address)

    def is_loopback(name: str) -> bool:
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost"

    if not is_loopback(host):
        tell(f"whoever can reach {host} can use this server: put it behind a proxy that asks who they are, with TLS")
    asyncio.run(run(models, host, port, bounds=bounds, allowed=allow_host or (), announce=announce))
