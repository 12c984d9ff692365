"""A command of ours as a person starts it in a terminal: what it prints, Ctrl-C, and what is left of it afterwards."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Started:
    """A running command that writes into a file, as it does in CI."""

    process: subprocess.Popen[bytes]
    terminal: Path

    @property
    def words(self) -> str:
        return self.terminal.read_text()

    def wait_for(self, words: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.words:
            assert self.process.poll() is None, self.words
            assert time.monotonic() < deadline, f"{words!r} was not printed in {seconds} s:\n{self.words}"
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def press_ctrl_c(self, seconds: float = 60) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(seconds)


def environment(data: Path, **values: str) -> dict[str, str]:
    """What a command gets of our environment: nothing that names a server."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "DATA_DIR": str(data), **values}


@contextmanager
def started(terminal: Path, env: dict[str, str], *arguments: str) -> Iterator[Started]:
    """`python -m app …`, stopped at the end if it still runs."""
    command = [sys.executable, "-m", "app", *arguments]
    with terminal.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
    running = Started(process, terminal)
    try:
        yield running
    finally:
        if process.poll() is None:
            running.press_ctrl_c()


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
