"""The price history: reading it, and naming the job that a transaction's changes belong to. Triggers write it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pagination import PageQuery, Slice, Sort, paginate
from app.pricing.models import PriceChange

# A number is given while the variant's row is locked, so number and time agree.
_ORDERS = {"created_at": Sort(PriceChange.number, int)}
_ATTRIBUTE = text("SELECT set_config('app.job_id', :job, true)")


async def list_changes(
    session: AsyncSession, variant_ids: Sequence[UUID], query: PageQuery, tenant_id: int | None
) -> Slice[PriceChange]:
    """What happened to the prices of these variants, newest first."""
    return await paginate(
        session,
        select(PriceChange).where(PriceChange.variant_id.in_(variant_ids)),
        query,
        sorts=_ORDERS,
        default_sort="-created_at",
        id_column=PriceChange.variant_id,
        tenant_id=tenant_id,
    )


async def attribute_to_job(session: AsyncSession, job_id: UUID) -> None:
    """Record what the rest of this transaction changes under a job; sessions of a running job do so by themselves."""
    await session.execute(_ATTRIBUTE, {"job": str(job_id)})
