"""`python -m app demo`: the product started as by `run`, and a first journey through it."""

from functools import partial
from typing import Annotated

import typer

from app.cli.journey.tour import travel
from app.cli.run import Host, Port, serve

Products = Annotated[int, typer.Option(min=1, max=1_000_000, help="Products in the uploaded feed.")]


def demo(port: Port = 8000, host: Host = "127.0.0.1", products: Products = 2000) -> None:
    """Start everything as `run` does and travel once through it as a new seller; then keep serving until Ctrl-C."""
    serve(port=port, host=host, journey=partial(travel, products=products))
