"""Ctrl-C in a terminal under a real make: the exit code is the command's."""

import os
import pty
import shutil
import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import signal
from app.supervisor.terminal import taken_from_make

with taken_from_make():
    print("serving", flush=True)
    signal.sigwait({signal.SIGINT})
"""


def wait_for_end(pid: int) -> int:
    deadline = time.monotonic() + 10
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_ends_well_after_a_ctrl_c_that_its_command_has_handled(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nimport signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n" + textwrap.dedent(PROGRAM)
    )
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"run:\n\t@exec {sys.executable} {program}\n")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("make", ["make", "-f", str(makefile), "run"])
    said = b""
    while b"serving" not in said:
        said += os.read(terminal, 100)

    os.write(terminal, b"\x03")

    assert wait_for_end(pid) == 0
    os.close(terminal)
