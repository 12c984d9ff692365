"""Keeps a set of children alive: starts them in order, restarts what dies, stops the clients and then the servers.

SIGINT, SIGTERM and SIGHUP ask for the stop; a second SIGINT ends the patience. Handlers only set flags that loops read.
"""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from app.supervisor.child import Child, ask_to_stop, signal_group, spawn, stop_process
from app.supervisor.output import Output

TICK_SECONDS = 0.1
FIRST_BACK_OFF_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 30.0
STEADY_SECONDS = 30.0  # a child that lived this long begins with the shortest back-off again
SAME_CTRL_C_SECONDS = 0.5  # make and the terminal may deliver one Ctrl-C twice
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
UNDER_NOHUP = (signal.SIGHUP, signal.SIG_IGN)


class ChildFailed(RuntimeError):
    """A child did not start or a step failed; the message ends with the last lines of its log."""


class StopAsked(Exception):
    """A stop was asked for while something was being started."""


@dataclass(slots=True)
class _Kept:
    child: Child
    process: subprocess.Popen[bytes]
    reader: threading.Thread
    started_at: float
    deaths: int = 0
    restart_at: float | None = None


class Supervisor:
    """Children of one data directory. Used from one thread; `pids` may be read from others."""

    def __init__(self, data: Path, output: Output) -> None:
        self._data = data
        self._output = output
        self._kept: list[_Kept] = []
        self._stop_asked_at: float | None = None
        self._hurry = False
        self.on_change: Callable[[], None] = lambda: None

    @property
    def pids(self) -> Mapping[str, int]:
        return {kept.child.name: kept.process.pid for kept in self._kept}

    @property
    def stopping(self) -> bool:
        return self._stop_asked_at is not None

    @contextmanager
    def until_asked_to_stop(self) -> Iterator[None]:
        """Listen to signals in the block; however it ends, every child is stopped. A wanted stop is no error."""
        # nohup has SIGHUP ignored, and wants it to stay so.
        heard = [number for number in STOP_SIGNALS if (number, signal.getsignal(number)) != UNDER_NOHUP]
        before = {number: signal.signal(number, self._on_signal) for number in heard}
        try:
            yield
        except StopAsked:
            pass
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def launch(self, child: Child) -> None:
        """Spawn the child and keep it; it is not ready yet."""
        self._raise_if_stopping()
        process, reader = self._spawn(child)
        self._kept.append(_Kept(child, process, reader, time.monotonic()))
        self.on_change()

    def wait_until_ready(self, *names: str) -> None:
        """Wait for the proofs of launched children; a child that dies before is a failure, not restarted."""
        for kept in [kept for kept in self._kept if kept.child.name in names]:
            deadline = time.monotonic() + kept.child.ready_seconds
            while not kept.child.is_ready(kept.process.pid):
                self._raise_if_stopping()
                if kept.process.poll() is not None:
                    kept.reader.join(1)
                    raise ChildFailed(self._failure(kept.child.name, f"ended with {_ending(kept.process)}"))
                if time.monotonic() > deadline:
                    raise ChildFailed(self._failure(kept.child.name, f"not ready in {kept.child.ready_seconds:.0f} s"))
                time.sleep(TICK_SECONDS / 2)

    def complete(self, child: Child) -> None:
        """Run the child to its end; anything but success is a failure."""
        self._raise_if_stopping()
        process, reader = self._spawn(child)
        try:
            while process.poll() is None:
                self._raise_if_stopping()
                time.sleep(TICK_SECONDS / 2)
        finally:
            stop_process(child, process)
        reader.join(1)
        if process.returncode:
            raise ChildFailed(self._failure(child.name, f"ended with {_ending(process)}"))

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Restart whatever dies, until a stop is asked for or `until()` turns true."""
        while not self.stopping and not until():
            for kept in self._kept:
                self._keep_alive(kept)
            time.sleep(TICK_SECONDS)

    def ask_to_stop(self) -> None:
        """End `watch` as a SIGTERM would."""
        self._stop_asked_at = self._stop_asked_at or time.monotonic()

    def stop(self) -> None:
        """Stop every child: all clients at the same time, then the servers, which they need to the end.

        Each gets its time, unless a second Ctrl-C ends the patience.
        """
        for servers in (False, True):
            leaving = [kept for kept in reversed(self._kept) if kept.child.outlives_others is servers]
            for kept in leaving:
                self._output.say(f"stopping {kept.child.name}")
                ask_to_stop(kept.child, kept.process)
            asked_at = time.monotonic()
            for kept in leaving:
                stop_process(kept.child, kept.process, asked_at=asked_at, hurry=lambda: self._hurry)
                kept.reader.join(1)
                self._kept.remove(kept)

    def _keep_alive(self, kept: _Kept) -> None:
        now = time.monotonic()
        if kept.restart_at is None and kept.process.poll() is not None:
            # A worker's own children must not work on without it.
            signal_group(kept.process.pid, signal.SIGKILL)
            kept.deaths = 1 if now - kept.started_at > STEADY_SECONDS else kept.deaths + 1
            wait = min(FIRST_BACK_OFF_SECONDS * 2 ** (kept.deaths - 1), LONGEST_BACK_OFF_SECONDS)
            kept.restart_at = now + wait
            self._output.say(f"{kept.child.name} died ({_ending(kept.process)}), starting it again in {wait:g} s")
        elif kept.restart_at is not None and now >= kept.restart_at:
            self._revive(kept)

    def _revive(self, kept: _Kept) -> None:
        try:
            kept.process, kept.reader = self._spawn(kept.child)
        except Exception as error:  # noqa: BLE001 - whatever hinders one start must not end the other children
            kept.restart_at = time.monotonic() + LONGEST_BACK_OFF_SECONDS
            self._output.say(
                f"{kept.child.name} cannot be started ({error}), next try in {LONGEST_BACK_OFF_SECONDS:g} s"
            )
            return
        kept.started_at = time.monotonic()
        kept.restart_at = None
        self._output.say(f"{kept.child.name} started again (pid {kept.process.pid})")
        self.on_change()

    def _spawn(self, child: Child) -> tuple[subprocess.Popen[bytes], threading.Thread]:
        process = spawn(child, self._data, subprocess.PIPE)
        if process.stdout is None:
            raise AssertionError("spawned with a pipe")
        return process, self._output.pump(child.name, process.stdout)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
        elif number == signal.SIGINT and now - self._stop_asked_at > SAME_CTRL_C_SECONDS:
            self._hurry = True

    def _raise_if_stopping(self) -> None:
        if self.stopping:
            raise StopAsked

    def _failure(self, name: str, fact: str) -> str:
        return f"{name}: {fact}. Its last lines:\n{self._output.last_lines(name)}"


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
