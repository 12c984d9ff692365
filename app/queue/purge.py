"""Forgetting what is over: finished jobs past their retention, spent tickets, old slots, messages given up, keys of
repeatable requests. What jobs have left in stores their kinds clear up, by jobs of their own.
"""

from collections import defaultdict

from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import idempotency
from app.core.system_session import SystemDatabase
from app.core.tenancy import Scope
from app.queue import outbox, registry

BATCH = 5000
FORGOTTEN_AT_ONCE = 500

_JOBS = text("""
DELETE FROM jobs WHERE id IN (
  SELECT id FROM jobs WHERE status IN ('completed', 'failed', 'cancelled')
  AND completed_at < now() - make_interval(days => :days) LIMIT :batch FOR UPDATE SKIP LOCKED)
RETURNING id, tenant_id, job_type, CASE WHEN job_type = ANY(:forgetting) THEN params END AS params
""")
_PURGES = [
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
    async with system.session() as session:
        gone = await _purge_jobs(session, days)
    for statement in _PURGES:
        async with system.session() as session:
            result = await session.execute(statement, {"days": days, "batch": BATCH})
            gone += result.rowcount  # type: ignore[attr-defined]
    async with system.session() as session:
        await session.execute(_SPENT_TICKETS)
        await idempotency.purge(session)
    return gone


async def _purge_jobs(session: AsyncSession, days: int) -> int:
    """With the rows goes the last trace of what they have left, so clearing up is enqueued in their transaction."""
    forgetting = {kind.name: kind.forget for kind in registry.kinds() if kind.forget is not None}
    found = await session.execute(_JOBS, {"days": days, "batch": BATCH, "forgetting": list(forgetting)})
    rows = found.all()
    left: dict[tuple[int, str], list[JsonValue]] = defaultdict(list)
    for row in rows:
        if row.tenant_id is not None and row.job_type in forgetting:
            left[row.tenant_id, forgetting[row.job_type]].append({"job_id": str(row.id), "params": row.params})
    for (tenant_id, name), jobs in left.items():
        for first in range(0, len(jobs), FORGOTTEN_AT_ONCE):
            portion: JsonValue = jobs[first : first + FORGOTTEN_AT_ONCE]
            await outbox.enqueue(session, name, params={"jobs": portion}, scope=Scope(tenant_id))
    return len(rows)
