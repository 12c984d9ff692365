"""Every query for connections. Those of other tenants are out of reach by the session's scope."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.errors import ConnectionNotFound
from app.connections.models import Connection


async def get_connection(session: AsyncSession, connection_id: UUID) -> Connection:
    found = await session.get(Connection, connection_id)
    if found is None:
        raise ConnectionNotFound
    return found


def list_connections(tenant_id: int) -> Select[Connection]:
    """All connections of a tenant."""
    # The policy says the same about the tenant; said here too, the planner uses the index.
    return select(Connection).where(Connection.tenant_id == tenant_id)


async def list_all(session: AsyncSession, tenant_id: int) -> list[Connection]:
    """All of them at once."""
    return list(await session.scalars(list_connections(tenant_id)))


async def list_of_vendor(session: AsyncSession, tenant_id: int, vendor: str) -> list[Connection]:
    """A tenant's connections to one vendor, the oldest first."""
    of_vendor = list_connections(tenant_id).where(Connection.vendor == vendor)
    return list(await session.scalars(of_vendor.order_by(Connection.created_at, Connection.id)))
