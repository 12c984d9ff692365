"""Syncs that repeat: making, changing, deleting and starting schedules. When they tick is the queue's business."""

import random
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import tenants
from app.accounts.actor import Actor
from app.connections import repository as connections
from app.connections.models import Connection
from app.core.config import Settings
from app.core.pagination import Page, Sort, make_page, paginate
from app.queue import cron
from app.queue.models import Job, Schedule
from app.queue.schedules import ScheduleInvalid, add_schedule, begin_anew, run_now
from app.sync import repository
from app.sync.errors import ScheduleNameTaken, ScheduleRefused, TooManySchedules
from app.sync.schemas import SHORTEST_INTERVAL, ScheduleChange, ScheduleCreate, ScheduleQuery, ScheduleView
from app.sync.trigger import kind_of, params_of, refuse_start, resolve_connection

MOST_SCHEDULES = 100
SORTS = MappingProxyType({"created_at": Sort(Schedule.created_at, read=datetime.fromisoformat)})


async def create_schedule(
    session: AsyncSession, settings: Settings, tenant_id: int, body: ScheduleCreate
) -> ScheduleView:
    """Make a schedule for a connection."""
    if await repository.count_schedules(session, tenant_id) >= MOST_SCHEDULES:
        raise TooManySchedules(f"A tenant may have {MOST_SCHEDULES} schedules.")
    connection, _ = await resolve_connection(session, settings, tenant_id, body)
    sync = kind_of(connection, body.kind)
    _refuse_haste(body.cron)
    timezone = body.timezone or await tenants.get_timezone(session, tenant_id)
    try:
        async with session.begin_nested():
            made = await add_schedule(
                session,
                sync.task,
                params=params_of(connection, body),
                cron_text=body.cron,
                every_minutes=body.every_minutes,
                timezone=timezone,
                name=body.name or _name(connection, body, timezone),
                # The same cron of a thousand tenants shall not start a thousand syncs in one second.
                jitter_seconds=random.randint(0, settings.schedule_jitter_seconds),  # noqa: S311 (no secret)
                enabled=body.enabled,
            )
    except ScheduleInvalid as invalid:
        raise ScheduleRefused(str(invalid)) from None
    except IntegrityError as refused:
        raise _taken(refused) from None
    await session.refresh(made)
    return _to_view(made, connection)


async def change_schedule(session: AsyncSession, schedule_id: UUID, body: ScheduleChange) -> ScheduleView:
    """Change what the body names. Other times, and switching on, count from now."""
    schedule = await repository.lock_schedule(session, schedule_id)
    _refuse_haste(body.cron)
    if body.cron is not None:
        schedule.cron, schedule.every_minutes = body.cron, None
    if body.every_minutes is not None:
        schedule.cron, schedule.every_minutes = None, body.every_minutes
    schedule.name = body.name or schedule.name
    schedule.timezone = body.timezone or schedule.timezone
    if body.mode is not None:
        schedule.params = {**schedule.params, "mode": body.mode}
    is_switched_on = bool(body.enabled) and not schedule.enabled
    if body.enabled is not None:
        schedule.enabled = body.enabled
    try:
        if is_switched_on or body.cron or body.every_minutes or body.timezone:
            begin_anew(schedule)
        await session.flush()
    except ScheduleInvalid as invalid:
        raise ScheduleRefused(str(invalid)) from None
    except IntegrityError as refused:
        raise _taken(refused) from None
    return _to_view(schedule, await _connection(session, schedule))


async def delete_schedule(session: AsyncSession, schedule_id: UUID) -> None:
    """Remove a schedule; what it has started goes on."""
    await session.delete(await repository.lock_schedule(session, schedule_id))
    await session.flush()


async def run_schedule(session: AsyncSession, actor: Actor, schedule_id: UUID) -> Job:
    """Enqueue a schedule's sync now; its times stay."""
    schedule = await repository.get_schedule(session, schedule_id)
    await refuse_start(session, await _connection(session, schedule))
    return await run_now(session, schedule, actor.scope)


async def get_schedule(session: AsyncSession, schedule_id: UUID) -> ScheduleView:
    """One schedule."""
    schedule = await repository.get_schedule(session, schedule_id)
    return _to_view(schedule, await _connection(session, schedule))


async def list_schedules(session: AsyncSession, tenant_id: int, query: ScheduleQuery) -> Page[ScheduleView]:
    """A page of the schedules, the oldest first."""
    rows = await paginate(
        session,
        repository.list_schedules(tenant_id, query.connection_id),
        query,
        sorts=SORTS,
        default_sort="created_at",
        id_column=Schedule.id,
        tenant_id=tenant_id,
    )
    known = {connection.id: connection for connection in await connections.list_all(session, tenant_id)}
    views = [_to_view(schedule, known[_connection_id(schedule)]) for schedule in rows.items]
    return make_page(views, rows.next_cursor, query, rows.total)


def _refuse_haste(text: str | None) -> None:
    if text is None:
        return
    try:
        pause = cron.shortest_pause(cron.parse(text))
    except cron.CronInvalid as invalid:
        raise ScheduleRefused(f"cron: {invalid}.") from None
    if pause < SHORTEST_INTERVAL:
        raise ScheduleRefused(f"cron: {text!r} is due every {pause} minutes; the least is {SHORTEST_INTERVAL}.")


def _taken(refused: IntegrityError) -> Exception:
    return ScheduleNameTaken() if "uq_schedules_name" in str(refused.orig) else refused


def _name(connection: Connection, body: ScheduleCreate, timezone: str) -> str:
    rhythm = f"every {body.every_minutes} minutes" if body.cron is None else f"at {body.cron} {timezone}"
    return f"{connection.name}: {body.kind} {rhythm}"[:200]


def _connection_id(schedule: Schedule) -> UUID:
    return UUID(str(schedule.params["connection_id"]))


async def _connection(session: AsyncSession, schedule: Schedule) -> Connection:
    return await connections.get_connection(session, _connection_id(schedule))


def _to_view(schedule: Schedule, connection: Connection) -> ScheduleView:
    return ScheduleView.model_validate(
        {
            "id": schedule.id,
            "name": schedule.name or "",
            "connection_id": connection.id,
            "provider": connection.vendor,
            "kind": schedule.params["kind"],
            "mode": schedule.params["mode"],
            "cron": schedule.cron,
            "every_minutes": schedule.every_minutes,
            "timezone": schedule.timezone,
            "enabled": schedule.enabled,
            "next_run_at": schedule.next_slot_at if schedule.enabled else None,
            "last_run_at": schedule.last_slot_at,
            "created_at": schedule.created_at,
        }
    )
