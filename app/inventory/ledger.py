"""Writing quantities: every change is one entry and one new balance, made by one statement.

Reading them for people is app/inventory/reports.py. Nothing here knows what a variant is beyond its id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import ARRAY, Integer, TextClause, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.inventory.errors import StockBelowZero, StockTooLarge
from app.inventory.models import OWN_LOCATION

LARGEST = 1_000_000_000

OnHandKind = Literal["receipt", "adjustment", "sale", "return", "sync_correction"]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a quantity changes: who or what asked for it, and a sentence for people."""

    reason: str | None = None
    user_id: UUID | None = None
    job_id: UUID | None = None
    order_id: UUID | None = None

    def parameters(self) -> dict[str, object]:
        return {
            "reason": self.reason,
            "user_id": self.user_id,
            "job_id": self.job_id,
            "order_id": self.order_id,
        }


_ENTRIES = """
INSERT INTO stock_entries (variant_id, location_id, sequence, kind, quantity, on_hand_after, reserved_after,
  reason, user_id, job_id, order_id)
SELECT variant_id, location_id, version, :kind, last_change, on_hand, reserved,
  :reason, CAST(:user_id AS uuid), CAST(:job_id AS uuid), CAST(:order_id AS uuid)
FROM changed
RETURNING variant_id
"""

# The delta of the entry comes from the row that the update really met (last_change), not from a read before it, so
# two writers at once both leave a true ledger. Ordered, so that two of them never wait for each other in a circle.
_SET_ON_HAND = (
    """
WITH wanted AS ({wanted}),
changed AS (
  INSERT INTO stock_balances AS balance (variant_id, location_id, on_hand, last_change)
  SELECT variant_id, :location_id, quantity, quantity FROM wanted
  WHERE quantity <> 0 OR EXISTS (
    SELECT FROM stock_balances known WHERE known.variant_id = wanted.variant_id AND known.location_id = :location_id)
  ORDER BY variant_id
  ON CONFLICT (variant_id, location_id) DO UPDATE
  SET on_hand = excluded.on_hand, last_change = excluded.on_hand - balance.on_hand,
    version = balance.version + 1, updated_at = now()
  WHERE balance.on_hand <> excluded.on_hand
  RETURNING *
)
"""
    + _ENTRIES
)

# One statement, so that its locks too are taken in order. A balance that does not exist yet cannot be taken from.
_ADJUST = (
    """
WITH wanted AS (SELECT variant_id, quantity FROM unnest(:variant_ids, :quantities) AS given (variant_id, quantity)),
changed AS (
  INSERT INTO stock_balances AS balance (variant_id, location_id, on_hand, last_change)
  SELECT variant_id, :location_id, greatest(quantity, 0), quantity FROM wanted
  WHERE quantity > 0 OR EXISTS (
    SELECT FROM stock_balances known WHERE known.variant_id = wanted.variant_id AND known.location_id = :location_id)
  ORDER BY variant_id
  ON CONFLICT (variant_id, location_id) DO UPDATE
  SET on_hand = balance.on_hand + excluded.last_change, last_change = excluded.last_change,
    version = balance.version + 1, updated_at = now()
  WHERE balance.on_hand + excluded.last_change BETWEEN 0 AND {largest}
  RETURNING *
)
"""
    + _ENTRIES
)

_GIVEN = "SELECT variant_id, quantity FROM unnest(:variant_ids, :quantities) AS given (variant_id, quantity)"


def _statement(sql: str) -> TextClause:
    statement = text(sql).bindparams(bindparam("location_id", type_=Uuid()))
    if ":variant_ids" in sql:
        statement = statement.bindparams(bindparam("variant_ids", type_=ARRAY(Uuid())))
    if ":quantities" in sql:
        statement = statement.bindparams(bindparam("quantities", type_=ARRAY(Integer())))
    return statement


async def set_on_hand(
    session: AsyncSession,
    quantities: Mapping[UUID, int],
    cause: Cause,
    *,
    kind: OnHandKind = "adjustment",
    location_id: UUID = OWN_LOCATION,
) -> set[UUID]:
    """Make these variants' quantities on one location be exactly this; answers the ids of those that changed."""
    _check_bounds(quantities.values())
    given = {"variant_ids": list(quantities), "quantities": list(quantities.values())}
    return await set_on_hand_from(session, _GIVEN, given, cause, kind=kind, location_id=location_id)


async def set_on_hand_from(
    session: AsyncSession,
    wanted: str,
    parameters: Mapping[str, object],
    cause: Cause,
    *,
    kind: OnHandKind = "sync_correction",
    location_id: UUID = OWN_LOCATION,
) -> set[UUID]:
    """Like `set_on_hand`, for the rows of a SELECT that yields (variant_id, quantity), each variant once and each
    quantity within 0 and LARGEST; answers the ids of those that changed.
    """
    statement = _statement(_SET_ON_HAND.format(wanted=wanted))
    answer = await session.execute(
        statement, {**parameters, **cause.parameters(), "kind": kind, "location_id": location_id}
    )
    return set(answer.scalars())


async def adjust(
    session: AsyncSession,
    deltas: Mapping[UUID, int],
    cause: Cause,
    *,
    kind: OnHandKind = "adjustment",
    location_id: UUID = OWN_LOCATION,
) -> None:
    """Add to or take from these variants' quantities on one location; all of them, or StockBelowZero and nothing."""
    _check_bounds(abs(delta) for delta in deltas.values())
    moving = {variant_id: delta for variant_id, delta in deltas.items() if delta}
    parameters = {
        "variant_ids": list(moving),
        "quantities": list(moving.values()),
        "location_id": location_id,
        "kind": kind,
        **cause.parameters(),
    }
    changed = await session.execute(_statement(_ADJUST.format(largest=LARGEST)), parameters)
    if refused := moving.keys() - set(changed.scalars()):
        raise StockTooLarge if any(moving[variant_id] > 0 for variant_id in refused) else StockBelowZero


def _check_bounds(quantities: Iterable[int]) -> None:
    if any(not 0 <= quantity <= LARGEST for quantity in quantities):
        raise StockTooLarge
