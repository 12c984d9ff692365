"""Starting the syncs of a supplier."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository as connections
from app.core.config import Settings
from app.integrations import registry
from app.queue.models import Job
from app.suppliers import offered
from app.suppliers.schemas import ALL, SupplierSync
from app.sync.schemas import PRODUCTS, SyncTrigger
from app.sync.trigger import kinds_of, resolve_connection, trigger


async def start_sync(session: AsyncSession, app: Settings, tenant_id: int, body: SupplierSync) -> list[Job]:
    """Enqueue what the body asks for; of `all` the goods first, because stock is told of goods that are known."""
    connection_id = await _find_connection(session, app, tenant_id, body.supplier_id)
    wanted: list[str] = [body.kind]
    if body.kind == ALL:
        connection = await connections.get_connection(session, connection_id)
        has = {sync.kind for sync in kinds_of(registry.get_vendor(connection.vendor))}
        wanted = [PRODUCTS, *sorted(has - {PRODUCTS})]
    return [
        await trigger(session, app, tenant_id, SyncTrigger(connection_id=connection_id, kind=kind, mode=body.mode))
        for kind in wanted
    ]


async def _find_connection(session: AsyncSession, app: Settings, tenant_id: int, said: str) -> UUID:
    try:
        return (await connections.get_connection(session, UUID(said))).id
    except ValueError:
        offered.get_vendor(said)
        connection, _ = await resolve_connection(session, app, tenant_id, SyncTrigger(provider=said))
        return connection.id
