"""A small supervised set to be killed by tests: both servers, a child with a child of its own, and one slow to stop.

Run as `python -m tests.supervisor.supervised_set DATA_DIRECTORY`; prints `serving` when all are up.
"""

import os
import signal
import sys
from pathlib import Path

from app.supervisor import embedded
from app.supervisor.child import Child
from app.supervisor.claim import claim
from app.supervisor.output import Output
from app.supervisor.processes import Supervisor

PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("parent is up", flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("stubborn is up", flush=True)
time.sleep(600)
"""


def python_child(name: str, program: str, *, stop_seconds: float) -> Child:
    return Child(
        name=name,
        command=[sys.executable, "-c", program],
        environment=dict(os.environ),
        directory=Path.cwd(),
        stop_seconds=stop_seconds,
        stop_signal=signal.SIGTERM,
    )


def main(data: Path, stubborn_seconds: float) -> None:
    held = claim(data)
    output = Output(data / "log")
    supervisor = Supervisor(data, output)
    supervisor.on_change = lambda: held.note({}, supervisor.pids)
    with supervisor.until_asked_to_stop():
        servers = embedded.prepare(data, fast=True)
        for server in servers.children.values():
            supervisor.launch(server)
        supervisor.wait_until_ready("postgres", "redis")
        supervisor.launch(python_child("parent", PARENT, stop_seconds=5))
        supervisor.launch(python_child("stubborn", STUBBORN, stop_seconds=stubborn_seconds))
        output.say("serving")
        supervisor.watch()
    held.release()
    output.say("stopped")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
