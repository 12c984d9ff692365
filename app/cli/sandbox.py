"""`python -m app sandbox`: the double of the vendors as a process, and steering one that runs: faults, calls, goods."""

import json
import sys
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

import httpx
import typer
import uvicorn
from pydantic import SecretStr

from app.cli.environment import data_directory, kept_secret, running_environment
from app.core import logging
from app.core.config import Settings
from app.sandbox.faults import Kind
from app.sandbox.server import NotInProduction, create_app

LOOPBACK = "127.0.0.1"
FIRST_ERROR = 400
sandbox_app = typer.Typer(help="The sandbox: serve it, or steer the one that runs.")
faults_app = typer.Typer(help="Faults on demand: which calls they hit and what they do.", no_args_is_help=True)
sandbox_app.add_typer(faults_app, name="faults")

Host = Annotated[str, typer.Option(help="Address it listens on.")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port; without it, the one of SANDBOX_URL.")]


@sandbox_app.callback(invoke_without_command=True)
def serve(context: typer.Context, host: Host = LOOPBACK, port: Port = None) -> None:
    """Serve the sandbox until Ctrl-C (unless a command for a running one is given)."""
    if context.invoked_subcommand is not None:
        return
    settings = Settings()
    if not settings.sandbox_token.get_secret_value():
        settings = settings.model_copy(update={"sandbox_token": SecretStr(_token(settings))})
    logging.configure(settings, process="sandbox")
    try:
        app = create_app(settings)
    except NotInProduction as refusal:
        sys.exit(f"Cannot start: {refusal}.")
    uvicorn.run(
        app,
        host=host,
        port=port or urlsplit(settings.sandbox_url).port or 80,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )


@faults_app.command("list")
def list_faults() -> None:
    """Show the faults that are set and how often each was hit."""
    _show(_call("GET", "/faults"))


@faults_app.command("add")
def add_fault(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(get_args(Kind))}.")],
    *,
    vendor: Annotated[str, typer.Option(help="A vendor's name; * for all.")] = "*",
    path: Annotated[str, typer.Option(help="Pattern of the path, such as /products*.")] = "*",
    rate: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the calls that are hit.")] = 1.0,
    times: Annotated[int | None, typer.Option(min=1, help="After so many hits it is over.")] = None,
    after: Annotated[int, typer.Option(min=0, help="So many calls are let through first.")] = 0,
    status: Annotated[int, typer.Option(help="With `status`: which.")] = 503,
    retry_after: Annotated[str | None, typer.Option(help="With `status`: the Retry-After header.")] = None,
    seconds: Annotated[float, typer.Option(min=0.0, help="With `slow` and `drip`: how long.")] = 1.0,
    amount: Annotated[int, typer.Option(min=1, help="With `shrink`, `duplicate` and `drift`: how many goods.")] = 1,
) -> None:
    """Set a fault in the running sandbox."""
    wanted = {"kind": kind, "vendor": vendor, "path": path, "rate": rate, "times": times, "after": after}
    wanted |= {"status": status, "retry_after": retry_after, "seconds": seconds, "amount": amount}
    _show(_call("POST", "/faults", json={name: value for name, value in wanted.items() if value is not None}))


@faults_app.command("clear")
def clear_faults() -> None:
    """Take all faults away."""
    _call("DELETE", "/faults")


@sandbox_app.command()
def calls(
    vendor: Annotated[str | None, typer.Option(help="Only this vendor's.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only those with a higher number.")] = 0,
) -> None:
    """Show every call that the sandbox received."""
    _show(_call("GET", "/calls", params={"after": after} | ({"vendor": vendor} if vendor else {})))


@sandbox_app.command()
def state() -> None:
    """Show what the sandbox holds, in numbers."""
    _show(_call("GET", "/state"))


@sandbox_app.command()
def reset(
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed invents the same goods.")] = None,
    products: Annotated[int | None, typer.Option(min=0, help="How many goods.")] = None,
) -> None:
    """Begin anew: goods as by the seed, no faults, no calls."""
    wanted = {"seed": seed, "products": products}
    _show(_call("POST", "/reset", json={name: value for name, value in wanted.items() if value is not None}))


@sandbox_app.command()
def drift(
    amount: Annotated[int, typer.Option(min=1, help="How many goods.")] = 10,
    vendor: Annotated[str, typer.Option(help="Whose goods.")] = "dummyjson",
) -> None:
    """Change price and stock of some of a vendor's goods, once."""
    _call("POST", f"/{vendor}/drift", json={"amount": amount})


@sandbox_app.command()
def advance(hours: Annotated[float, typer.Argument(min=0.0, help="By how many hours.")]) -> None:
    """Put the sandbox's clock forward: parcels travel, tokens expire."""
    _show(_call("POST", "/clock", json={"seconds": hours * 3600}))


@sandbox_app.command()
def limit(
    vendor: Annotated[str, typer.Argument(help="A vendor's name.")],
    calls: Annotated[int | None, typer.Option(min=1, help="So many calls; without it, as many as come.")] = None,
    seconds: Annotated[int, typer.Option(min=1, help="In so many seconds.")] = 1,
) -> None:
    """Set how many calls a vendor takes."""
    _call("PUT", f"/{vendor}/limit", json={"calls": calls, "seconds": seconds})


def _token(settings: Settings) -> str:
    data = data_directory(settings)
    data.mkdir(parents=True, exist_ok=True)
    return settings.sandbox_token.get_secret_value() or kept_secret(data / "sandbox_token")


def _call(method: str, path: str, **sent: Any) -> object:
    settings = Settings()
    running = running_environment(settings)
    url = running.get("SANDBOX_URL") or settings.sandbox_url
    token = running.get("SANDBOX_TOKEN") or _token(settings)
    try:
        answer = httpx.request(
            method,
            f"{url.rstrip('/')}/_sandbox{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
            trust_env=False,
            **sent,
        )
    except httpx.HTTPError as error:
        sys.exit(f"No sandbox answers at {url} ({type(error).__name__}): start it by `python -m app run` or `sandbox`.")
    if answer.status_code >= FIRST_ERROR:
        sys.exit(f"The sandbox refuses: {answer.json()['message']}.")
    return answer.json() if answer.content else None


def _show(value: object) -> None:
    for item in value if isinstance(value, list) else [value]:
        print(json.dumps(item, ensure_ascii=False))
