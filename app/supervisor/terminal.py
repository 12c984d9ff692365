"""Ctrl-C under make: make dies of every SIGINT of its terminal, however well the command behind it has stopped."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def taken_from_make() -> Iterator[None]:
    """Inside the block Ctrl-C reaches us and not the make that started us, so that our exit code becomes its own.

    Nothing happens where no make, or no terminal in our hands, is to be found.
    """
    terminal = _terminal_shared_with_make()
    if terminal is None:
        yield
        return
    group = os.getpgrp()
    os.setpgid(0, 0)
    # Stopped by Ctrl-Z, nobody could wake us: the shell sees make alone, and make goes on waiting.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTSTP, signal.SIGTTOU)}
    try:
        os.tcsetpgrp(terminal, os.getpgrp())
        yield
    finally:
        with suppress(OSError):
            os.tcsetpgrp(terminal, group)
        os.close(terminal)
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminal_shared_with_make() -> int | None:
    if "MAKELEVEL" not in os.environ or os.getpgrp() == os.getpid():
        return None
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    if os.tcgetpgrp(terminal) == os.getpgrp():
        return terminal
    os.close(terminal)
    return None
