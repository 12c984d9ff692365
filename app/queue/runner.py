"""One attempt of a job, from the message to the end in its row. Whatever happens, the row tells it."""

import asyncio

import structlog

from app.core import context
from app.queue import announce, calls, registry, verdict
from app.queue.claim import claim
from app.queue.companion import accompany
from app.queue.delivery import Delivery
from app.queue.ending import GiveBack, finish, give_back
from app.queue.errors import JobStopped
from app.queue.means import Means
from app.queue.outcome import Outcome
from app.queue.patience import patiently
from app.queue.run import Run
from app.queue.seams import seam

log = structlog.get_logger(__name__)


async def run_attempt(means: Means, delivery: Delivery) -> None:
    """Claim the job that a message names, run its body, and write how it ended. A duplicate delivery is dropped."""
    with context.bound(tenant_id=delivery.tenant_id, user_id=delivery.user_id, job_id=delivery.job_id):
        run = await claim(means, delivery)
        if run is None:
            log.info("delivery_dropped", task=delivery.task, attempt=delivery.attempt)
            return
        seam("after_claim")
        with context.recorded_calls() as record:
            ending = await _perform(run, registry.kind(delivery.task), means)
        await calls.keep(run, record)
        seam("before_finish")
        await _write_ending(means, delivery, run, ending)
        seam("after_finish")
        await announce.job_changed(run.job_id)


async def _perform(run: Run, kind: registry.JobKind, means: Means) -> Outcome | GiveBack | None:
    body = asyncio.ensure_future(kind.body(run))
    try:
        await accompany(run, body, means.is_stopping)
        return await body or Outcome.ok()
    except JobStopped as reason:
        return verdict.of_stop(run.stop(reason))
    except asyncio.CancelledError:
        if run.stop_reason is None:
            raise
        return verdict.of_stop(run.stop_reason)
    except Exception as error:
        ending = verdict.of_error(error, run.fruitless_attempts, means.settings)
        unforeseen = isinstance(ending, GiveBack) and ending.code == verdict.UNFORESEEN
        log.warning("attempt_failed", task=kind.name, attempt=run.attempt, exc_info=unforeseen)
        return ending
    finally:
        if not body.done():
            body.cancel()
            await asyncio.wait([body])


async def _write_ending(means: Means, delivery: Delivery, run: Run, ending: Outcome | GiveBack | None) -> None:
    if ending is None:
        log.info("attempt_superseded", attempt=run.attempt)
    elif isinstance(ending, Outcome):
        counted = await finish(means, delivery, ending, run.reported.to_json())
        word = ending.status.value if counted else "superseded"
        log.info("job_ended", task=delivery.task, status=word, attempt=run.attempt)
    else:
        reason = ending

        async def put_back() -> str | None:
            async with run.sessions.begin() as session:
                announce.wake_after_commit(session)
                return await give_back(session, run.job_id, run.attempt, reason)

        status = await patiently(put_back, seconds=means.settings.job_stale_seconds)
        log.info("job_given_back", status=status, reason=reason.code, attempt=run.attempt)
