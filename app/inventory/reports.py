"""Reading quantities: balances of many variants, and the entries that explain one."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pagination import PageQuery, Slice, Sort, paginate
from app.inventory.models import StockBalance, StockEntry, StockLocation


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on one location of one variant; `available` is what can still be promised."""

    location_id: UUID
    location: str
    on_hand: int
    reserved: int
    version: int

    @property
    def available(self) -> int:
        return max(self.on_hand - self.reserved, 0)


async def balances_of(session: AsyncSession, variant_ids: Iterable[UUID]) -> dict[UUID, list[Balance]]:
    """The balances of these variants on every location; a variant that never had stock is absent."""
    statement = (
        select(StockBalance, StockLocation.name)
        .join(StockLocation, StockLocation.id == StockBalance.location_id)
        .where(StockBalance.variant_id.in_(list(variant_ids)))
        .order_by(StockBalance.variant_id, StockLocation.id)
    )
    found: dict[UUID, list[Balance]] = {}
    for row, name in await session.execute(statement):
        balance = Balance(row.location_id, name, row.on_hand, row.reserved, row.version)
        found.setdefault(row.variant_id, []).append(balance)
    return found


# The sequence counts within a location, in which time and number agree.
_ENTRY_ORDERS = {"created_at": Sort(StockEntry.sequence, int), "sequence": Sort(StockEntry.sequence, int)}


async def list_entries(
    session: AsyncSession, variant_id: UUID, query: PageQuery, tenant_id: int | None
) -> Slice[StockEntry]:
    """The entries of a variant, newest first."""
    return await paginate(
        session,
        select(StockEntry).where(StockEntry.variant_id == variant_id),
        query,
        sorts=_ENTRY_ORDERS,
        default_sort="-created_at",
        id_column=StockEntry.location_id,
        tenant_id=tenant_id,
    )
