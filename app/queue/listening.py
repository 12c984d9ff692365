"""Events on their way in: one transaction runs the listener and consumes the outbox row, so each is heard once."""

from datetime import timedelta

import structlog
from sqlalchemy import delete, func, update

from app.queue import registry
from app.queue.delivery import Delivery
from app.queue.means import Means
from app.queue.models import OutboxMessage
from app.queue.patience import patiently

log = structlog.get_logger(__name__)


async def hear(means: Means, delivery: Delivery) -> None:
    """Let a listener hear an event. A failure is rolled back and sent again later; too many make the row a dead one."""
    try:
        await _hear(means, delivery)
    except Exception:
        log.warning("listener_failed", task=delivery.task, exc_info=True)
        await patiently(lambda: _put_back(means, delivery), seconds=means.settings.job_stale_seconds)


async def _hear(means: Means, delivery: Delivery) -> None:
    listener = registry.find_listener(delivery.task)
    async with means.sessions(delivery.scope).begin() as session:
        consume = (
            delete(OutboxMessage)
            .where(OutboxMessage.id == delivery.outbox_id, OutboxMessage.dead_at.is_(None))
            .returning(OutboxMessage.payload)
        )
        row = (await session.execute(consume)).one_or_none()
        if row is None or listener is None:
            log.info("delivery_dropped", task=delivery.task)
            return
        await listener.handle(session, listener.codec.validate_python(row.payload))


async def _put_back(means: Means, delivery: Delivery) -> None:
    settings = means.settings
    row = update(OutboxMessage).where(OutboxMessage.id == delivery.outbox_id)
    async with means.sessions(delivery.scope).begin() as session:
        failures = await session.scalar(
            row.values(failures=OutboxMessage.failures + 1).returning(OutboxMessage.failures)
        )
        if failures is None:
            return
        wait = timedelta(seconds=settings.job_retry_seconds * 2 ** min(failures - 1, 8))
        ending: dict[str, object] = {"sent_at": None, "available_at": func.now() + wait}
        if failures >= settings.job_max_attempts:
            ending = {"dead_at": func.now(), "dead_reason": f"{delivery.task} failed {failures} times in a row"}
        await session.execute(row.values(ending))
