"""Claiming a job: one round trip that succeeds for one worker and one attempt only."""

from app.queue.delivery import Delivery
from app.queue.means import Means
from app.queue.patience import patiently
from app.queue.progress import Progress
from app.queue.run import Run

_CLAIM = """
    SELECT params, cursor, result, items_total, items_processed, items_failed, counters, fruitless_attempts
    FROM claim_job($1, $2, $3, $4)
    """


def scope_values(delivery: Delivery) -> tuple[str, str]:
    """The message's tenant and user as the engine's SQL functions take them."""
    tenant_id, user_id = delivery.tenant_id, delivery.user_id
    return "" if tenant_id is None else str(tenant_id), "" if user_id is None else str(user_id)


async def claim(means: Means, delivery: Delivery) -> Run | None:
    """Start the attempt that the message names, or answer None: it runs already, or is over, or was superseded."""
    return await patiently(lambda: _claim(means, delivery), seconds=means.settings.job_stale_seconds)


async def _claim(means: Means, delivery: Delivery) -> Run | None:
    if delivery.job_id is None or delivery.attempt is None:
        raise ValueError("an event cannot be claimed as a job")
    row = await means.fetch_row(delivery.scope, _CLAIM, delivery.job_id, delivery.attempt, *scope_values(delivery))
    if row is None:
        return None
    return Run(
        job_id=delivery.job_id,
        name=delivery.task,
        attempt=delivery.attempt,
        tenant_id=delivery.tenant_id,
        user_id=delivery.user_id,
        params=row["params"],
        cursor=row["cursor"],
        result=row["result"],
        sessions=means.sessions(delivery.scope),
        resources=means.resources,
        reported=Progress(
            total=row["items_total"],
            processed=row["items_processed"],
            failed=row["items_failed"],
            counters=row["counters"],
            began_with=row["items_processed"],
        ),
        fruitless_attempts=row["fruitless_attempts"],
    )
