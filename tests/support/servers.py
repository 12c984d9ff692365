"""The PostgreSQL and Redis that tests use: our own embedded pair, one per pytest process, or given servers.

On the servers that TEST_DATABASE_URL and TEST_REDIS_URL name we keep to a database, role names and Redis keys of our
own and drop them afterwards.
"""

import asyncio
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
from redis import Redis
from sqlalchemy.engine import make_url

from app.supervisor import embedded
from app.supervisor.claim import AlreadyRunning, claim
from app.supervisor.orphans import stop_orphans

T = TypeVar("T")
DIRECTORY = "crossdock-test-"


@dataclass(frozen=True, slots=True)
class TestServers:
    """Where the tests of this process work. `embedded` is the pair when it is ours, to halt, restart or flush."""

    __test__ = False

    database_owner_url: str
    redis_url: str
    redis_key_prefix: str
    role_prefix: str
    embedded: embedded.Servers | None

    @property
    def own(self) -> bool:
        return self.embedded is not None

    def url_of(self, database: str) -> str:
        """The owner's URL of another database of the same server."""
        return make_url(self.database_owner_url).set(database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def servers() -> Iterator[TestServers]:
    """The servers of this pytest process, with an empty database."""
    given = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if any(given) and not all(given):
        raise pytest.UsageError("TEST_DATABASE_URL and TEST_REDIS_URL belong together: set both or neither")
    with _given_servers(str(given[0]), str(given[1])) if all(given) else _own_servers() as ready:
        yield ready


@contextmanager
def fresh_database(servers: TestServers, *, template: str | None = None) -> Iterator[str]:
    """The owner's URL of a new database (a copy of `template` when named), dropped afterwards."""
    name = f"{make_url(servers.database_owner_url).database}_{secrets.token_hex(3)}"
    copied = f' TEMPLATE "{template}"' if template else ""
    execute(servers.url_of("postgres"), f'CREATE DATABASE "{name}"{copied}')
    try:
        yield servers.url_of(name)
    finally:
        execute(servers.url_of("postgres"), f'DROP DATABASE "{name}" WITH (FORCE)')


def execute(url: str, *statements: str) -> None:
    """Run statements as the URL's user, each in a transaction of its own, from synchronous code."""

    async def run() -> None:
        connection = await asyncpg.connect(_plain(url))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    _in_thread(run)


def fetch(url: str, query: str) -> list[str]:
    """The first column of what a query answers, from synchronous code."""

    async def run() -> list[str]:
        connection = await asyncpg.connect(_plain(url))
        try:
            return [row[0] for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return _in_thread(run)


def leave_out_tests_that_need_our_own_server(items: Sequence[pytest.Item]) -> None:
    """On given servers, skip (and by that report) the tests that flush, stop or restart a server."""
    if "TEST_DATABASE_URL" not in os.environ:
        return
    reason = "left out on given servers: flushes, stops or restarts a server"
    for item in items:
        if item.get_closest_marker("own_server"):
            item.add_marker(pytest.mark.skip(reason=reason))


@contextmanager
def _own_servers() -> Iterator[TestServers]:
    _remove_what_killed_runs_left()
    directory = Path(tempfile.mkdtemp(prefix=f"{DIRECTORY}{os.getpid()}-"))
    running = embedded.start(directory, fast=True)
    try:
        execute(running.database_owner_url, 'CREATE DATABASE "crossdock_test"')
        yield TestServers(
            database_owner_url=running.database_url("crossdock_test"),
            redis_url=running.redis_url,
            redis_key_prefix="crossdock:",
            role_prefix="crossdock_",
            embedded=running,
        )
    finally:
        embedded.stop(running)
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _given_servers(database_url: str, redis_url: str) -> Iterator[TestServers]:
    name = f"crossdock_test_{secrets.token_hex(4)}"
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    maintenance = url.render_as_string(hide_password=False)
    execute(maintenance, f'CREATE DATABASE "{name}"')
    try:
        yield TestServers(
            database_owner_url=url.set(database=name).render_as_string(hide_password=False),
            redis_url=redis_url,
            redis_key_prefix=f"{name}:",
            role_prefix=f"{name}_",
            embedded=None,
        )
    finally:
        execute(maintenance, f'DROP DATABASE "{name}" WITH (FORCE)')
        _drop_roles(maintenance, f"{name}_")
        _drop_keys(redis_url, f"{name}:")


def _drop_roles(url: str, prefix: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(_plain(url))
        try:
            for row in await connection.fetch("SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)", prefix):
                await connection.execute(f'DROP ROLE "{row["rolname"]}"')
        finally:
            await connection.close()

    _in_thread(run)


def _drop_keys(url: str, prefix: str) -> None:
    with Redis.from_url(url) as client:
        for key in client.scan_iter(match=f"*{prefix}*", count=1000):
            client.delete(key)


def _remove_what_killed_runs_left() -> None:
    for directory in Path(tempfile.gettempdir()).glob(f"{DIRECTORY}*"):
        owner = re.match(rf"{DIRECTORY}(\d+)-", directory.name)
        if owner is None or _is_alive(int(owner[1])):
            continue
        with suppress(AlreadyRunning, OSError):
            held = claim(directory)
            stop_orphans(directory)
            held.release()
            shutil.rmtree(directory, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def _in_thread(run: Callable[[], Coroutine[None, None, T]]) -> T:
    # The tests' own event loop may be running in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()
