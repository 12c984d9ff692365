"""Claiming a job: one round trip that succeeds for one worker and one attempt only."""

from sqlalchemy import text

from app.queue.delivery import Delivery
from app.queue.means import Means
from app.queue.models import Job
from app.queue.patience import patiently
from app.queue.progress import Progress
from app.queue.run import Run

_COLUMNS = [
    Job.__table__.c[name]
    for name in ("params", "cursor", "result", "items_total", "items_processed", "items_failed", "counters")
]
_CLAIM = text(
    f"SELECT {', '.join(column.name for column in _COLUMNS)} FROM claim_job(:job_id, :attempt, :tenant_id, :user_id)"
).columns(*_COLUMNS)


def scope_values(delivery: Delivery) -> dict[str, str]:
    """The message's scope as the engine's SQL functions take it."""
    return {
        "tenant_id": "" if delivery.tenant_id is None else str(delivery.tenant_id),
        "user_id": "" if delivery.user_id is None else str(delivery.user_id),
    }


async def claim(means: Means, delivery: Delivery) -> Run | None:
    """Start the attempt that the message names, or answer None: it runs already, or is over, or was superseded."""
    return await patiently(lambda: _claim(means, delivery), seconds=means.settings.job_stale_seconds)


async def _claim(means: Means, delivery: Delivery) -> Run | None:
    if delivery.job_id is None or delivery.attempt is None:
        raise ValueError("an event cannot be claimed as a job")
    values = {"job_id": delivery.job_id, "attempt": delivery.attempt, **scope_values(delivery)}
    engine = means.engine(delivery.scope).execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        row = (await connection.execute(_CLAIM, values)).one_or_none()
    if row is None:
        return None
    return Run(
        job_id=delivery.job_id,
        name=delivery.task,
        attempt=delivery.attempt,
        tenant_id=delivery.tenant_id,
        user_id=delivery.user_id,
        params=row.params,
        cursor=row.cursor,
        result=row.result,
        sessions=means.sessions(delivery.scope),
        resources=means.resources,
        reported=Progress(
            total=row.items_total,
            processed=row.items_processed,
            failed=row.items_failed,
            counters=row.counters,
            began_with=row.items_processed,
        ),
    )
