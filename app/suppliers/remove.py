"""Disconnecting a supplier."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs import steering
from app.suppliers import offered, repository
from app.suppliers.schemas import SupplierDeleted


async def remove_supplier(session: AsyncSession, tenant_id: int, supplier_id: UUID) -> SupplierDeleted:
    """Forget a supplier with its credentials and schedules; its goods stay, its offers go.

    What runs is cancelled first: a step that is being written ends before the offers are taken, and writes none after.
    """
    connection = await repository.lock_supplier(session, supplier_id, offered.slugs())
    for job_id in await repository.unfinished_jobs(session, tenant_id, supplier_id):
        await steering.cancel(session, job_id)
    await session.flush()
    await repository.delete_schedules(session, tenant_id, supplier_id)
    found = await repository.find_counts(session, supplier_id)
    offers = await repository.drop_offers(session, connection)
    await session.delete(connection)
    await session.flush()
    return SupplierDeleted(id=supplier_id, offers_removed=offers, products_kept=found.products if found else 0)
