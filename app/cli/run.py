"""`python -m app run`: the whole product on this machine, from nothing but a checkout, until Ctrl-C."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from app.cli import children
from app.cli.environment import (
    ServersHalfGiven,
    data_directory,
    embedded_environment,
    has_given_servers,
    local_environment,
    sandbox_environment,
)
from app.core.config import Settings
from app.supervisor import embedded
from app.supervisor.accounts import NoAccount
from app.supervisor.binaries import ServerMissing
from app.supervisor.claim import AlreadyRunning, claim
from app.supervisor.orphans import stop_orphans
from app.supervisor.output import Output
from app.supervisor.place import NoShelter
from app.supervisor.ports import next_free_port
from app.supervisor.postgres import ClusterUnusable
from app.supervisor.processes import ChildFailed, Supervisor
from app.supervisor.terminal import taken_from_make

FLOWER_PORT = 5555
LAST_WORDS_SECONDS = 5.0  # for a journey that a stop interrupts
CANNOT_START = (
    AlreadyRunning,
    ChildFailed,
    ClusterUnusable,
    NoAccount,
    NoShelter,
    ServerMissing,
    ServersHalfGiven,
    subprocess.SubprocessError,
)
Port = Annotated[
    int, typer.Option(envvar="PORT", min=1, max=65535, help="Port of the API; the next free one if taken.")
]
Host = Annotated[str, typer.Option(help="Address the API listens on.")]


@dataclass(frozen=True, slots=True)
class Serving:
    """The running product: where it answers, where its data and logs are, whether it is being stopped."""

    api: str
    flower: str
    data: Path
    is_stopping: Callable[[], bool]


Journey = Callable[[Serving], bool]


def run(port: Port = 8000, host: Host = "127.0.0.1") -> None:
    """Start everything (unless DATABASE_URL and REDIS_URL are set, a database and Redis too) and serve until Ctrl-C."""
    serve(port=port, host=host)


def serve(*, port: int, host: str, journey: Journey | None = None) -> None:
    """Start the stack and keep it up; a `journey` travels through it once it serves, the children's lines silenced.

    The exit code says whether the journey went wrong.
    """
    try:
        went_well = _serve(Settings(), port=port, host=host, journey=journey)
    except ValidationError as error:
        _give_up("; ".join(str(fact["msg"]).removeprefix("Value error, ") for fact in error.errors()))
    except CANNOT_START as error:
        _give_up(str(error))
    if not went_well:
        raise typer.Exit(1)


def _serve(settings: Settings, *, port: int, host: str, journey: Journey | None) -> bool:
    began = time.monotonic()
    failed = threading.Event()
    travel: threading.Thread | None = None
    given = has_given_servers(settings)
    data = data_directory(settings)
    held = claim(data)
    with closing(Output(data / "log", echo=journey is None, colour=_wants_colour())) as output:
        supervisor = Supervisor(data, output)
        try:
            with taken_from_make(), supervisor.until_asked_to_stop():
                environment = dict(os.environ)
                environment |= _use_given_servers(data) if given else _start_servers(supervisor, settings, data)
                port, flower_port = _ports(host, port)
                api, flower = f"http://{_reachable(host)}:{port}", f"http://127.0.0.1:{flower_port}"
                serving = Serving(api, flower, data, lambda: supervisor.stopping)
                environment |= local_environment(settings, data, public_url=api)
                sandbox = sandbox_environment(settings, data)
                environment |= sandbox
                supervisor.on_change = lambda: held.note(_own(environment), supervisor.pids)
                print("[3/5] Database: bringing its tables up to date", flush=True)
                supervisor.complete(children.migrate_child(environment))
                _start_application(supervisor, settings, environment, (host, port, flower_port))
                if sandbox:
                    # Last: nobody waits for it, and what calls it tries again.
                    supervisor.launch(children.sandbox_child(environment))
                _announce(serving, time.monotonic() - began)
                if journey:
                    # In a thread, so that what dies meanwhile is started again.
                    travel = threading.Thread(target=_travel, args=(journey, serving, output, failed), daemon=True)
                    travel.start()
                supervisor.watch()
            if travel:
                travel.join(LAST_WORDS_SECONDS)
            print("Stopped.", flush=True)
        finally:
            held.release()
    return not failed.is_set()


def _use_given_servers(data: Path) -> dict[str, str]:
    print("[1/5] Servers: using DATABASE_URL and REDIS_URL", flush=True)
    print("[2/5] Nothing to start for them", flush=True)
    stop_orphans(data)
    return {}


def _start_servers(supervisor: Supervisor, settings: Settings, data: Path) -> dict[str, str]:
    print(f"[1/5] Servers: making our own PostgreSQL and Redis ready in {data}", flush=True)
    servers = embedded.prepare(data)
    print("[2/5] Servers: starting them", flush=True)
    for child in servers.children.values():
        supervisor.launch(child)
    supervisor.wait_until_ready(*servers.children)
    return embedded_environment(servers, settings)


def _start_application(
    supervisor: Supervisor, settings: Settings, environment: Mapping[str, str], where: tuple[str, int, int]
) -> None:
    host, port, flower_port = where
    print("[4/5] Application: starting API, pulse, worker and Flower", flush=True)
    # The API first and alone: what the others need to load would only keep it from serving.
    supervisor.launch(children.api_child(environment, host, port))
    supervisor.wait_until_ready("api")
    supervisor.launch(children.pulse_child(environment))
    supervisor.launch(children.worker_child(environment, settings))
    supervisor.launch(children.flower_child(environment, flower_port))


def _ports(host: str, wanted: int) -> tuple[int, int]:
    port = next_free_port(host, wanted)
    if port != wanted:
        print(f"      Port {wanted} is taken, using {port}", flush=True)
    flower_port = next_free_port("127.0.0.1", FLOWER_PORT if port != FLOWER_PORT else FLOWER_PORT + 1)
    return port, flower_port


def _announce(serving: Serving, seconds: float) -> None:
    print(f"[5/5] Serving after {seconds:.1f} s. Ctrl-C stops everything.", flush=True)
    print(f"      API documentation  {serving.api}/api/docs", flush=True)
    print(f"      Jobs in Flower     {serving.flower}", flush=True)


def _travel(journey: Journey, serving: Serving, output: Output, failed: threading.Event) -> None:
    arrived = False
    try:
        arrived = journey(serving)
    except Exception as error:  # noqa: BLE001 - the product keeps serving, whatever the demonstration met
        output.say(f"the journey stopped: {error.__class__.__name__}: {error}")
    # Whoever presses Ctrl-C on the way has seen enough; that is no failure.
    if not arrived and not serving.is_stopping():
        failed.set()
    output.echo = not serving.is_stopping()


def _give_up(reason: str) -> NoReturn:
    print(f"\nCannot start: {reason}\n`python -m app doctor` looks closer.", file=sys.stderr)
    raise typer.Exit(1)


def _own(environment: Mapping[str, str]) -> dict[str, str]:
    # Only what we added or were given for the product, not the whole environment of the shell.
    names = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in environment.items() if name in names}


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound


def _wants_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
