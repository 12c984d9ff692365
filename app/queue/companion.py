"""What runs beside a body: the heartbeat, the look-out for a cancel, the measured pace of progress, the last resort."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import TextClause, text

from app.core.config import Settings
from app.queue import announce, progress
from app.queue.errors import AttemptSuperseded, JobCancelled, JobStopped, WorkerStopping
from app.queue.patience import AWAY
from app.queue.run import Run

log = structlog.get_logger(__name__)

_LOOK = text(
    "SELECT cancel_requested_at IS NOT NULL FROM jobs WHERE id = :job_id AND attempt = :attempt AND status = 'running'"
)
_BEAT = text(
    "UPDATE jobs SET heartbeat_at = clock_timestamp() WHERE id = :job_id AND attempt = :attempt AND status = 'running'"
    " RETURNING cancel_requested_at IS NOT NULL"
)


@dataclass(slots=True)
class Pace:
    """When the row was last written and last read."""

    beat_at: float = field(default_factory=time.monotonic)
    look_at: float = field(default_factory=time.monotonic)
    stopped_at: float | None = None


async def accompany(run: Run, body: asyncio.Task[object], is_stopping: Callable[[], bool]) -> None:
    """Beat, look and report until the body has ended; ask it to stop when it must, cancel it when it does not."""
    settings, pace = run.resources.settings, Pace()
    turn = min(settings.job_progress_seconds, settings.job_cancel_poll_seconds)
    while True:
        ended, _ = await asyncio.wait([body], timeout=turn)
        if ended:
            return
        if is_stopping():
            run.stop(WorkerStopping())
        try:
            await _touch(run, settings, pace)
        except AWAY as error:
            # The body meets the same trouble and decides; a missed beat is made up for at the next turn.
            log.warning("heartbeat_failed", error=type(error).__name__)
        _end_what_does_not_stop(run, body, settings, pace)


async def _touch(run: Run, settings: Settings, pace: Pace) -> None:
    now = time.monotonic()
    if run.reported.is_dirty:
        async with run.sessions.begin() as session:
            _heed(run, await progress.write(session, run.job_id, run.attempt, run.reported, moves=False))
        pace.beat_at = pace.look_at = now
    elif now - pace.beat_at >= settings.job_heartbeat_seconds:
        _heed(run, await _ask(run, _BEAT))
        pace.beat_at = pace.look_at = now
    elif now - pace.look_at >= settings.job_cancel_poll_seconds:
        _heed(run, await _ask(run, _LOOK))
        pace.look_at = now
    if run.reported.is_news:
        run.reported.is_news = False
        await announce.job_changed(run.job_id)


async def _ask(run: Run, statement: TextClause) -> bool | None:
    async with run.sessions.begin() as session:
        answer: bool | None = await session.scalar(statement, {"job_id": run.job_id, "attempt": run.attempt})
        return answer


def _heed(run: Run, cancelled: bool | None) -> None:
    if cancelled is None:
        run.stop(AttemptSuperseded())
    elif cancelled:
        run.stop(JobCancelled())


def _end_what_does_not_stop(run: Run, body: asyncio.Task[object], settings: Settings, pace: Pace) -> None:
    if run.stop_reason is None:
        return
    now = time.monotonic()
    pace.stopped_at = pace.stopped_at or now
    if now - pace.stopped_at >= _grace(run.stop_reason, settings):
        body.cancel()


def _grace(reason: JobStopped, settings: Settings) -> float:
    # A shutdown may take its time; a cancelled job must stand still within 5 s, and a superseded one at once.
    if isinstance(reason, WorkerStopping):
        return settings.worker_soft_shutdown_seconds / 2
    return settings.job_cancel_poll_seconds if isinstance(reason, JobCancelled) else 0.0
