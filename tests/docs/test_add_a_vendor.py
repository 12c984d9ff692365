"""The page on adding a vendor, followed word for word in a copy of the sources, ends with a supplier that works."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.console import steps_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "add-a-vendor.md"
FILE = re.compile(r"^`((?:app|tests)/\S+\.py)`\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"^```diff\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = (
    "app",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/support",
    "tests/integrations/__init__.py",
    "tests/integrations/conftest.py",
    "tests/integrations/http",
    ".importlinter",
    "pyproject.toml",
)
TOLD = re.compile(r"(\d+) (passed|failed|errors?)\b")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the page needs of the sources."""
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return tmp_path


def run(command: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable if word == "python" else word for word in shlex.split(command)]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    return subprocess.run(
        words, cwd=checkout, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    return {word: int(number) for number, word in TOLD.findall(done.stdout.splitlines()[-1])}


def change(checkout: Path, name: str, lines: list[str]) -> None:
    """Apply the lines of a diff without context: what is removed stands where what is added goes."""
    path = checkout / name
    text = path.read_text(encoding="utf-8")
    removed = ""
    for line in lines:
        if line.startswith("-"):
            removed = line[1:] + "\n"
            assert removed in text, line
            text = text.replace(removed, "\0", 1)
        else:
            text = text.replace("\0", f"{line[1:]}\n\0", 1)
    path.write_text(re.sub("\0", "", text), encoding="utf-8")


def diffed(text: str) -> list[list[str]]:
    """The changes of a diff, each a removal and what comes in its place."""
    changes: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("-"):
            changes.append([])
        changes[-1].append(line)
    return changes


def test_the_page_followed_word_for_word_adds_a_working_supplier(checkout: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    make, fail, succeed = (step.command for step in steps_of(PAGE))

    assert run(make, checkout).returncode == 0
    assert counts(run(fail, checkout)) == {"failed": 4}

    files = FILE.findall(page)
    assert len(files) == 3
    for name, text in files:
        assert (checkout / name).is_file(), name
        (checkout / name).write_text(text, encoding="utf-8")
    assert counts(run(succeed, checkout)) == {"passed": 4}

    (diff,) = DIFF.findall(page)
    for lines in diffed(diff):
        change(checkout, "app/integrations/registry.py", lines)
    ask = "from app.integrations.registry import get_vendor as get; print(get('parcelworks').supplier.__name__)"
    told = run(f"python -c {shlex.quote(ask)}", checkout)
    assert told.stdout.strip() == "open_supplier", told.stderr
    beautiful = run("python -m ruff check app/integrations/parcelworks tests/integrations/parcelworks", checkout)
    assert beautiful.returncode == 0, beautiful.stdout
    assert "(parcelworks)" in (checkout / ".importlinter").read_text(encoding="utf-8")


def test_each_role_begins_with_tests_that_all_fail(checkout: Path) -> None:
    made = run("python -m app new-vendor acme --role source --role stock --role supplier", checkout)
    assert made.returncode == 0, made.stderr
    done = run("python -m pytest -q tests/integrations/acme", checkout)
    assert counts(done) == {"failed": 8}, done.stdout
    assert done.stdout.count("NotImplementedError: ") >= 8
    beautiful = run("python -m ruff check app/integrations/acme tests/integrations/acme", checkout)
    assert beautiful.returncode == 0, beautiful.stdout


@pytest.mark.parametrize("name", ["../out", "Acme", "a", "dummyjson", "a-b"])
def test_a_name_that_cannot_be_used_writes_nothing(name: str, checkout: Path) -> None:
    before = sorted(checkout.rglob("*.py"))
    done = run(f"python -m app new-vendor {name} --role stock", checkout)
    assert done.returncode == 1
    assert done.stderr.strip()
    assert sorted(checkout.rglob("*.py")) == before
