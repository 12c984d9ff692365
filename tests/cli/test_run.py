"""`python -m app run` as a person calls it: refusals with a remedy, a taken port, and nothing left after Ctrl-C."""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from app.supervisor.orphans import find_orphans
from tests.cli.started import ROOT, environment, started, still_running

pytestmark = pytest.mark.processes


@pytest.fixture
def data() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="cd-"))
    yield directory
    shutil.rmtree(directory)


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
        with started(data / "terminal", environment(data), "run", "--port", str(taken)) as run:
            run.wait_for("[5/5] Serving", 90)
            time.sleep(0.2)
            family, words = run.family(), run.words
            assert f"Port {taken} is taken" in words
            address = re.search(r"API documentation +(http://127\.0\.0\.1:\d+)/api/docs", words)
            assert address
            with urlopen(f"{address[1]}/health", timeout=10) as answer:
                assert answer.status == 200
            assert run.process.pid not in {orphan.pid for orphan in find_orphans(data)}
            assert run.press_ctrl_c() == 0

    assert still_running(family) == []
    assert find_orphans(data) == []
    stopped = re.findall(r"stopping (\w+)", (data / "log" / "supervisor.log").read_text())
    assert stopped == ["sandbox", "flower", "worker", "pulse", "api", "redis", "postgres"]
