"""Commands refuse what they cannot work with in words: settings, a missing database, an API that is away."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import COMMANDS
from tests.cli.started import ROOT, environment


@pytest.mark.parametrize(
    ("command", "values", "words"),
    [
        ("pulse", {"ENVIRONMENT": "production"}, "ENVIRONMENT=production needs DATABASE_URL, REDIS_URL, SECRET_KEY"),
        ("migrate", {"SECRET_KEY": "short"}, "SECRET_KEY: must be at least 32 bytes"),
        ("seed", {"DATABASE_URL": "postgresql://h/d"}, "REDIS_URL is missing"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_words(
    tmp_path: Path, command: str, values: dict[str, str], words: str
) -> None:
    answer = run(tmp_path, command, **values)

    assert answer.returncode == 1
    assert words in answer.stderr
    assert "doctor" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_migrating_without_a_database_says_where_one_comes_from(tmp_path: Path) -> None:
    answer = run(tmp_path, "migrate")

    assert answer.returncode == 1
    assert "set DATABASE_URL; the embedded one is migrated by `python -m app run`" in answer.stderr


def test_seeding_an_installation_that_does_not_run_says_that_nobody_answers(tmp_path: Path) -> None:
    answer = run(tmp_path, "seed", "--products", "1", "--url", "http://127.0.0.1:1")

    assert answer.returncode == 1
    assert "POST /api/v1/auth/register got no answer" in answer.stderr
    assert "Traceback" not in answer.stderr


def run(data: Path, *arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=environment(data, **values),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_line_lists_every_command_with_what_it_does(tmp_path: Path) -> None:
    answer = run(tmp_path, "--help")

    assert answer.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"\b{command} +\S", answer.stdout), command


def test_an_unknown_command_is_refused(tmp_path: Path) -> None:
    answer = run(tmp_path, "sell")

    assert answer.returncode == 2
    assert "No such command 'sell'" in answer.stderr


def test_a_start_loads_neither_the_web_application_nor_the_queue() -> None:
    script = "import sys; from app.cli.main import command_line; command_line(['demo']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(loaded.stdout.split()).isdisjoint({"fastapi", "celery", "sqlalchemy", "alembic"})
