"""Reading jobs: one, a page of them, and the numbers over all."""

from collections import Counter
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pagination import Page, Sort, make_page, paginate
from app.jobs import repository
from app.jobs.schemas import CallQuery, CallView, JobQuery, JobStats, JobView
from app.queue.models import Job, JobCall
from app.queue.names import JobStatus

CALL_SORTS = MappingProxyType({"at": Sort(JobCall.at, read=datetime.fromisoformat)})
SORTS = MappingProxyType({"created_at": Sort(Job.created_at, read=datetime.fromisoformat)})


async def get_job(session: AsyncSession, job_id: UUID) -> JobView:
    """One job. Raises JobNotFound."""
    return JobView.model_validate(await repository.get_job(session, job_id))


async def get_state(session: AsyncSession, job_id: UUID) -> tuple[int, JobView]:
    """The job's revision and the job. Raises JobNotFound."""
    job = await repository.get_job(session, job_id)
    return job.revision, JobView.model_validate(job)


async def list_jobs(session: AsyncSession, tenant_id: int | None, query: JobQuery) -> Page[JobView]:
    """A page of jobs, newest first."""
    rows = await paginate(
        session,
        repository.list_jobs(tenant_id, query),
        query,
        sorts=SORTS,
        default_sort="-created_at",
        id_column=Job.id,
        tenant_id=tenant_id,
    )
    views = [JobView.model_validate(job) for job in rows.items]
    return make_page(views, rows.next_cursor, query, rows.total)


async def list_calls(session: AsyncSession, tenant_id: int | None, job_id: UUID, query: CallQuery) -> Page[CallView]:
    """A page of the calls to the outside that a job made, the newest first. Raises JobNotFound."""
    await repository.get_job(session, job_id)
    rows = await paginate(
        session,
        repository.list_calls(job_id, query),
        query,
        sorts=CALL_SORTS,
        default_sort="-at",
        id_column=JobCall.id,
        tenant_id=tenant_id,
    )
    views = [CallView.model_validate(call) for call in rows.items]
    return make_page(views, rows.next_cursor, query, rows.total)


async def summarise(session: AsyncSession, tenant_id: int | None) -> JobStats:
    """The numbers over all jobs that are still kept."""
    by_status: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    total_today = 0
    for job_type, status, count, today in await repository.count_by_type_and_status(session, tenant_id):
        by_status[status] += count
        by_type[job_type] += count
        total_today += today
    return JobStats(
        total=by_status.total(),
        total_today=total_today,
        avg_duration_seconds=await repository.average_seconds(session, tenant_id),
        by_type=dict(by_type),
        **{status.value: by_status[status.value] for status in JobStatus},
    )
