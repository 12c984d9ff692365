"""Where the words of supervised processes go: to the terminal, behind the process's name, and to one log per name."""

import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
OURSELVES = "supervisor"
LARGEST_LOG = 10 * 1024 * 1024


class Output:
    """Takes lines from several threads. With `echo` off the children's lines go to their logs only, ours still show."""

    def __init__(self, logs: Path, *, echo: bool = True, terminal: TextIO | None = None, colour: bool = False) -> None:
        self.echo = echo
        self._logs = logs
        self._terminal = terminal
        self._colour = colour
        self._files: dict[str, IO[bytes]] = {}
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """A line of the supervisor itself."""
        self._write(OURSELVES, text.encode(), show=True)

    def pump(self, name: str, stream: IO[bytes]) -> threading.Thread:
        """Pass on the lines of a stream until it ends, in a thread of its own."""
        thread = threading.Thread(target=self._pump, args=(name, stream), name=f"output of {name}", daemon=True)
        thread.start()
        return thread

    def last_lines(self, name: str, count: int = 12) -> str:
        """The end of a process's log."""
        with suppress(OSError):
            return "\n".join((self._logs / f"{name}.log").read_text(errors="replace").splitlines()[-count:])
        return ""

    def close(self) -> None:
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _pump(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._write(name, line.rstrip(b"\r\n"), show=self.echo)

    def _write(self, name: str, line: bytes, *, show: bool) -> None:
        with self._lock:
            file = self._file(name)
            file.write(line + b"\n")
            if not show:
                return
            label = f"{name:<10} |"
            if self._colour:
                label = f"\x1b[{_colour_of(name)}m{label}\x1b[0m"
            # Standard output is looked up now: a live bar puts a stream there that keeps lines apart from it.
            # The terminal may be gone (a closed window, a pipe to `head`); the children and their logs live on.
            with suppress(OSError, ValueError):
                print(label, line.decode(errors="replace"), file=self._terminal or sys.stdout, flush=True)

    def _file(self, name: str) -> IO[bytes]:
        if name not in self._files:
            self._logs.mkdir(parents=True, exist_ok=True)
            path = self._logs / f"{name}.log"
            if path.exists() and path.stat().st_size > LARGEST_LOG:
                path.replace(path.with_suffix(".log.1"))
            self._files[name] = path.open("ab", buffering=0)
        return self._files[name]


def _colour_of(name: str) -> int:
    return COLOURS[sum(name.encode()) % len(COLOURS)]
