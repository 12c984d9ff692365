"""How an attempt ends in the job's row: finished, or given back to the queue. Both count for one attempt only."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import orjson
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.queue.claim import scope_values
from app.queue.delivery import Delivery
from app.queue.means import Means
from app.queue.models import JsonObject
from app.queue.outcome import Outcome
from app.queue.patience import patiently

_FINISH = "SELECT finish_job($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS revision"

# A cancel that came in meanwhile wins; attempts in a row that did not move the cursor are counted, and end the job.
_GIVE_BACK = text("""
    WITH ended AS (
      UPDATE jobs SET
        status = CASE
          WHEN cancel_requested_at IS NOT NULL THEN 'cancelled'
          WHEN :counts AND NOT advanced AND fruitless_attempts + 1 >= max_attempts THEN 'failed'
          ELSE 'pending' END,
        outcome = CASE
          WHEN cancel_requested_at IS NOT NULL THEN NULL
          WHEN :counts AND NOT advanced AND fruitless_attempts + 1 >= max_attempts THEN 'attempts_exhausted' END,
        completed_at = CASE
          WHEN cancel_requested_at IS NOT NULL
            OR :counts AND NOT advanced AND fruitless_attempts + 1 >= max_attempts THEN now() END,
        attempt = CASE
          WHEN cancel_requested_at IS NOT NULL
            OR :counts AND NOT advanced AND fruitless_attempts + 1 >= max_attempts THEN attempt
          ELSE attempt + 1 END,
        fruitless_attempts = CASE WHEN :counts AND NOT advanced THEN fruitless_attempts + 1 ELSE 0 END,
        error_code = CAST(:code AS text), error_message = CAST(:message AS text),
        eta_at = NULL, heartbeat_at = NULL, revision = revision + 1
      WHERE id = :job_id AND attempt = :attempt AND status = 'running'
      RETURNING *
    ), sent AS (
      INSERT INTO outbox (id, tenant_id, user_id, task, queue, job_id, attempt, available_at)
      SELECT :outbox_id, tenant_id, user_id, task, queue, id, attempt, now() + :delay FROM ended
      WHERE status = 'pending'
    )
    SELECT status FROM ended
    """)


@dataclass(frozen=True, slots=True)
class GiveBack:
    """An attempt that ended without the job being over: why, whether it counts, and when the next may start."""

    code: str
    message: str
    counts: bool = True
    delay: timedelta = timedelta(0)


async def finish(means: Means, delivery: Delivery, outcome: Outcome, progress: JsonObject) -> bool:
    """Write the end of a job in one round trip; False if the attempt had been superseded."""
    values = (
        delivery.job_id,
        delivery.attempt,
        *scope_values(delivery),
        _to_json(progress),
        outcome.status.value,
        outcome.kind.value if outcome.kind else None,
        None if outcome.result is None else _to_json(outcome.result),
        outcome.code,
        outcome.message,
    )
    row = await patiently(
        lambda: means.fetch_row(delivery.scope, _FINISH, *values), seconds=means.settings.job_stale_seconds
    )
    return row is not None and row["revision"] is not None


async def give_back(session: AsyncSession, job_id: UUID, attempt: int, reason: GiveBack) -> str | None:
    """Put a running job back into the queue under the next attempt number, or end it; answers its status then."""
    values = {
        "job_id": job_id,
        "attempt": attempt,
        "counts": reason.counts,
        "code": reason.code,
        "message": reason.message,
        "outbox_id": new_id(),
        "delay": reason.delay,
    }
    status: str | None = await session.scalar(_GIVE_BACK, values)
    return status


def _to_json(value: JsonValue) -> str:
    return orjson.dumps(value).decode()
