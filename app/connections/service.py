"""Making a connection, and writing down whether it works."""

from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository
from app.connections.errors import ConnectionNameTaken
from app.connections.models import Connection, ConnectionStatus, Environment
from app.core.ids import new_id

LONGEST_ERROR = 500


async def ensure_connection(
    session: AsyncSession,
    tenant_id: int,
    *,
    vendor: str,
    name: str,
    environment: Environment,
    settings: dict[str, JsonValue] | None = None,
) -> tuple[Connection, bool]:
    """The tenant's connection to a vendor, the oldest where there are several; made under `name` when there is none.
    Also answers whether it was made now. Two callers at once make one.
    """
    if known := await repository.list_of_vendor(session, tenant_id, vendor):
        return known[0], False
    made = (
        insert(Connection)
        .values(
            id=new_id(),
            tenant_id=tenant_id,
            vendor=vendor,
            name=name,
            environment=environment.value,
            settings=settings or {},
        )
        .on_conflict_do_nothing()
        .returning(Connection.id)
    )
    made_id = await session.scalar(made)
    if made_id is not None:
        return await repository.get_connection(session, made_id), True
    if known := await repository.list_of_vendor(session, tenant_id, vendor):
        return known[0], False
    raise ConnectionNameTaken(f"The name {name!r} belongs to a connection to another vendor.")


async def record_success(session: AsyncSession, connection_id: UUID, environment: Environment) -> None:
    """Write down that the vendor answered as agreed, and in which environment it did; a pause by a person stays."""
    await session.execute(
        update(Connection)
        .where(Connection.id == connection_id)
        .values(
            environment=environment.value,
            last_ok_at=func.now(),
            last_error=None,
            last_error_code=None,
            last_error_at=None,
        )
    )
    await _set_status(session, connection_id, ConnectionStatus.CONNECTED)


async def record_failure(
    session: AsyncSession, connection_id: UUID, *, code: str, message: str, status: ConnectionStatus | None = None
) -> None:
    """Write down what went wrong, and the connection's new status if it has one."""
    await session.execute(
        update(Connection)
        .where(Connection.id == connection_id)
        .values(last_error=message[:LONGEST_ERROR], last_error_code=code, last_error_at=func.now())
    )
    if status is not None:
        await _set_status(session, connection_id, status)


async def _set_status(session: AsyncSession, connection_id: UUID, status: ConnectionStatus) -> None:
    await session.execute(
        update(Connection)
        .where(Connection.id == connection_id, Connection.status != ConnectionStatus.PAUSED.value)
        .values(status=status.value)
    )
