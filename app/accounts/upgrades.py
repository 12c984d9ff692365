"""Bringing tenants' schemas to the newest revision: in parallel, one transaction each, so that it can be broken off and
repeated at any moment. Works as the owner of the tables, and takes the system role to see the tenants.

Alembic's `op` is one global object and cannot work in parallel; the SQL text of the missing steps can.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from asyncpg.exceptions import LockNotAvailableError, PostgresError
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.accounts.models import Tenant
from app.core import migrations
from app.core.config import Settings
from app.core.tenancy import schema_name, table

BUSY_RETRIES = 5
BUSY_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class TenantRevision:
    """Where a tenant's schema stands."""

    id: int
    name: str
    revision: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What became of one tenant: `busy` means that its tables were locked by others all the while."""

    id: int
    outcome: Literal["upgraded", "busy", "failed"]
    detail: str = ""


async def list_revisions(settings: Settings, owner_url: str) -> list[TenantRevision]:
    """All tenants and the revisions that they are at."""
    newest = migrations.head("tenant")
    engine = migrations.owner_engine(owner_url)
    try:
        async with engine.begin() as connection:
            await _see_tenants(connection, settings)
            rows = await connection.execute(select(Tenant.id, Tenant.name, Tenant.revision).order_by(Tenant.id))
            return [TenantRevision(row.id, row.name, row.revision, row.revision == newest) for row in rows]
    finally:
        await engine.dispose()


async def upgrade_tenants(settings: Settings, owner_url: str, *, parallel: int) -> AsyncIterator[Upgraded]:
    """Upgrade every tenant that is behind, answering each as it is done; the others are left as they are."""
    behind = [tenant for tenant in await list_revisions(settings, owner_url) if not tenant.is_current]
    engine = migrations.owner_engine(owner_url)
    slots = asyncio.Semaphore(parallel)

    async def one(tenant: TenantRevision) -> Upgraded:
        async with slots:
            return await _upgrade(engine, settings, tenant.id)

    tasks = [asyncio.create_task(one(tenant)) for tenant in behind]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await engine.dispose()


async def _upgrade(engine: AsyncEngine, settings: Settings, tenant_id: int) -> Upgraded:
    for attempt in range(BUSY_RETRIES):
        try:
            async with engine.begin() as connection:
                await _upgrade_schema(connection, settings, tenant_id)
            return Upgraded(tenant_id, "upgraded")
        except (DBAPIError, PostgresError, OSError) as error:
            if not _is_busy(error):
                return Upgraded(tenant_id, "failed", str(error.__cause__ or error).strip())
        await asyncio.sleep(BUSY_WAIT_SECONDS * (attempt + 1))
    return Upgraded(tenant_id, "busy", "its tables are in use; try again when its long jobs are done")


async def _upgrade_schema(connection: AsyncConnection, settings: Settings, tenant_id: int) -> None:
    await connection.execute(text(f"SET LOCAL lock_timeout = '{migrations.LOCK_TIMEOUT}'"))
    await _see_tenants(connection, settings)
    # The row's lock keeps a second run of this command from the same tenant; its version is then read afresh.
    await connection.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update())
    await connection.execute(text("RESET ROLE"))
    version = text(f"SELECT version_num FROM {table(tenant_id, migrations.TENANT_VERSION_TABLE)}")
    present: str = (await connection.execute(version)).scalar_one()
    newest = migrations.head("tenant")
    if present != newest:
        path = f'"{schema_name(tenant_id)}", public'
        await connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.execute(_missing_steps(present))  # type: ignore[union-attr]
        await connection.execute(text("SELECT set_config('search_path', 'public', true)"))
    await _see_tenants(connection, settings)
    await connection.execute(update(Tenant).where(Tenant.id == tenant_id).values(revision=newest))


@lru_cache
def _missing_steps(since: str) -> str:
    return migrations.tenant_ddl(since)


async def _see_tenants(connection: AsyncConnection, settings: Settings) -> None:
    # Row-level security is forced on the owner too; the system role's policies show all tenants.
    await connection.execute(text(f'SET LOCAL ROLE "{settings.database_role_system}"'))


def _is_busy(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LockNotAvailableError):
            return True
        cause = cause.__cause__
    return False
