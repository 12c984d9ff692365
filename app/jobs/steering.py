"""What a person may do with a job: cancel, retry, confirm, discard, undo. Features upstairs are reached by name."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.jobs import repository
from app.jobs.errors import JobAlreadyOver, JobNotRetryable, JobNotUndoable, JobNotWaiting
from app.queue import announce, outbox, registry
from app.queue.models import Job
from app.queue.names import JobStatus, OutcomeKind

RETRYABLE = frozenset({JobStatus.FAILED.value, JobStatus.CANCELLED.value})


async def cancel(session: AsyncSession, job_id: UUID) -> Job:
    """Cancel a job and what it has started: at once what has not begun, within seconds what runs."""
    job = await repository.lock_job(session, job_id)
    if JobStatus(job.status).is_final:
        raise JobAlreadyOver(f"The job is already {job.status}.")
    for member in await repository.lock_family(session, job_id):
        member.cancel_requested_at = member.cancel_requested_at or clock.now()
        if member.status != JobStatus.RUNNING:
            _end(member, JobStatus.CANCELLED, None)
        _announce(session, member)
    return job


async def retry(session: AsyncSession, job_id: UUID) -> Job:
    """Go on with a failed or cancelled job under its next attempt: the same job, from its cursor, so that nothing that
    was done is done again.
    """
    job = await repository.lock_job(session, job_id)
    if job.status not in RETRYABLE:
        raise JobNotRetryable(f"The job is {job.status}; only a failed or cancelled one can be retried.")
    if job.outcome == OutcomeKind.DISCARDED or registry.find_kind(job.task) is None:
        raise JobNotRetryable("What this job was to do is not there any more; start a new one.")
    if await repository.has_undo(session, job, _undo_key(job_id)):
        raise JobNotRetryable("The job was undone, so it cannot go on; start a new one.")
    job.cancel_requested_at = None
    job.error_code = job.error_message = None
    job.fruitless_attempts = 0
    _start_again(session, job)
    return job


async def confirm(session: AsyncSession, job_id: UUID) -> Job:
    """Let a waiting job go on: the same job, with the body that its kind names for this."""
    job = await _lock_waiting(session, job_id)
    kind = registry.kind(job.job_type)
    if kind.confirm is None:
        raise JobNotWaiting("This kind of job has nothing to confirm.")
    job.task = kind.confirm
    job.queue = registry.kind(kind.confirm).queue.value
    _start_again(session, job)
    return job


async def discard(session: AsyncSession, job_id: UUID, reason: str | None = None) -> Job:
    """End a waiting job without doing what it proposed; its kind's clean-up, if there is one, follows."""
    job = await _lock_waiting(session, job_id)
    _end(job, JobStatus.CANCELLED, OutcomeKind.DISCARDED)
    job.error_message = reason
    _announce(session, job)
    kind = registry.find_kind(job.job_type)
    if kind is not None and kind.discard is not None:
        await outbox.enqueue(session, kind.discard, params={"job_id": str(job_id)}, parent_id=job_id)
    return job


async def undo(session: AsyncSession, job_id: UUID) -> Job:
    """Start the job that takes this one back; asked twice, it is the same one."""
    job = await repository.lock_job(session, job_id)
    kind = registry.find_kind(job.job_type)
    if registry.is_undo(job.job_type):
        raise JobNotUndoable("This job is an undo itself, which cannot be undone. Do again what it took back instead.")
    if kind is None or kind.undo is None:
        raise JobNotUndoable(f"Jobs of the kind {job.job_type} cannot be undone.")
    if job.status == JobStatus.WAITING:
        raise JobNotUndoable("The job waits for a person and has changed nothing yet. Confirm or discard it.")
    if not JobStatus(job.status).is_final:
        raise JobNotUndoable("The job is not over yet; cancel it first.")
    if job.params.get("dry_run"):
        raise JobNotUndoable("The job was a preview and has changed nothing.")
    key = _undo_key(job_id)
    return await outbox.enqueue(
        session, kind.undo, params={"job_id": str(job_id)}, parent_id=job_id, idempotency_key=key
    )


def _undo_key(job_id: UUID) -> str:
    return f"undo:{job_id}"


async def _lock_waiting(session: AsyncSession, job_id: UUID) -> Job:
    job = await repository.lock_job(session, job_id)
    if job.status != JobStatus.WAITING:
        # What discarded it names the job that asks anew.
        reason = f" {job.error_message}" if job.outcome == OutcomeKind.DISCARDED and job.error_message else ""
        raise JobNotWaiting(f"The job is {job.status}; it does not wait for anybody.{reason}")
    return job


def _start_again(session: AsyncSession, job: Job) -> None:
    job.status = JobStatus.PENDING.value
    job.outcome = job.completed_at = None
    job.attempt += 1
    outbox.send_attempt(session, job)
    _announce(session, job)


def _end(job: Job, status: JobStatus, outcome: OutcomeKind | None) -> None:
    job.status = status.value
    job.outcome = outcome.value if outcome else None
    job.completed_at = clock.now()


def _announce(session: AsyncSession, job: Job) -> None:
    job.revision += 1
    announce.job_after_commit(session, job.id)
