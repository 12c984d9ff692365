"""Work that repeats: making a schedule, and the tick that turns due slots into jobs. Two pulses start a slot once."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.system_session import SystemDatabase
from app.core.tenancy import NO_SCOPE, Scope
from app.queue import cron, outbox, registry
from app.queue.models import Job, JsonObject, Schedule, ScheduleSlot
from app.queue.names import JobStatus
from app.queue.seams import seam

log = structlog.get_logger(__name__)


class ScheduleInvalid(ValueError):
    """A schedule that can never tick: its cron, its interval or its timezone cannot be read."""


def next_slot(schedule: Schedule, after: datetime) -> datetime:
    """The first slot of a schedule after a moment; the very first of an interval lies one interval ahead."""
    jitter = timedelta(seconds=schedule.jitter_seconds or 0)
    try:
        if schedule.cron is not None:
            due = cron.next_by_cron(cron.parse(schedule.cron), ZoneInfo(schedule.timezone), after - jitter)
            return due + jitter
    except (cron.CronInvalid, ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleInvalid(str(error)) from error
    if schedule.every_minutes is None or schedule.every_minutes < 1:
        raise ScheduleInvalid("give a cron expression or a number of minutes")
    if schedule.next_slot_at is None:
        return cron.next_by_interval(after, schedule.every_minutes, after) + jitter
    return cron.next_by_interval(schedule.next_slot_at, schedule.every_minutes, after)


async def add_schedule(
    session: AsyncSession,
    job_type: str,
    *,
    params: JsonObject | None = None,
    cron_text: str | None = None,
    every_minutes: int | None = None,
    timezone: str = "UTC",
    scope: Scope | None = None,
    name: str | None = None,
    jitter_seconds: int = 0,
    enabled: bool = True,
) -> Schedule:
    """Make a schedule that enqueues a kind of job for the session's scope; its first slot lies in the future."""
    registry.kind(job_type)
    owner = scope or session.info.get("scope", NO_SCOPE)
    schedule = Schedule(
        tenant_id=owner.tenant_id,
        user_id=owner.user_id,
        name=name,
        job_type=job_type,
        params=params or {},
        cron=cron_text,
        every_minutes=every_minutes,
        timezone=timezone,
        jitter_seconds=jitter_seconds,
        enabled=enabled,
    )
    schedule.next_slot_at = next_slot(schedule, clock.now())
    session.add(schedule)
    await session.flush()
    return schedule


def begin_anew(schedule: Schedule) -> None:
    """Count a schedule's slots from now on, after its times were changed or it was switched on: what it missed while it
    was off is not made up for.
    """
    schedule.next_slot_at = None  # type: ignore[assignment]  # only until the next line
    schedule.next_slot_at = next_slot(schedule, clock.now())


async def run_now(session: AsyncSession, schedule: Schedule, scope: Scope) -> Job:
    """Enqueue what a schedule would, in the name of a person who does not want to wait; its slots stay as they are."""
    return await outbox.enqueue(
        session, schedule.job_type, params=schedule.params, scope=scope, schedule_id=schedule.id
    )


async def tick(system: SystemDatabase) -> list[UUID]:
    """Start what is due, each schedule in a transaction of its own; answers the new jobs. Missed slots run once."""
    started: list[UUID] = []
    while True:
        async with system.session() as session:
            schedule = await session.scalar(
                select(Schedule)
                .where(Schedule.enabled, Schedule.next_slot_at <= func.now())
                .order_by(Schedule.next_slot_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if schedule is None:
                return started
            job_id = await _start(session, schedule)
            seam("tick_before_commit")
        if job_id is not None:
            started.append(job_id)


async def _start(session: AsyncSession, schedule: Schedule) -> UUID | None:
    now = await session.scalar(select(func.now()))
    slot = schedule.next_slot_at
    try:
        kind = registry.kind(schedule.job_type)
        schedule.next_slot_at = next_slot(schedule, max(now or slot, slot))
    except (LookupError, ScheduleInvalid) as error:
        # Ticking again every second would not mend it; its owner sees that it is off.
        schedule.enabled = False
        log.error("schedule_disabled", schedule_id=str(schedule.id), reason=str(error))  # noqa: TRY400
        return None
    schedule.last_slot_at = slot
    if await _is_still_at_work(session, schedule):
        log.info("schedule_slot_skipped", schedule_id=str(schedule.id), reason="the job before it is not over")
        return None
    first = await session.scalar(
        insert(ScheduleSlot)
        .values(schedule_id=schedule.id, slot=slot, tenant_id=schedule.tenant_id)
        .on_conflict_do_nothing()
        .returning(ScheduleSlot.slot)
    )
    if first is None:
        return None
    job = await outbox.enqueue(
        session,
        kind.name,
        params=schedule.params,
        scope=Scope(schedule.tenant_id, schedule.user_id),
        schedule_id=schedule.id,
    )
    (await session.get_one(ScheduleSlot, (schedule.id, slot))).job_id = job.id
    return job.id


async def _is_still_at_work(session: AsyncSession, schedule: Schedule) -> bool:
    # Else the jobs of a source that answers slower than its schedule asks would pile up in front of the queue.
    before = (
        select(Job.status)
        .join(ScheduleSlot, ScheduleSlot.job_id == Job.id)
        .where(ScheduleSlot.schedule_id == schedule.id)
        .order_by(ScheduleSlot.slot.desc())
        .limit(1)
    )
    return await session.scalar(before) in {JobStatus.PENDING, JobStatus.RUNNING}
