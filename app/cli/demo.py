"""`python -m app demo`: the product started as by `run`, and a first journey through it."""

from app.cli.journey import travel
from app.cli.run import Host, Port, serve


def demo(port: Port = 8000, host: Host = "127.0.0.1") -> None:
    """Start everything as `run` does and travel once through it as a new seller; then keep serving until Ctrl-C."""
    serve(port=port, host=host, journey=travel)
