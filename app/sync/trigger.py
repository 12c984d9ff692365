"""Starting a sync: which connection a request means, which job carries it out, how the default provider begins."""

import random

from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository as connections
from app.connections.errors import ConnectionAmbiguous, ConnectionPaused
from app.connections.models import Connection, ConnectionStatus, Environment
from app.connections.service import ensure_connection
from app.core.config import Settings
from app.integrations import registry as vendors
from app.integrations.contracts.vendor import Vendor
from app.queue.models import Job, JsonObject
from app.queue.outbox import enqueue
from app.queue.schedules import add_schedule
from app.sync import kinds, repository
from app.sync.errors import NoDefaultProvider, ProviderUnknown, SyncKindUnknown, TooManySyncs
from app.sync.kinds import SOURCE, STOCK, SUPPLIER, SyncKind
from app.sync.schemas import SyncTrigger

MOST_WAITING = 5


async def trigger(session: AsyncSession, settings: Settings, tenant_id: int, body: SyncTrigger) -> Job:
    """Enqueue a sync. The default provider's connection and schedule are made when it is the tenant's first."""
    connection, is_new = await resolve_connection(session, settings, tenant_id, body)
    await refuse_start(session, connection)
    if is_new:
        await _schedule_default(session, settings, connection)
    return await enqueue(session, kind_of(connection, body.kind).task, params=params_of(connection, body))


async def refuse_start(session: AsyncSession, connection: Connection) -> None:
    """Raises ConnectionPaused or TooManySyncs where another sync of the connection cannot be started."""
    if connection.status == ConnectionStatus.PAUSED:
        raise ConnectionPaused
    if await repository.count_unfinished(session, connection.tenant_id, connection.id) >= MOST_WAITING:
        raise TooManySyncs(f"{MOST_WAITING} syncs of “{connection.name}” are not over yet.")


def kind_of(connection: Connection, kind: str) -> SyncKind:
    """How a kind of sync is carried out for the connection's vendor; raises SyncKindUnknown."""
    offered = kinds_of(vendors.get_vendor(connection.vendor))
    found = next((sync for sync in offered if sync.kind == kind), None)
    if found is None:
        names = ", ".join(sorted(sync.kind for sync in offered)) or "none"
        raise SyncKindUnknown(f"{connection.name} has no sync of the kind {kind!r}; it has: {names}.")
    return found


def kinds_of(vendor: Vendor) -> list[SyncKind]:
    """The kinds of sync that a vendor has."""
    roles = set()
    if vendor.source is not None:
        # Both list goods; jobs are named for what the other side is.
        roles.add(SUPPLIER if vendor.stock or vendor.supplier else SOURCE)
    if vendor.stock is not None:
        roles.add(STOCK)
    return kinds.of_roles(frozenset(roles))


def params_of(connection: Connection, body: SyncTrigger) -> JsonObject:
    """What the job is told; ids only."""
    return {"connection_id": str(connection.id), "kind": body.kind, "mode": body.mode}


async def resolve_connection(
    session: AsyncSession, settings: Settings, tenant_id: int, body: SyncTrigger
) -> tuple[Connection, bool]:
    """The connection that a request means (by id, by vendor, or the default provider's, made on first use), and whether
    it was made now.
    """
    if body.connection_id is not None:
        return await connections.get_connection(session, body.connection_id), False
    default = vendors.external_provider(settings) if settings.external_api_provider else None
    provider = body.provider or (default.vendor.slug if default else None)
    if provider is None:
        raise NoDefaultProvider
    known = await connections.list_of_vendor(session, tenant_id, provider)
    if len(known) > 1:
        raise ConnectionAmbiguous(f"{len(known)} connections lead to {provider}.")
    if known:
        return known[0], False
    if default is None or provider != default.vendor.slug:
        raise ProviderUnknown(f"No connection leads to {provider!r}.")
    environment = Environment(default.environment)
    return await ensure_connection(
        session, tenant_id, vendor=provider, name=default.vendor.label, environment=environment
    )


async def _schedule_default(session: AsyncSession, settings: Settings, connection: Connection) -> None:
    minutes = vendors.external_provider(settings).every_minutes
    body = SyncTrigger(connection_id=connection.id)
    await add_schedule(
        session,
        kind_of(connection, body.kind).task,
        params=params_of(connection, body),
        every_minutes=minutes,
        name=f"{connection.name} every {minutes} minutes",
        jitter_seconds=random.randint(0, settings.schedule_jitter_seconds),  # noqa: S311 (no secret)
    )
