"""Reading quantities: balances of many variants, and the entries that explain one."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

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


@dataclass(frozen=True, slots=True)
class EntryKey:
    """The place of an entry among those of its variant, newest first."""

    created_at: str
    sequence: int
    location_id: UUID


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


async def list_entries(
    session: AsyncSession, variant_id: UUID, *, limit: int, before: tuple[int, UUID] | None = None
) -> list[StockEntry]:
    """The newest entries of a variant, going on `before` a (sequence, location) that was seen."""
    place = (StockEntry.sequence, StockEntry.location_id)
    statement = select(StockEntry).where(StockEntry.variant_id == variant_id)
    if before is not None:
        statement = statement.where(tuple_(*place) < before)
    statement = statement.order_by(*(column.desc() for column in place)).limit(limit)
    return list(await session.scalars(statement))
