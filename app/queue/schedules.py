"""Work that repeats: making a schedule, and the tick that turns due slots into jobs. Two pulses start a slot once."""

from datetime import datetime
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
from app.queue.models import JsonObject, Schedule, ScheduleSlot
from app.queue.seams import seam

log = structlog.get_logger(__name__)


class ScheduleInvalid(ValueError):
    """A schedule that can never tick: its cron, its interval or its timezone cannot be read."""


def next_slot(schedule: Schedule, after: datetime) -> datetime:
    """The first slot of a schedule after a moment."""
    try:
        if schedule.cron is not None:
            return cron.next_by_cron(cron.parse(schedule.cron), ZoneInfo(schedule.timezone), after)
    except (cron.CronInvalid, ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleInvalid(str(error)) from error
    if schedule.every_minutes is None or schedule.every_minutes < 1:
        raise ScheduleInvalid("give a cron expression or a number of minutes")
    return cron.next_by_interval(schedule.next_slot_at or after, schedule.every_minutes, after)


async def add_schedule(
    session: AsyncSession,
    name: str,
    *,
    params: JsonObject | None = None,
    cron_text: str | None = None,
    every_minutes: int | None = None,
    timezone: str = "UTC",
    scope: Scope | None = None,
) -> Schedule:
    """Make a schedule that enqueues a kind of job for the session's scope; its first slot lies in the future."""
    registry.kind(name)
    owner = scope or session.info.get("scope", NO_SCOPE)
    schedule = Schedule(
        tenant_id=owner.tenant_id,
        user_id=owner.user_id,
        job_type=name,
        params=params or {},
        cron=cron_text,
        every_minutes=every_minutes,
        timezone=timezone,
        enabled=True,
    )
    schedule.next_slot_at = next_slot(schedule, clock.now())
    session.add(schedule)
    await session.flush()
    return schedule


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
