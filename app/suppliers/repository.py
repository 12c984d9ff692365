"""Every query for suppliers: their rows, the secrets' times, and what of the catalogue is theirs."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository as connections
from app.connections.errors import ConnectionNotFound
from app.connections.models import Connection, ConnectionSecret
from app.queue.models import Job, Schedule
from app.queue.names import JobStatus
from app.sync import kinds

UNFINISHED = (JobStatus.PENDING.value, JobStatus.RUNNING.value, JobStatus.WAITING.value)

_COUNTS = text("""
SELECT s.id AS source_id, (SELECT count(*) FROM source_products p WHERE p.source_id = s.id) AS products,
       count(o.id) AS offers, count(o.id) FILTER (WHERE o.stock > 0) AS in_stock,
       count(o.id) FILTER (WHERE o.stock IS NULL) AS unknown_stock,
       min(o.seen_at) AS oldest, max(o.seen_at) AS newest
FROM sources s LEFT JOIN offers o ON o.source_id = s.id
WHERE s.connection_id = :connection GROUP BY s.id
""")
_DROP_OFFERS = text("""
DELETE FROM offers WHERE source_id = (SELECT id FROM sources WHERE connection_id = :connection)
""")
# Whose goods they were stays written down: the same account, connected again, goes on with them.
FORMER = "former_account"
_FREE_SOURCE = text(f"""
UPDATE sources SET connection_id = NULL, updated_at = now(),
  settings = settings || jsonb_strip_nulls(jsonb_build_object('{FORMER}', CAST(:account AS text)))
WHERE connection_id = :connection
""")
_ADOPT_SOURCE = text(f"""
UPDATE sources SET connection_id = :connection, settings = settings - '{FORMER}', updated_at = now()
WHERE id = (
  SELECT id FROM sources WHERE connection_id IS NULL AND settings ->> '{FORMER}' = :account
  ORDER BY updated_at DESC LIMIT 1
)
""")


def list_suppliers(tenant_id: int, vendors: Collection[str]) -> Select[Connection]:
    return connections.list_connections(tenant_id).where(Connection.vendor.in_(vendors))


async def get_supplier(session: AsyncSession, connection_id: UUID, vendors: Collection[str]) -> Connection:
    return _supplier(await session.get(Connection, connection_id), vendors)


async def lock_supplier(session: AsyncSession, connection_id: UUID, vendors: Collection[str]) -> Connection:
    found = await session.get(Connection, connection_id, with_for_update=True, populate_existing=True)
    return _supplier(found, vendors)


def _supplier(found: Connection | None, vendors: Collection[str]) -> Connection:
    if found is None or found.vendor not in vendors:
        raise ConnectionNotFound
    return found


async def secrets_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, ConnectionSecret]:
    """What is known of the connections' secrets without opening them."""
    found = await session.scalars(select(ConnectionSecret).where(ConnectionSecret.connection_id.in_(ids)))
    return {secret.connection_id: secret for secret in found}


async def find_counts(session: AsyncSession, connection_id: UUID) -> Row[Any] | None:
    """How much of the catalogue is a connection's; None before its first sync."""
    return (await session.execute(_COUNTS, {"connection": connection_id})).one_or_none()


async def unfinished_jobs(session: AsyncSession, tenant_id: int, connection_id: UUID) -> list[UUID]:
    """The connection's jobs that are not over."""
    return list(
        await session.scalars(
            select(Job.id)
            .where(
                Job.tenant_id == tenant_id,
                Job.params["connection_id"].astext == str(connection_id),
                Job.status.in_(UNFINISHED),
            )
            .order_by(Job.id)
        )
    )


async def delete_schedules(session: AsyncSession, tenant_id: int, connection_id: UUID) -> None:
    """Remove the connection's schedules."""
    await session.execute(
        delete(Schedule).where(
            Schedule.tenant_id == tenant_id,
            Schedule.job_type.in_(kinds.tasks()),
            Schedule.params["connection_id"].astext == str(connection_id),
        )
    )


async def drop_offers(session: AsyncSession, connection: Connection) -> int:
    """Remove the connection's offers and free its source; answers how many offers there were."""
    dropped: Any = await session.execute(_DROP_OFFERS, {"connection": connection.id})
    await session.execute(_FREE_SOURCE, {"connection": connection.id, "account": _account(connection)})
    return int(dropped.rowcount)


async def adopt_source(session: AsyncSession, connection: Connection) -> None:
    """Go on with the goods that an earlier connection to the same account has left, if there are any."""
    if (account := _account(connection)) is not None:
        await session.execute(_ADOPT_SOURCE, {"connection": connection.id, "account": account})


def _account(connection: Connection) -> str | None:
    known = connection.account_id
    return None if known is None else f"{connection.vendor}:{connection.environment}:{known}"
