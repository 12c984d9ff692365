"""What was measured on: the machine, the versions of what matters, the date, the revision, the command."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from app.supervisor.binaries import find_postgres, find_redis

PACKAGES = ("fastapi", "uvicorn", "uvloop", "sqlalchemy", "asyncpg", "pydantic", "orjson", "celery", "redis")


def describe(command: str) -> str:
    """The footer of a section."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"_{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, revision {_revision()}, `{command}`. {_hardware()}; {_system()};"
        f" Python {platform.python_version()}, PostgreSQL {_postgres()} (fsync on), Redis {_redis()}; {packages}._"
    )


def _hardware() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    return f"{os.cpu_count()} cores ({model.partition(':')[2].strip() or platform.machine()}), {memory:.0f} GiB"


def _system() -> str:
    return f"{platform.system()} {platform.release().partition('-')[0]}"


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


def _revision() -> str:
    return _output("git", "rev-parse", "--short", "HEAD") or "unknown"


def _postgres() -> str:
    return _output(str(find_postgres() / "bin" / "postgres"), "--version").rpartition(" ")[2]


def _redis() -> str:
    words = _output(str(find_redis()), "--version").split()
    return next((word.removeprefix("v=") for word in words if word.startswith("v=")), "unknown")


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()
