"""Stock that a source tells without its goods: offers take it over, and so do quantities and costs of goods that the
source owns. What it does not list, or does not say of what it lists, stays as it was: unknown is not zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Numeric, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.integrations.contracts.stock import StockLevel
from app.inventory import ledger
from app.products import summary

# A cost in another currency than the offer's price would be compared with it: it is left out.
_WRITE_OFFERS = text("""
UPDATE offers o
SET stock = coalesce(told.quantity, o.stock), handling_days = coalesce(told.days, o.handling_days),
    cost = CASE WHEN told.fits THEN told.cost ELSE o.cost END,
    currency = CASE WHEN told.fits THEN coalesce(told.currency, o.currency, :default_currency) ELSE o.currency END,
    seen_at = now()
FROM (
  SELECT known.id, known.stock, known.handling_days, known.cost AS cost_before, given.quantity, given.days, given.cost,
         given.currency,
         given.cost IS NOT NULL AND (given.currency IS NULL OR known.currency IS NULL OR known.price IS NULL
                                     OR known.currency = given.currency) AS fits
  FROM unnest(:ids, :quantities, :days, :costs, :currencies) AS given (external_id, quantity, days, cost, currency)
  JOIN offers known ON known.source_id = :source AND known.external_id = given.external_id
  ORDER BY known.id FOR UPDATE OF known
) told
WHERE o.id = told.id
RETURNING (o.stock, o.handling_days, o.cost) IS DISTINCT FROM (told.stock, told.handling_days, told.cost_before)
""").bindparams(
    bindparam("ids", type_=ARRAY(Text())),
    bindparam("quantities", type_=ARRAY(Integer())),
    bindparam("days", type_=ARRAY(Integer())),
    bindparam("costs", type_=ARRAY(Numeric(18, 4))),
    bindparam("currencies", type_=ARRAY(Text())),
)
_OWNED = """
FROM offers o
JOIN variants mine ON mine.id = o.variant_id AND mine.deleted_at IS NULL
JOIN products known ON known.id = mine.product_id AND known.source_id = :source
WHERE o.source_id = :source AND o.external_id = ANY(:ids)
"""
_WRITE_COSTS = text(f"""
UPDATE variants target SET cost = told.cost, currency = coalesce(target.currency, told.currency), updated_at = now()
FROM (
  SELECT DISTINCT ON (mine.id) mine.id, o.cost, o.currency {_OWNED}
    AND o.cost IS NOT NULL AND NOT 'cost' = ANY(known.locked_fields)
    AND (mine.currency IS NULL OR mine.currency = o.currency)
  ORDER BY mine.id, o.id
) told
WHERE target.id = told.id AND target.cost IS DISTINCT FROM told.cost
RETURNING target.product_id
""").bindparams(bindparam("ids", type_=ARRAY(Text())))
_QUANTITIES = f"""
SELECT o.variant_id, max(o.stock) AS quantity {_OWNED}
  AND o.stock IS NOT NULL AND NOT 'stock' = ANY(known.locked_fields)
GROUP BY o.variant_id
"""
_PRODUCTS_OF = text("SELECT DISTINCT product_id FROM variants WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of a page of levels. `unknown`: articles that the catalogue does not have."""

    changed: int = 0
    unchanged: int = 0
    unknown: int = 0


async def apply_levels(
    session: AsyncSession, job_id: UUID, source_id: UUID, levels: Sequence[StockLevel], *, default_currency: str
) -> Counted:
    """Write a page of levels; of one that stands twice the last counts."""
    told = {level.external_id: level for level in levels}
    values: dict[str, object] = {"source": source_id, "ids": list(told)}
    given = {
        "quantities": [_within_bounds(level.quantity) for level in told.values()],
        "days": [_days(level) for level in told.values()],
        "costs": [level.cost for level in told.values()],
        "currencies": [level.currency for level in told.values()],
        "default_currency": default_currency,
    }
    met = list((await session.execute(_WRITE_OFFERS, {**values, **given})).scalars())
    products = set((await session.execute(_WRITE_COSTS, values)).scalars())
    products |= await _restock(session, job_id, values)
    if products:
        await summary.refresh(session, products)
    return Counted(changed=sum(met), unchanged=len(met) - sum(met), unknown=len(told) - len(met))


async def _restock(session: AsyncSession, job_id: UUID, values: dict[str, object]) -> set[UUID]:
    cause = ledger.Cause(reason="stock sync", job_id=job_id)
    variant_ids = await ledger.set_on_hand_from(session, _QUANTITIES, values, cause)
    if not variant_ids:
        return set()
    return set((await session.execute(_PRODUCTS_OF, {"ids": list(variant_ids)})).scalars())


def _days(level: StockLevel) -> int | None:
    # The longer time is the one that can be promised.
    return level.min_handling_days if level.max_handling_days is None else level.max_handling_days


def _within_bounds(quantity: int | None) -> int | None:
    return None if quantity is None else min(max(quantity, 0), ledger.LARGEST)
