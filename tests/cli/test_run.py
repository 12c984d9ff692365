"""`python -m app run` as a person calls it: refusals with a remedy, a taken port, and nothing left after Ctrl-C."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from app.supervisor.orphans import find_orphans

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.processes


@pytest.fixture
def data() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="cd-"))
    yield directory
    shutil.rmtree(directory)


def environment(data: Path, **values: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "DATA_DIR": str(data), **values}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ENVIRONMENT": "production"}, "ENVIRONMENT=production needs DATABASE_URL, REDIS_URL, SECRET_KEY"),
        ({"DATABASE_URL": "postgresql://h/d"}, "REDIS_URL is missing"),
        ({"SECRET_KEY": "short"}, "at least 32 bytes"),
    ],
)
def test_a_start_that_cannot_work_is_refused_in_words(data: Path, values: dict[str, str], words: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "app", "run"],
        cwd=ROOT,
        env=environment(data, **values),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 1
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (data / "postgres").exists()


@pytest.mark.own_server
def test_run_serves_beside_a_taken_port_and_ctrl_c_leaves_no_process(data: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        log = data / "terminal"
        with log.open("wb") as terminal:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", "run", "--port", str(taken)],
                cwd=ROOT,
                env=environment(data),
                stdout=terminal,
                stderr=subprocess.STDOUT,
            )
        try:
            deadline = time.monotonic() + 90
            while "[5/5] Serving" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            time.sleep(0.2)
            family = psutil.Process(process.pid).children(recursive=True)
            words = log.read_text()
            assert f"Port {taken} is taken" in words
            address = re.search(r"API documentation +(http://127\.0\.0\.1:\d+)/api/docs", words)
            assert address
            with urlopen(f"{address[1]}/health", timeout=10) as answer:
                assert answer.status == 200
            assert process.pid not in {orphan.pid for orphan in find_orphans(data)}
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0

    assert [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
    assert find_orphans(data) == []
    stopped = re.findall(r"stopping (\w+)", (data / "log" / "supervisor.log").read_text())
    assert stopped == ["api", "worker", "pulse", "flower", "redis", "postgres"]
