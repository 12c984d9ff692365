"""A production installation of its own for measuring: embedded servers that write durably, migrated, with sellers.

The machine's own PostgreSQL and Redis are never touched.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from app.accounts.models import Membership
from app.accounts.permissions import Role
from app.accounts.provisioning import Region, create_tenant, create_user
from app.accounts.sessions import Client, open_session
from app.cli.environment import embedded_environment
from app.core import migrations, tokens
from app.core.config import Settings, get_settings
from app.core.ids import new_id
from app.core.system_session import SystemDatabase
from app.supervisor import embedded
from app.supervisor.child import Child, spawn, stop_process

TOKEN_MINUTES = 600


class ProcessFailed(RuntimeError):
    """A process that is to be measured did not come up, or died; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Running servers with a migrated database, and the environment of every process that belongs to it."""

    directory: Path
    environment: Mapping[str, str]
    settings: Settings

    @property
    def owner_dsn(self) -> str:
        return plain_dsn(self.settings.database_owner_url or self.settings.database_url)

    @property
    def app_dsn(self) -> str:
        return plain_dsn(self.settings.database_url)


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant, and an access token for each of its members, the owner's first."""

    tenant_id: int
    owner_id: UUID
    tokens: tuple[str, ...]

    @property
    def authorization(self) -> str:
        return f"Bearer {self.tokens[0]}"


def plain_dsn(url: str) -> str:
    """A URL of ours as asyncpg itself reads it."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


@contextmanager
def installation() -> Iterator[Installation]:
    """Start everything, and take it away again. This process gets the environment of the installation too."""
    directory = Path(tempfile.mkdtemp(prefix="crossdock-bench-"))
    servers = embedded.start(directory / "servers")
    try:
        environment = {
            **embedded_environment(servers, Settings()),
            "ENVIRONMENT": "production",
            "SECRET_KEY": secrets.token_hex(32),
            "CREDENTIALS_KEY": secrets.token_hex(32),
            "DATA_DIR": str(directory / "data"),
            "ACCESS_TOKEN_EXPIRE_MINUTES": str(TOKEN_MINUTES),
            "LOG_LEVEL": "INFO",
        }
        os.environ.update(environment)
        get_settings.cache_clear()
        settings = get_settings()
        migrations.upgrade_blocking(settings.database_owner_url)
        yield Installation(directory, {**os.environ}, settings)
    finally:
        embedded.stop(servers)
        embedded.remove(directory / "servers")
        shutil.rmtree(directory, ignore_errors=True)


async def open_shop(installation: Installation, *, members: int = 1) -> Shop:
    """Make a tenant with so many members, each logged in."""
    settings = installation.settings
    system = SystemDatabase(settings, pool_size=1)
    ring = tokens.keyring(settings)
    region = Region.of_installation(settings)
    signed = []
    try:
        async with system.session() as session:
            people = [
                await create_user(session, email=f"{new_id().hex}@example.com", name=None, locale=region.locale)
                for _ in range(members)
            ]
            tenant = await create_tenant(session, owner=people[0], name="Bench", region=region)
            session.add_all(Membership(tenant_id=tenant.id, user_id=user.id, role=Role.MANAGER) for user in people[1:])
            await session.flush()
            for user in people:
                client = Client(user_agent="bench", ip=None)
                login = await open_session(session, settings, user_id=user.id, tenant_id=tenant.id, client=client)
                signed.append(
                    tokens.sign_access(
                        ring,
                        user_id=user.id,
                        session_id=login.session_id,
                        tenant_id=tenant.id,
                        lifetime=timedelta(minutes=TOKEN_MINUTES),
                    )
                )
    finally:
        await system.close()
    return Shop(tenant.id, people[0].id, tuple(signed))


@contextmanager
def running(child: Child, installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process for as long as the block lasts; it is ready when the block begins."""
    log = installation.directory / f"{child.name}.log"
    with log.open("ab") as output:
        process = spawn(child, installation.directory, output)
    try:
        deadline = time.monotonic() + child.ready_seconds
        while not child.is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ProcessFailed(f"{child.name} did not start:\n{last_lines(log)}")
            time.sleep(0.05)
        try:
            yield process
        except Exception as failure:
            failure.add_note(f"{child.name} said last:\n{last_lines(log)}")
            raise
    finally:
        stop_process(child, process)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for a message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


async def settle(dsn: str) -> None:
    """Write what is dirty and gather statistics, so that no target pays for the preparation of another."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
