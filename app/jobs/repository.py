"""Every query of this feature. Rows of others are out of reach by the session's scope."""

from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.errors import JobNotFound
from app.jobs.schemas import CallQuery, JobQuery
from app.queue.models import Job, JobCall
from app.queue.names import JobStatus

# The job itself and everything that it has started, however deep.
_FAMILY = text("""
    WITH RECURSIVE family AS (
      SELECT id FROM jobs WHERE id = :job_id
      UNION SELECT jobs.id FROM jobs JOIN family ON jobs.parent_id = family.id
    ) SELECT id FROM family
    """)


async def get_job(session: AsyncSession, job_id: UUID) -> Job:
    job = await session.get(Job, job_id)
    if job is None:
        raise JobNotFound
    return job


async def lock_job(session: AsyncSession, job_id: UUID) -> Job:
    job = await session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        raise JobNotFound
    return job


async def has_undo(session: AsyncSession, job: Job, key: str) -> bool:
    """Whether somebody has asked to take this job back."""
    undo = select(Job.id).where(Job.tenant_id == job.tenant_id, Job.parent_id == job.id, Job.idempotency_key == key)
    return await session.scalar(undo.limit(1)) is not None


async def lock_family(session: AsyncSession, job_id: UUID) -> list[Job]:
    """A job and its descendants that are not over."""
    ids = (await session.scalars(_FAMILY, {"job_id": job_id})).all()
    living = [status.value for status in JobStatus if not status.is_final]
    family = select(Job).where(Job.id.in_(ids), Job.status.in_(living)).order_by(Job.id).with_for_update()
    return list((await session.scalars(family)).all())


def list_jobs(tenant_id: int | None, query: JobQuery) -> Select[Job]:
    # The policy says the same about the tenant; said here too, the planner uses the index.
    statement = select(Job).where(Job.tenant_id == tenant_id)
    if query.status is not None:
        statement = statement.where(Job.status == query.status.value)
    if query.job_type is not None:
        statement = statement.where(Job.job_type == query.job_type)
    if query.queue is not None:
        statement = statement.where(Job.queue == query.queue.value)
    if query.parent_id is not None:
        statement = statement.where(Job.parent_id == query.parent_id)
    return statement


def list_calls(job_id: UUID, query: CallQuery) -> Select[JobCall]:
    statement = select(JobCall).where(JobCall.job_id == job_id)
    return statement if query.attempt is None else statement.where(JobCall.attempt == query.attempt)


async def count_by_type_and_status(session: AsyncSession, tenant_id: int | None) -> list[tuple[str, str, int, int]]:
    """(job_type, status, how many, how many of them today)."""
    midnight = func.date_trunc("day", func.now(), "UTC")
    today = func.count().filter(Job.created_at >= midnight)
    statement = (
        select(Job.job_type, Job.status, func.count(), today)
        .where(Job.tenant_id == tenant_id)
        .group_by(Job.job_type, Job.status)
    )
    return [(row[0], row[1], row[2], row[3]) for row in await session.execute(statement)]


async def average_seconds(session: AsyncSession, tenant_id: int | None) -> float | None:
    """How long completed jobs took on average."""
    seconds = func.extract("epoch", Job.completed_at - Job.started_at)
    statement = select(func.avg(seconds)).where(Job.tenant_id == tenant_id, Job.status == JobStatus.COMPLETED.value)
    average = await session.scalar(statement)
    return None if average is None else round(float(average), 3)
