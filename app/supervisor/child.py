"""What a child process is and how one is spawned and stopped.

Its own process group, so that a Ctrl-C reaches only the supervisor; not its own session; no standard input; and a mark
in its environment by which a later start recognises what a crash left behind.
"""

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from app.supervisor.accounts import Account

MARK = "CROSSDOCK_SUPERVISED"


def _ready_at_once(_pid: int) -> bool:
    return True


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Child:
    """A process to run. `is_ready` is given the pid and proves that the answer comes from that very process."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    account: Account | None = None
    before_start: Callable[[], None] = _nothing
    is_ready: Callable[[int], bool] = _ready_at_once
    ready_seconds: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    kill_signal: signal.Signals = signal.SIGKILL
    outlives_others: bool = field(default=False)  # a server the others need: orphans of this kind are stopped last


def mark_of(data: Path) -> str:
    """The mark of every process started for this data directory."""
    return hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]


def spawn(child: Child, data: Path, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child; its output and errors go to `output`."""
    child.before_start()
    account = child.account
    rank = "server" if child.outlives_others else "client"
    return subprocess.Popen(  # noqa: S603 - the commands are composed by us
        list(child.command),
        env={**child.environment, MARK: f"{mark_of(data)}:{rank}:{child.name}"},
        cwd=child.directory,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def signal_group(pid: int, sent: signal.Signals) -> None:
    """Send a signal to what is left of the child's process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sent)


def ask_to_stop(child: Child, process: subprocess.Popen[bytes]) -> None:
    """Send the child its own signal; `stop_process` sees to its end."""
    if process.poll() is None:
        process.send_signal(child.stop_signal)


def stop_process(
    child: Child,
    process: subprocess.Popen[bytes],
    *,
    asked_at: float | None = None,
    hurry: Callable[[], bool] = lambda: False,
) -> None:
    """Stop the child and its group: its own signal first (unless asked before, at that monotonic time), force when it
    takes too long or `hurry()` turns true.
    """
    if process.poll() is None:
        if asked_at is None:
            ask_to_stop(child, process)
        left = child.stop_seconds - (time.monotonic() - asked_at if asked_at else 0)
        if not _ended(process, left, hurry):
            process.send_signal(child.kill_signal)
            _ended(process, 5.0, lambda: False)
    signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _ended(process: subprocess.Popen[bytes], seconds: float, hurry: Callable[[], bool]) -> bool:
    # Short waits, so that a second Ctrl-C is seen; a signal handler cannot interrupt wait() itself.
    for _ in range(max(1, int(seconds / 0.05))):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            return True
        if hurry():
            return False
    return False
