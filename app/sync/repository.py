"""Every query for schedules and runs of syncs. Those of other tenants are out of reach by the session's scope."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.models import Connection
from app.queue.models import Job, Schedule
from app.queue.names import JobStatus
from app.sync import kinds
from app.sync.errors import ScheduleNotFound
from app.sync.schemas import RunQuery

LOOK_BACK = 20

# One look by index per connection: its newest run, whether one of the newest is at work, and the newest that went well.
_NEWEST = text("""
SELECT c.id AS connection_id, newest.last_id, newest.is_running, (
    SELECT j.id FROM jobs j
    WHERE j.tenant_id = :tenant_id AND j.params ->> 'connection_id' = c.id::text AND j.job_type = ANY (:tasks)
      AND j.status = 'completed'
    ORDER BY j.created_at DESC, j.id DESC LIMIT 1
  ) AS success_id
FROM unnest(CAST(:ids AS uuid[])) AS c (id)
CROSS JOIN LATERAL (
  SELECT (array_agg(recent.id ORDER BY recent.created_at DESC, recent.id DESC))[1] AS last_id,
    coalesce(bool_or(recent.status IN ('pending', 'running')), false) AS is_running
  FROM (
    SELECT j.id, j.created_at, j.status FROM jobs j
    WHERE j.tenant_id = :tenant_id AND j.params ->> 'connection_id' = c.id::text AND j.job_type = ANY (:tasks)
    ORDER BY j.created_at DESC, j.id DESC LIMIT :look_back
  ) recent
) newest
""")


@dataclass(frozen=True, slots=True)
class Newest:
    """The runs that tell how a connection stands."""

    is_running: bool
    last: Job | None
    success: Job | None


def list_runs(tenant_id: int | None, query: RunQuery) -> Select[Job]:
    # The policy says the same about the tenant; said here too, the planner uses the index.
    statement = select(Job).where(Job.tenant_id == tenant_id, Job.job_type.in_(kinds.tasks()))
    if query.connection_id is not None:
        statement = statement.where(Job.params["connection_id"].astext == str(query.connection_id))
    if query.kind is not None:
        statement = statement.where(Job.params["kind"].astext == query.kind)
    if query.status is not None:
        statement = statement.where(Job.status == query.status.value)
    return statement


async def newest_runs(session: AsyncSession, tenant_id: int, connection_ids: Sequence[UUID]) -> dict[UUID, Newest]:
    """The newest runs of each connection."""
    values = {"look_back": LOOK_BACK, "tenant_id": tenant_id, "tasks": kinds.tasks(), "ids": list(connection_ids)}
    rows = (await session.execute(_NEWEST, values)).all()
    ids = {job_id for row in rows for job_id in (row.last_id, row.success_id) if job_id is not None}
    jobs = {job.id: job for job in await session.scalars(select(Job).where(Job.id.in_(ids)))}
    return {row.connection_id: Newest(row.is_running, jobs.get(row.last_id), jobs.get(row.success_id)) for row in rows}


async def count_unfinished(session: AsyncSession, tenant_id: int, connection_id: UUID) -> int:
    """How many of a connection's newest runs are pending or running."""
    newest = (
        select(Job.status)
        .where(Job.tenant_id == tenant_id, Job.params["connection_id"].astext == str(connection_id))
        .order_by(Job.created_at.desc(), Job.id.desc())
        .limit(LOOK_BACK)
        .subquery()
    )
    unfinished = newest.c.status.in_([JobStatus.PENDING.value, JobStatus.RUNNING.value])
    return int(await session.scalar(select(func.count()).where(unfinished)) or 0)


async def has_older(session: AsyncSession, connection: Connection, job_id: UUID, tasks: Collection[str]) -> bool:
    """Whether a job of these kinds that was made before this one is still to do for the connection."""
    older = (
        select(Job.id)
        .where(
            Job.tenant_id == connection.tenant_id,
            Job.params["connection_id"].astext == str(connection.id),
            Job.job_type.in_(tasks),
            Job.status.in_([JobStatus.PENDING.value, JobStatus.RUNNING.value]),
            Job.id < job_id,
        )
        .limit(1)
    )
    return await session.scalar(older) is not None


async def next_runs(session: AsyncSession, tenant_id: int, connection_ids: Collection[UUID]) -> dict[str, datetime]:
    """When the next schedule of each connection (by its id as text) is due."""
    connection = Schedule.params["connection_id"].astext
    found = await session.execute(
        select(connection, func.min(Schedule.next_slot_at))
        .where(
            Schedule.tenant_id == tenant_id,
            Schedule.enabled,
            connection.in_([str(connection_id) for connection_id in connection_ids]),
        )
        .group_by(connection)
    )
    return {row[0]: row[1] for row in found}


def list_schedules(tenant_id: int | None, connection_id: UUID | None) -> Select[Schedule]:
    statement = select(Schedule).where(Schedule.tenant_id == tenant_id, Schedule.job_type.in_(kinds.tasks()))
    if connection_id is not None:
        statement = statement.where(Schedule.params["connection_id"].astext == str(connection_id))
    return statement


async def get_schedule(session: AsyncSession, schedule_id: UUID) -> Schedule:
    return _found(await session.get(Schedule, schedule_id))


async def lock_schedule(session: AsyncSession, schedule_id: UUID) -> Schedule:
    return _found(await session.get(Schedule, schedule_id, with_for_update=True, populate_existing=True))


def _found(schedule: Schedule | None) -> Schedule:
    if schedule is None or schedule.job_type not in kinds.tasks():
        raise ScheduleNotFound
    return schedule


async def count_schedules(session: AsyncSession, tenant_id: int) -> int:
    counted = select(func.count()).select_from(Schedule).where(Schedule.tenant_id == tenant_id)
    return int(await session.scalar(counted) or 0)
