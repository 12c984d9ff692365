"""Processes that a crashed supervisor left behind, recognised by the mark in their environment and by nothing weaker.

The caller holds the lock of the data directory, so a marked process has no living supervisor.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.supervisor.child import MARK, mark_of

PROC = Path("/proc")
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Orphan:
    """A marked process; `rank` says whether others may still need it while they stop."""

    pid: int
    name: str
    rank: str


def find_orphans(data: Path) -> list[Orphan]:
    """Every living process that was started for this data directory."""
    pattern = re.compile(rf"{MARK}={mark_of(data)}:(client|server):([\w.-]+)")
    found = ((pid, pattern.search(environment)) for pid, environment in _environments())
    return [Orphan(pid, match[2], match[1]) for pid, match in found if match and pid != os.getpid()]


def stop_orphans(data: Path) -> list[Orphan]:
    """Stop them, the servers last; answers what was stopped."""
    stopped = find_orphans(data)
    # SIGINT is the polite end for every kind of child we have, PostgreSQL's fast shutdown included.
    _stop(data, "client")
    _stop(data, "server")
    return stopped


def _stop(data: Path, rank: str) -> None:
    def left() -> list[Orphan]:
        return [orphan for orphan in find_orphans(data) if orphan.rank == rank]

    _signal(left(), signal.SIGINT)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(left(), signal.SIGKILL)
    while left() and time.monotonic() < deadline + PATIENCE_SECONDS:
        time.sleep(0.05)


def _signal(orphans: list[Orphan], sent: signal.Signals) -> None:
    for orphan in orphans:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(orphan.pid, sent)


def command_of(pid: int) -> str:
    """The command line of a process; empty when there is no such process (a zombie counts as none)."""
    if PROC.joinpath("self").exists():
        try:
            return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return _ps("-ww", "-o", "command=", "-p", str(pid)).strip()


def _environments() -> Iterator[tuple[int, str]]:
    if not PROC.joinpath("self").exists():
        for line in _ps("axeww", "-o", "pid=,command=").splitlines():
            pid, _, rest = line.strip().partition(" ")
            yield int(pid), rest
        return
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # gone meanwhile, or another user's
                yield int(entry.name), (entry / "environ").read_bytes().decode(errors="replace")


def _ps(*options: str) -> str:
    answer = subprocess.run(["ps", *options], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return answer.stdout
