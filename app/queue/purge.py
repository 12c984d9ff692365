"""Forgetting what is over: finished jobs past their retention, spent tickets, old slots, messages given up, keys of
repeatable requests.
"""

from sqlalchemy import text

from app.core import idempotency
from app.core.system_session import SystemDatabase

BATCH = 5000

_PURGES = [
    text("""
    DELETE FROM jobs WHERE id IN (
      SELECT id FROM jobs WHERE status IN ('completed', 'failed', 'cancelled')
      AND completed_at < now() - make_interval(days => :days) LIMIT :batch FOR UPDATE SKIP LOCKED)
    """),
    text("""
    DELETE FROM schedule_slots WHERE (schedule_id, slot) IN (
      SELECT schedule_id, slot FROM schedule_slots WHERE slot < now() - make_interval(days => :days) LIMIT :batch)
    """),
    text("""
    DELETE FROM outbox WHERE id IN (
      SELECT id FROM outbox WHERE dead_at < now() - make_interval(days => :days) LIMIT :batch FOR UPDATE SKIP LOCKED)
    """),
]
_SPENT_TICKETS = text("DELETE FROM stream_tickets WHERE expires_at < now()")


async def purge(system: SystemDatabase, days: int) -> int:
    """Delete a batch of each; answers how many rows went."""
    gone = 0
    for statement in _PURGES:
        async with system.session() as session:
            result = await session.execute(statement, {"days": days, "batch": BATCH})
            gone += result.rowcount  # type: ignore[attr-defined]
    async with system.session() as session:
        await session.execute(_SPENT_TICKETS)
        await idempotency.purge(session)
    return gone
