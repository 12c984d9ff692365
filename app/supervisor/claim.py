"""One supervisor per data directory: a lock that ends with its holder, and a note on what is running.

The note (private, it holds URLs with passwords) lets other commands of the same project reach the running servers.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LOCK = "supervisor.lock"
NOTE = "supervisor.json"


class AlreadyRunning(RuntimeError):
    """Another supervisor works in this data directory."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The held lock. It ends with `release` or with the process."""

    data: Path
    lock: IO[str]

    def note(self, environment: Mapping[str, str], pids: Mapping[str, int]) -> None:
        """Write down how to reach what runs now."""
        unfinished = self.data / f"{NOTE}.new"
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump({"pid": os.getpid(), "environment": dict(environment), "children": dict(pids)}, file)
        unfinished.rename(self.data / NOTE)

    def release(self) -> None:
        (self.data / NOTE).unlink(missing_ok=True)
        self.lock.close()


@dataclass(frozen=True, slots=True)
class Running:
    """What a living supervisor wrote down."""

    pid: int
    environment: Mapping[str, str]
    children: Mapping[str, int]


def claim(data: Path) -> Claim:
    """Take the data directory for this process."""
    data.mkdir(parents=True, exist_ok=True)
    lock = (data / LOCK).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise AlreadyRunning(f"{data} is in use by a running stack (pid {holder}); stop that one first") from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return Claim(data, lock)


def find_running(data: Path) -> Running | None:
    """The supervisor that works in this data directory, if one is alive."""
    try:
        with (data / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    except OSError:
        return None
    else:
        return None
    try:
        note = json.loads((data / NOTE).read_text())
    except (OSError, ValueError):
        return None
    return Running(note["pid"], note["environment"], note["children"])
