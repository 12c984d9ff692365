"""Routes under /sync: starting syncs, schedules, how connections stand, what ran."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.accounts.dependencies import TenantSession
from app.accounts.idempotent import Idempotent
from app.connections.errors import ConnectionAmbiguous, ConnectionNotFound, ConnectionPaused
from app.core.pagination import Page, page_response
from app.core.problems import problems
from app.jobs.schemas import JobAccepted, JobView
from app.queue.models import Job
from app.sync import errors, runs, schedules
from app.sync.dependencies import Held, SyncReader, SyncWriter, TenantId
from app.sync.schemas import (
    RunQuery,
    RunView,
    ScheduleChange,
    ScheduleCreate,
    ScheduleDeleted,
    ScheduleMade,
    ScheduleQuery,
    ScheduleView,
    StatusQuery,
    SyncStatus,
    SyncTrigger,
)
from app.sync.trigger import trigger

router = APIRouter(prefix="/sync", tags=["sync"])

ACCEPTED = status.HTTP_202_ACCEPTED
NO_CONNECTION = (
    ConnectionNotFound,
    ConnectionAmbiguous,
    errors.NoDefaultProvider,
    errors.ProviderUnknown,
    errors.SyncKindUnknown,
)
# The path that older clients use beside the plural.
SINGULAR = "/schedule/{schedule_id}"


@router.post(
    "/trigger",
    status_code=ACCEPTED,
    response_model=JobAccepted,
    responses=problems(*NO_CONNECTION, ConnectionPaused, errors.TooManySyncs),
)
async def trigger_sync(
    actor: SyncWriter,
    held: Held,
    tenant_id: TenantId,
    idempotency: Idempotent,
    session: TenantSession,
    body: SyncTrigger | None = None,
) -> Response:
    """Sync a connection now. Without a body it is the installation's default product API; its connection and its
    schedule are made with the tenant's first sync. A second sync of a connection waits for the first.
    """
    job = await trigger(session, held.settings, tenant_id, body or SyncTrigger())
    return await idempotency.remember(session, ACCEPTED, _accepted(job), _location(job))


@router.get("/status", response_model=Page[SyncStatus], responses=problems(ConnectionNotFound))
async def list_sync_statuses(
    actor: SyncReader, tenant_id: TenantId, session: TenantSession, query: Annotated[StatusQuery, Query()]
) -> Response:
    """How each connection stands: whether a sync runs, the last one, the last that went well, when the next is due."""
    return page_response(await runs.list_statuses(session, tenant_id, query), query, SyncStatus)


@router.get("/history", response_model=Page[RunView])
async def list_sync_runs(actor: SyncReader, session: TenantSession, query: Annotated[RunQuery, Query()]) -> Response:
    """The syncs so far, newest first."""
    return page_response(await runs.list_runs(session, actor.tenant_id, query), query, RunView)


@router.post(
    "/schedule",
    status_code=status.HTTP_201_CREATED,
    response_model=ScheduleMade,
    responses=problems(*NO_CONNECTION, errors.ScheduleNameTaken, errors.ScheduleRefused, errors.TooManySchedules),
)
async def create_sync_schedule(
    body: ScheduleCreate,
    actor: SyncWriter,
    held: Held,
    tenant_id: TenantId,
    idempotency: Idempotent,
    session: TenantSession,
) -> Response:
    """Repeat a sync, at least five minutes apart. What was missed while the service was down runs once; while a sync of
    the schedule is at work, its next slot is left out.
    """
    made = await schedules.create_schedule(session, held.settings, tenant_id, body)
    answer = ScheduleMade(**made.model_dump(), schedule_id=made.id)
    location = {"Location": f"/api/v1/sync/schedules/{made.id}"}
    return await idempotency.remember(session, status.HTTP_201_CREATED, answer, location)


@router.get("/schedules", response_model=Page[ScheduleView])
async def list_sync_schedules(
    actor: SyncReader, tenant_id: TenantId, session: TenantSession, query: Annotated[ScheduleQuery, Query()]
) -> Response:
    """The schedules, the oldest first."""
    return page_response(await schedules.list_schedules(session, tenant_id, query), query, ScheduleView)


@router.get("/schedules/{schedule_id}", responses=problems(errors.ScheduleNotFound))
async def get_sync_schedule(schedule_id: UUID, actor: SyncReader, session: TenantSession) -> ScheduleView:
    """One schedule."""
    return await schedules.get_schedule(session, schedule_id)


@router.patch(
    "/schedules/{schedule_id}",
    responses=problems(errors.ScheduleNotFound, errors.ScheduleNameTaken, errors.ScheduleRefused),
)
@router.patch(SINGULAR, include_in_schema=False)
async def update_sync_schedule(
    schedule_id: UUID, body: ScheduleChange, actor: SyncWriter, session: TenantSession
) -> ScheduleView:
    """Change what the body names. Other times, and switching on, count from now."""
    return await schedules.change_schedule(session, schedule_id, body)


@router.delete("/schedules/{schedule_id}", responses=problems(errors.ScheduleNotFound))
@router.delete(SINGULAR, include_in_schema=False)
async def delete_sync_schedule(schedule_id: UUID, actor: SyncWriter, session: TenantSession) -> ScheduleDeleted:
    """Remove a schedule; a sync that it has started goes on."""
    await schedules.delete_schedule(session, schedule_id)
    return ScheduleDeleted(id=schedule_id)


@router.post(
    "/schedules/{schedule_id}/run",
    status_code=ACCEPTED,
    response_model=JobAccepted,
    responses=problems(errors.ScheduleNotFound, ConnectionPaused, errors.TooManySyncs),
)
async def run_sync_schedule(
    schedule_id: UUID, actor: SyncWriter, idempotency: Idempotent, session: TenantSession
) -> Response:
    """Start a schedule's sync now; its times stay."""
    job = await schedules.run_schedule(session, actor, schedule_id)
    return await idempotency.remember(session, ACCEPTED, _accepted(job), _location(job))


def _accepted(job: Job) -> JobAccepted:
    return JobView.model_validate(job).accepted()


def _location(job: Job) -> dict[str, str]:
    return {"Location": f"/api/v1/jobs/{job.id}"}
