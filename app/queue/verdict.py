"""What an exception out of a body means for its job. Pure: errors in, ending out."""

import random
from datetime import timedelta

from app.core.config import Settings
from app.core.errors import AppError, RateLimited, Unavailable
from app.queue.ending import GiveBack
from app.queue.errors import AttemptSuperseded, JobCancelled, JobStopped, NotYourTurn
from app.queue.names import JobStatus, OutcomeKind
from app.queue.outcome import Outcome

UNFORESEEN = "internal_error"
LONGEST_WAIT = timedelta(hours=6)
STOPPING = GiveBack("worker_stopped", "The worker was stopped; the job goes on where it was.", counts=False)


def of_stop(reason: JobStopped) -> Outcome | GiveBack | None:
    """What a body that was told to stop leaves behind; None: another attempt has the job now."""
    if isinstance(reason, AttemptSuperseded):
        return None
    if isinstance(reason, NotYourTurn):
        return GiveBack("waiting_for_turn", reason.message, counts=False, delay=timedelta(seconds=reason.seconds))
    return Outcome.cancelled() if isinstance(reason, JobCancelled) else STOPPING


def of_error(error: BaseException, fruitless: int, settings: Settings) -> Outcome | GiveBack:
    """Errors that say `retryable` wait and try again, errors with a meaning end the job, anything else tries again.

    `fruitless` attempts in a row came to nothing before this one; each doubles the wait. Waiting for a turn is none.

    Errors of vendors carry `retryable`, and `retry_after` in seconds, as plain attributes.
    """
    if _is_retryable(error):
        code = getattr(error, "code", "unavailable")
        return GiveBack(code, str(error), delay=_wait(error, fruitless, settings))
    if isinstance(error, AppError) and (error.status < 500 or getattr(error, "retryable", None) is False):
        return Outcome(JobStatus.FAILED, OutcomeKind.REJECTED, code=error.code, message=error.detail)
    return GiveBack(
        UNFORESEEN,
        f"Something went wrong on our side ({type(error).__name__}); the log has the details.",
        delay=_back_off(fruitless, settings),
    )


def _is_retryable(error: BaseException) -> bool:
    return bool(getattr(error, "retryable", isinstance(error, Unavailable | RateLimited)))


def _wait(error: BaseException, fruitless: int, settings: Settings) -> timedelta:
    asked = getattr(error, "retry_after", None)
    if isinstance(asked, int | float) and asked > 0:
        return min(timedelta(seconds=min(asked, LONGEST_WAIT.total_seconds())), LONGEST_WAIT)
    return _back_off(fruitless, settings)


def _back_off(fruitless: int, settings: Settings) -> timedelta:
    seconds = settings.job_retry_seconds * 2 ** min(fruitless, 8)
    # Jobs that failed together must not come back together.
    return min(timedelta(seconds=seconds * random.uniform(0.5, 1.0)), LONGEST_WAIT)  # noqa: S311 (no secret)
