"""The outbox on its way to the broker. Several pulses may relay: each locks the rows that it sends."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.system_session import SystemDatabase
from app.queue.broker import Broker
from app.queue.delivery import Delivery
from app.queue.seams import seam

_TAKE = text("""
    SELECT id, task, queue, job_id, tenant_id, user_id, attempt FROM outbox
    WHERE sent_at IS NULL AND dead_at IS NULL AND available_at <= now()
    ORDER BY available_at, id LIMIT :batch FOR UPDATE SKIP LOCKED
    """)
_MARK = text(
    "UPDATE outbox SET sent_at = now(), sends = sends + 1, broker_epoch = :epoch WHERE id = ANY(CAST(:ids AS uuid[]))"
)
# A message whose attempt has been claimed, or whose job is over, has done its duty.
_CLEAN = text("""
    DELETE FROM outbox WHERE id IN (
      SELECT outbox.id FROM outbox JOIN jobs ON jobs.id = outbox.job_id
      WHERE jobs.status <> 'pending' OR jobs.attempt <> outbox.attempt
      FOR UPDATE OF outbox SKIP LOCKED
    )
    """)
_RESEND_LOST = text("""
    UPDATE outbox SET sent_at = NULL
    WHERE sent_at IS NOT NULL AND dead_at IS NULL AND broker_epoch IS DISTINCT FROM :epoch
    """)
_RESEND_OLD = text("""
    UPDATE outbox SET sent_at = NULL
    WHERE sent_at < now() - make_interval(secs => :seconds) AND dead_at IS NULL
    """)


async def relay(system: SystemDatabase, broker: Broker, epoch: str, batch: int) -> int:
    """Send one batch of unsent messages and mark them; answers how many. Killed in between, they are sent twice."""
    async with system.session() as session:
        rows = (await session.execute(_TAKE, {"batch": batch})).all()
        if not rows:
            return 0
        seam("relay_before_publish")
        sent = await asyncio.to_thread(broker.publish, _messages(rows))
        seam("relay_after_publish")
        await session.execute(_MARK, {"ids": sent, "epoch": epoch})
        seam("relay_before_mark")
    return len(sent)


async def resend_lost(system: SystemDatabase, epoch: str) -> None:
    """Make everything unsent that was sent into an earlier memory of the broker and not yet begun."""
    async with system.session() as session:
        await session.execute(_CLEAN)
        await session.execute(_RESEND_LOST, {"epoch": epoch})


async def resend_old(session: AsyncSession, seconds: float) -> None:
    """Drop what has been begun, and make unsent what nobody has begun for so long."""
    await session.execute(_CLEAN)
    await session.execute(_RESEND_OLD, {"seconds": seconds})


def _messages(
    rows: Sequence[Row[tuple[UUID, str, str, UUID | None, int | None, UUID | None, int | None]]],
) -> list[tuple[str, Delivery]]:
    return [
        (row.queue, Delivery(row.task, row.id, row.job_id, row.tenant_id, row.user_id, row.attempt)) for row in rows
    ]
