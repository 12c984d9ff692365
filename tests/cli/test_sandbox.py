"""`python -m app sandbox` as a person calls it: it serves, is steered from another shell, and production has none."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from app.supervisor.ports import free_port
from tests.cli.started import ROOT, environment
from tests.docs.console import steps_of


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own, and the environment of the shell that steers it."""
    shell = environment(
        tmp_path_factory.mktemp("data"), SANDBOX_URL=f"http://127.0.0.1:{free_port('127.0.0.1')}", SANDBOX_PRODUCTS="40"
    )
    with subprocess.Popen([sys.executable, "-m", "app", "sandbox"], cwd=ROOT, env=shell) as process:
        try:
            deadline = time.monotonic() + 30
            while not answers(shell):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield shell
        finally:
            process.terminate()
            process.wait(10)


def answers(shell: dict[str, str]) -> bool:
    try:
        with urlopen(f"{shell['SANDBOX_URL']}/_sandbox/health", timeout=2) as answer:
            return answer.status == 200
    except URLError:
        return False


def run(shell: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "sandbox", *arguments],
        cwd=ROOT,
        env=shell,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_running_sandbox_is_steered_with_the_token_that_it_keeps(served: dict[str, str]) -> None:
    added = run(served, "faults", "add", "status", "--status", "500", "--path", "/products/*", "--times", "1")
    assert json.loads(added.stdout)["number"] == 1
    with pytest.raises(URLError, match="500"), urlopen(f"{served['SANDBOX_URL']}/dummyjson/products/1", timeout=5):
        pass
    (fault,) = map(json.loads, run(served, "faults", "list").stdout.splitlines())
    assert (fault["kind"], fault["hits"]) == ("status", 1)
    (call,) = map(json.loads, run(served, "calls", "--vendor", "dummyjson").stdout.splitlines())
    assert (call["path"], call["status"], call["fault"]) == ("/products/1", 500, "status")
    assert json.loads(run(served, "reset", "--products", "7").stdout)["products"] == 7


def test_a_fault_that_does_not_exist_is_refused_with_those_that_do(served: dict[str, str]) -> None:
    refused = run(served, "faults", "add", "nonsense")
    assert refused.returncode == 1
    assert "'hang'" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_steering_what_does_not_run_says_how_to_start_it(tmp_path: Path) -> None:
    answer = run(environment(tmp_path, SANDBOX_URL="http://127.0.0.1:1"), "state")
    assert answer.returncode == 1
    assert "No sandbox answers at http://127.0.0.1:1" in answer.stderr
    assert "python -m app run" in answer.stderr


def test_production_has_no_sandbox(tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "postgresql://h/d",
        "REDIS_URL": "redis://h",
        "SECRET_KEY": "s" * 40,
        "CREDENTIALS_KEY": "c" * 40,
    }
    refused = run(environment(tmp_path, ENVIRONMENT="production", **given))
    assert refused.returncode == 1
    assert "ENVIRONMENT=production has none" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_commands_of_the_document_do_what_it_says(served: dict[str, str]) -> None:
    steps = steps_of(ROOT / "docs" / "sandbox.md")
    assert len(steps) >= 12
    for step in steps:
        done = subprocess.run(
            ["bash", "-c", step.command], cwd=ROOT, env=served, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{step.command}\n{done.stderr}"
        assert step.is_met_by(done.stdout), f"{step.command}\nprinted: {done.stdout}\nshown: {step.output}"
