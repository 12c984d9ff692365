"""The supervisor with real processes: order, restarts, Ctrl-C, SIGTERM, kill -9; the process table is the judge."""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.supervisor.claim import find_running
from app.supervisor.orphans import find_orphans

pytestmark = [pytest.mark.processes, pytest.mark.own_server]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="cd-"))
    yield directory
    shutil.rmtree(directory)


class SupervisedSet:
    """A running `tests.supervisor.supervised_set`."""

    def __init__(self, data: Path, *, stubborn_seconds: float = 0.5) -> None:
        self.data = data
        self.log = data / "log" / "supervisor.log"
        said_before = self.words.count("serving\n")
        with (data / "terminal").open("ab") as terminal:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.supervisor.supervised_set", str(data), str(stubborn_seconds)],
                cwd=ROOT,
                stdout=terminal,
                stderr=subprocess.STDOUT,
            )
        wait_for(lambda: self.words.count("serving\n") > said_before, "the set to serve")

    @property
    def words(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    @property
    def terminal(self) -> str:
        return (self.data / "terminal").read_text()

    def pid(self, name: str) -> int:
        running = find_running(self.data)
        assert running
        return running.children[name]

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, sent: signal.Signals, *, seconds: float = 20) -> int:
        self.process.send_signal(sent)
        return self.process.wait(seconds)


@pytest.fixture
def started(data: Path) -> Iterator[SupervisedSet]:
    running = SupervisedSet(data)
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGTERM)


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_every_process_the_servers_last(started: SupervisedSet, sent: signal.Signals) -> None:
    family = started.family()
    assert len(family) > 5

    assert started.end(sent) == 0

    assert alive(family) == []
    assert find_orphans(started.data) == []
    assert re.findall(r"stopping (\w+)", started.words) == ["stubborn", "parent", "redis", "postgres"]


def test_every_child_has_a_process_group_of_its_own_in_our_session(started: SupervisedSet) -> None:
    for name in ("postgres", "redis", "parent", "stubborn"):
        assert os.getpgid(started.pid(name)) == started.pid(name)
        assert os.getsid(started.pid(name)) == os.getsid(started.process.pid)


def test_lines_of_children_carry_their_names_and_go_to_their_logs(started: SupervisedSet) -> None:
    wait_for(lambda: "parent     | parent is up\n" in started.terminal, "the line in the terminal")
    assert (started.data / "log" / "parent.log").read_text() == "parent is up\n"


def test_a_killed_child_is_started_again_and_its_own_children_end(started: SupervisedSet) -> None:
    before = started.pid("parent")
    wait_for(lambda: psutil.Process(before).children() != [], "the grandchild")
    grandchildren = psutil.Process(before).children()

    os.kill(before, signal.SIGKILL)
    wait_for(lambda: started.pid("parent") != before, "another parent")

    assert alive(grandchildren) == []
    assert "parent died (signal SIGKILL), starting it again in 0.5 s" in started.words


def test_a_child_that_keeps_dying_is_started_again_ever_later(started: SupervisedSet) -> None:
    for wait in ("0.5", "1", "2"):
        before = started.pid("parent")
        os.kill(before, signal.SIGKILL)
        wait_for(lambda wait=wait: f"starting it again in {wait} s" in started.words, f"back-off {wait}")
        wait_for(lambda before=before: started.pid("parent") != before, "another parent")


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_a_killed_server_is_started_again(started: SupervisedSet, name: str) -> None:
    before = started.pid(name)
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: started.pid(name) != before, f"another {name}")

    ready = b"ready to accept connections"
    wait_for(lambda: (started.data / "log" / f"{name}.log").read_bytes().lower().count(ready) == 2, "its service")


def test_a_second_ctrl_c_kills_what_does_not_stop(data: Path) -> None:
    running = SupervisedSet(data, stubborn_seconds=600)
    log = data / "log" / "stubborn.log"
    wait_for(lambda: log.exists() and "stubborn is up" in log.read_text(), "the stubborn one")
    family = running.family()
    running.process.send_signal(signal.SIGINT)
    wait_for(lambda: "stopping stubborn" in running.words, "the stop")
    time.sleep(0.7)
    assert running.process.poll() is None

    assert running.end(signal.SIGINT) == 0
    assert alive(family) == []


def test_what_a_killed_supervisor_left_is_ended_by_the_next_start(data: Path) -> None:
    crashed = SupervisedSet(data)
    family = crashed.family()
    crashed.end(signal.SIGKILL)
    assert alive(family)
    assert find_running(data) is None

    following = SupervisedSet(data)
    assert alive(family) == []
    following.end(signal.SIGTERM)
    assert find_orphans(data) == []


def test_a_stop_during_the_start_leaves_nothing(data: Path) -> None:
    for delay in (0.3, 0.9):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.supervisor.supervised_set", str(data), "0.5"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert [orphan for orphan in find_orphans(data) if orphan.pid != process.pid] == []


def test_ctrl_c_in_a_terminal_reaches_only_the_supervisor_which_stops_its_children(data: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "tests.supervisor.supervised_set", str(data), "0.5"])
    log = data / "log" / "supervisor.log"
    wait_for(lambda: log.exists() and "serving\n" in log.read_text(), "the set to serve")
    family = psutil.Process(pid).children(recursive=True)

    os.write(terminal, b"\x03")
    wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, "the supervisor's end")
    os.close(terminal)

    assert alive(family) == []
    assert "died" not in log.read_text()
