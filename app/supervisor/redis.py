"""Our own Redis: its configuration, what starts it, and how we know that it is ours.

It listens on a free port of the loopback address behind a password made for this start. The proof: it accepts that
password, runs as the pid we spawned and names our configuration file.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from app.supervisor.accounts import Account, give
from app.supervisor.binaries import find_redis, within_reach
from app.supervisor.child import Child
from app.supervisor.place import Place
from app.supervisor.ports import free_port

HOST = "127.0.0.1"


class RedisRefused(RuntimeError):
    """Redis answered a command with an error."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One Redis with its data directory, port and password."""

    program: Path
    directory: Path
    port: int
    password: str
    account: Account | None

    @property
    def configuration(self) -> Path:
        return self.directory / "redis.conf"

    def url(self, number: int = 0) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/{number}"


def prepare(place: Place, *, fast: bool = False) -> Instance:
    """The instance of this place on a port that is free now."""
    found = find_redis()
    instance = Instance(
        program=within_reach(place.account, found, found, place.home / "programs"),
        directory=give(place.account, place.home / "redis"),
        port=free_port(HOST),
        password=secrets.token_hex(16),
        account=place.account,
    )
    _configure(instance, fast=fast)
    return instance


def child(instance: Instance) -> Child:
    """The process that serves the instance."""
    return Child(
        name="redis",
        command=[str(instance.program), str(instance.configuration)],
        environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        directory=instance.directory,
        account=instance.account,
        is_ready=lambda pid: is_ours(instance, pid),
        stop_seconds=15.0,
        outlives_others=True,
    )


def is_ours(instance: Instance, pid: int) -> bool:
    """Whether the server that answers runs as `pid` with our configuration and has loaded its data."""
    try:
        facts = server_facts(instance)
    except (OSError, RedisRefused):
        return False
    return (
        facts["process_id"] == str(pid)
        and Path(facts["config_file"]).resolve() == instance.configuration.resolve()
        and facts["loading"] == "0"
    )


def run_id(instance: Instance) -> str:
    """The id that the server drew when it started; another one means another start."""
    return server_facts(instance)["run_id"]


def server_facts(instance: Instance) -> dict[str, str]:
    """What INFO tells about the server and its persistence."""
    text = command(instance, "INFO", "server") + command(instance, "INFO", "persistence")
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def command(instance: Instance, *words: str) -> str:
    """The answer to one command (simple strings and bulk strings), asked on a connection of its own."""
    with socket.create_connection((HOST, instance.port), timeout=2) as connection:
        stream = connection.makefile("rwb")
        for request in (("AUTH", instance.password), words):
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in request]
            stream.write(f"*{len(parts)}\r\n{''.join(parts)}".encode())
            stream.flush()
            kind, line = stream.read(1), stream.readline().strip().decode()
            if kind == b"-":
                raise RedisRefused(line)
        return stream.read(int(line)).decode() if kind == b"$" else line


def _configure(instance: Instance, *, fast: bool) -> None:
    lines = [
        f"bind {HOST}",
        "protected-mode yes",
        f"port {instance.port}",
        f"requirepass {instance.password}",
        f"dir {_quoted(instance.directory)}",
        "daemonize no",
        "set-proc-title no",  # keeps the command line that proves whose process it is
        'logfile ""',
        "loglevel notice",
        "maxmemory-policy noeviction",  # a broker must refuse rather than forget
        'save ""',
        "appendonly yes",
        f"appendfsync {'no' if fast else 'everysec'}",
    ]
    # It holds the password: created private, before a byte is in it.
    handle = os.open(instance.configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(lines) + "\n")
    if instance.account:
        os.chown(instance.configuration, instance.account.uid, instance.account.gid)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
