"""What a job's body holds in its hands: its parameters, sessions in its owner's scope, progress, and the checkpoint.

A body yields at least once a second and works in steps of at most 2 s, each ended by `checkpoint` in its transaction.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.database import Sessions
from app.core.resources import Resources
from app.queue import progress as progress_writer
from app.queue.errors import AttemptSuperseded, JobCancelled, JobStopped, NotYourTurn
from app.queue.models import JsonObject
from app.queue.progress import Progress
from app.queue.seams import seam


@dataclass(slots=True)
class Run:
    """One attempt of a job.

    `cursor` is what the last checkpoint of any attempt stored (None at the first start): a body resumes from there.
    `sessions` opens transactions in the owner's scope (under the system role for platform jobs). `result` is what the
    job holds so far, e.g. the preview that a person has just confirmed. `fruitless_attempts` came to nothing in a row
    before this one, and are forgotten once it moves the cursor.
    """

    job_id: UUID
    name: str
    attempt: int
    tenant_id: int | None
    user_id: UUID | None
    params: JsonObject
    cursor: JsonValue
    result: JsonValue
    sessions: Sessions
    resources: Resources
    reported: Progress = field(default_factory=Progress)
    fruitless_attempts: int = 0
    stop_reason: JobStopped | None = None

    @property
    def counters(self) -> JsonObject:
        """The counters so far, those of earlier attempts included: a body that resumes counts on from its cursor."""
        return self.reported.counters

    async def progress(
        self,
        *,
        processed: int | None = None,
        total: int | None = None,
        failed: int | None = None,
        stage: str | None = None,
        message: str | None = None,
        counters: JsonObject | None = None,
    ) -> None:
        """Report how far the job is, in absolute numbers, as often as you like: it is written at a measured pace.

        Yields, and raises JobStopped when the body must end.
        """
        self.reported.add(
            processed=processed, total=total, failed=failed, stage=stage, message=message, counters=counters
        )
        await asyncio.sleep(0)
        self.raise_if_stopped()

    async def checkpoint(
        self,
        session: AsyncSession,
        cursor: JsonValue,
        *,
        processed: int | None = None,
        total: int | None = None,
        failed: int | None = None,
        stage: str | None = None,
        message: str | None = None,
        counters: JsonObject | None = None,
    ) -> None:
        """End a step: store the cursor and the progress in the step's own transaction, last thing before it commits.

        Raises JobStopped, so that the step is rolled back, when the job was cancelled, when the worker is stopping, or
        when another attempt has taken over.
        """
        self.raise_if_stopped()
        # What is rolled back was not done, so it counts once it is committed.
        step = self.reported.fork()
        step.add(processed=processed, total=total, failed=failed, stage=stage, message=message, counters=counters)
        seam("before_checkpoint")
        cancelled = await progress_writer.write(session, self.job_id, self.attempt, step, cursor=cursor, moves=True)
        if cancelled is None:
            raise self.stop(AttemptSuperseded())
        if cancelled:
            raise self.stop(JobCancelled())
        event.listen(session.sync_session, "after_commit", partial(self._advance, step, cursor), once=True)

    def raise_if_stopped(self) -> None:
        """Raise the reason for which this body must end, if there is one. Call it where a new step begins."""
        if self.stop_reason is not None:
            raise self.stop_reason

    def stop(self, reason: JobStopped) -> JobStopped:
        """Ask the body to end; the first reason stays."""
        self.stop_reason = self.stop_reason or reason
        return self.stop_reason

    def postpone(self, message: str, *, seconds: float) -> NoReturn:
        """End this attempt because something else must end first; the next one starts after so many seconds."""
        raise self.stop(NotYourTurn(message, seconds))

    def seam(self, name: str) -> None:
        """A place of the feature's own where a test may kill the process (FAULT_AT)."""
        seam(name)

    def _advance(self, step: Progress, cursor: JsonValue, _session: Session) -> None:
        self.reported.join(step)
        self.cursor = cursor
        self.fruitless_attempts = 0
        seam("after_checkpoint")
