"""Sees every connect of this process at the interpreter's own door, whatever library tries it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

Connects = list[str]
_watching: list[Connects] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _watching:
        address = arguments[1]
        if isinstance(address, tuple):
            host = str(address[0])
            for connects in _watching:
                connects.append(host)
            if not host.startswith("127.") and host != "::1":
                raise ConnectionRefusedError(f"a test would have connected to {host}")


_installed: list[bool] = []


@contextmanager
def watched() -> Iterator[Connects]:
    """The hosts that a connect was tried to in the block. Nothing leaves the machine."""
    if not _installed:  # audit hooks stay for the life of a process
        sys.addaudithook(_hook)
        _installed.append(True)
    connects: Connects = []
    _watching.append(connects)
    try:
        yield connects
    finally:
        _watching.remove(connects)
