"""The embedded PostgreSQL and Redis as one thing: prepared as children for the supervisor of `python -m app run`, or
started, halted, resumed and stopped directly by tests.

    servers = embedded.start(directory, fast=True)
    embedded.restart(servers, "postgres", immediate=True)
    embedded.flush_redis(servers)
    embedded.stop(servers)
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.supervisor import postgres, redis
from app.supervisor.child import Child, spawn, stop_process
from app.supervisor.claim import Claim, claim
from app.supervisor.orphans import stop_orphans
from app.supervisor.place import Place, places_outside, settle

ServerName = Literal["postgres", "redis"]
PORT_ATTEMPTS = 3


class ServerFailed(RuntimeError):
    """A server did not come up, or what answers is not ours; the message ends with the last lines of its log."""


@dataclass(slots=True)
class Servers:
    """Both servers of one data directory. The URLs hold while they run; Redis keeps its port over `restart`."""

    place: Place
    cluster: postgres.Cluster
    instance: redis.Instance
    fast: bool
    claim: Claim | None = None
    processes: dict[ServerName, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def database_owner_url(self) -> str:
        """Superuser on the maintenance database `postgres`."""
        return self.database_url("postgres")

    @property
    def redis_url(self) -> str:
        return self.instance.url()

    def database_url(self, database: str, user: str = postgres.SUPERUSER) -> str:
        """The URL of a database; no user needs a password, the socket's directory is the guard."""
        return self.cluster.url(database, user)

    @property
    def children(self) -> Mapping[ServerName, Child]:
        return {"postgres": postgres.child(self.cluster), "redis": redis.child(self.instance)}


def prepare(data: Path, *, fast: bool = False) -> Servers:
    """Stop what a crash left behind and make everything ready to start. The caller holds the claim of `data`."""
    stop_orphans(data)
    place = settle(data)
    return Servers(
        place=place,
        cluster=postgres.prepare(place, fast=fast),
        instance=redis.prepare(place, fast=fast),
        fast=fast,
    )


def start(data: Path, *, fast: bool = False) -> Servers:
    """Start both servers. `fast` gives up surviving a power cut; only for tests."""
    held = claim(data)
    try:
        servers = prepare(data, fast=fast)
        servers.claim = held
        try:
            resume(servers, "postgres")
            _resume_redis_on_a_free_port(servers)
        except BaseException:
            stop(servers)
            raise
    except BaseException:
        held.release()
        raise
    return servers


def stop(servers: Servers) -> None:
    """Stop both servers, everything written."""
    for name in ("redis", "postgres"):
        halt(servers, name)
    if servers.claim:
        servers.claim.release()
        servers.claim = None


def remove(data: Path) -> None:
    """Delete a data directory with everything that belongs to it elsewhere; refused while a stack runs on it."""
    if not data.exists():
        return
    held = claim(data)
    try:
        stop_orphans(data)
        for place in (*places_outside(data), data):
            shutil.rmtree(place)
    finally:
        held.lock.close()


def halt(servers: Servers, name: ServerName, *, immediate: bool = False) -> None:
    """Stop one server; `immediate` as a crash would (PostgreSQL recovers at the next start, Redis is killed)."""
    process = servers.processes.pop(name, None)
    if process is None:
        return
    child = servers.children[name]
    if immediate:
        process.send_signal(signal.SIGQUIT if name == "postgres" else signal.SIGKILL)
        process.wait(child.stop_seconds)
    stop_process(child, process)


def resume(servers: Servers, name: ServerName) -> None:
    """Start one server and return when it has proven to be ours."""
    child = servers.children[name]
    log = servers.place.logs / f"{name}.log"
    with log.open("ab") as output:
        process = spawn(child, servers.place.data, output)
    servers.processes[name] = process
    deadline = time.monotonic() + child.ready_seconds
    while not child.is_ready(process.pid):
        if process.poll() is not None or time.monotonic() > deadline:
            stop_process(child, servers.processes.pop(name))
            raise ServerFailed(f"{name} did not start:\n{_last_lines(log)}")
        time.sleep(0.02)


def restart(servers: Servers, name: ServerName, *, immediate: bool = False) -> None:
    """Halt and resume one server."""
    halt(servers, name, immediate=immediate)
    resume(servers, name)


def flush_redis(servers: Servers) -> None:
    """Forget everything Redis holds (FLUSHALL)."""
    redis.command(servers.instance, "FLUSHALL")


def _resume_redis_on_a_free_port(servers: Servers) -> None:
    for attempt in range(1, PORT_ATTEMPTS + 1):
        try:
            resume(servers, "redis")
        except ServerFailed:
            # Between choosing the port and listening on it another program may have taken it.
            if attempt == PORT_ATTEMPTS:
                raise
            servers.instance = redis.prepare(servers.place, fast=servers.fast)
        else:
            return


def _last_lines(log: Path, count: int = 8) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
