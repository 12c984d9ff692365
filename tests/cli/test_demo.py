"""`python -m app demo` as a person sees it: the journey, a worker killed on the way, Ctrl-C, a second start."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.supervisor.claim import find_running
from app.supervisor.orphans import find_orphans
from tests.cli.started import environment, started, still_running

pytestmark = [pytest.mark.processes, pytest.mark.own_server]

# A dead worker is noticed at once instead of after half a minute.
HASTE = {"JOB_STALE_SECONDS": "2", "JOB_HEARTBEAT_SECONDS": "0.5", "JOB_SWEEP_SECONDS": "0.5"}
PROMISED = (
    "all 50 products are in the catalogue",
    "no row was rejected",
    "nothing was written again",
    "each of the 12 planted wrong rows is named with line and reason",
    "no sound row was rejected",
    "the sound products beside them came in",
    "2 products without a title came in as drafts, and the report says so",
    "2 scripts were removed from descriptions",
    "its 200 products came in beside the others",
    "20 products would change, each with its price before and after",
    "nothing was changed by looking",
    "the new prices are in the catalogue",
    "everything that the import changed was taken back",
    "the prices are the old ones again",
    "500 products of “DummyJSON (or another product API)” (sandbox) are in the catalogue",
)
# Of the files (50 and 4 mistaken ones), the XML feed, and the API.
IN_ALL = 54 + 200 + 500


@pytest.fixture
def data() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="cd-"))
    yield directory
    shutil.rmtree(directory)


def test_the_demo_keeps_its_promises_although_the_worker_is_killed_and_the_next_start_finds_the_data(data: Path):
    env = environment(data, **HASTE)
    with started(data / "first", env, "demo", "--products", "50", "--port", free_port()) as demo:
        demo.wait_for("1. Upload a feed", 120)
        kill_worker(data)
        demo.wait_for("The journey took", 120)
        words = demo.words
        for promise in PROMISED:
            assert f"  ok     {promise}\n" in words
        assert "WRONG" not in words
        assert "everything was as promised" in words
        assert "worker died (signal SIGKILL)" in words
        assert "worker started again" in words
        assert [char for char in words if not char.isprintable() and char != "\n"] == []
        assert_that_the_login_works(words)
        assert_that_the_printed_commands_work(words, data)
        family = demo.family()
        assert demo.press_ctrl_c() == 0
    assert still_running(family) == []
    assert find_orphans(data) == []

    with started(data / "second", env, "demo", "--products", "50", "--port", free_port()) as again:
        again.wait_for("1. Upload a feed", 120)
        assert f"with {IN_ALL} products" in again.words
        assert found(r"is back: (\S+),", again.words) == found(r"is registered: (\S+)", words)
        family = again.family()
        # In the middle of the journey: whoever has seen enough has met no failure.
        assert again.press_ctrl_c() == 0
        assert "cannot go on" not in again.words
    assert still_running(family) == []


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def found(pattern: str, words: str) -> str:
    match = re.search(pattern, words, re.MULTILINE)
    assert match, f"{pattern} is not in:\n{words}"
    return match[1]


def kill_worker(data: Path) -> None:
    running = find_running(data)
    assert running is not None
    os.kill(running.children["worker"], signal.SIGKILL)


def assert_that_the_login_works(words: str) -> None:
    email, password = (found(rf"^{name}: (\S+)$", words) for name in ("email", "password"))
    with httpx.Client(base_url=found(r"API documentation +(\S+)/api/docs", words), trust_env=False) as client:
        answer = client.post("/api/v1/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        assert client.get("/api/docs").status_code == 200


def assert_that_the_printed_commands_work(words: str, data: Path) -> None:
    lines = words.partition("In another terminal\n")[2].partition("The journey took")[0].strip().splitlines()
    printed = subprocess.run(
        ["bash", "-c", "set -e -o pipefail\n" + "\necho\n".join(lines)],
        cwd=data,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert printed.returncode == 0, f"{lines}\n{printed.stdout}\n{printed.stderr}"
    _login, goods, job, stats = printed.stdout.splitlines()
    assert '"items":[{' in goods
    assert '"job_id":' in job
    assert '"completed":' in stats
