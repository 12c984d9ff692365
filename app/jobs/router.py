"""Routes under /jobs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response, status
from fastapi.responses import StreamingResponse

from app.accounts.dependencies import TenantSession
from app.accounts.idempotent import Idempotent
from app.core.pagination import Page, page_response
from app.core.problems import problems
from app.core.tenancy import Scope
from app.jobs import changes, errors, live, overview, steering, tickets
from app.jobs.dependencies import Held, Reader, get_feed, get_watcher, may_read, may_steer
from app.jobs.live import JobFeed
from app.jobs.schemas import (
    CallQuery,
    CallView,
    ChangeQuery,
    ChangeView,
    JobAccepted,
    JobQuery,
    JobRetried,
    JobStats,
    JobView,
    StreamTicketView,
)
from app.queue.models import Job

router = APIRouter(prefix="/jobs", tags=["jobs"])

ACCEPTED = status.HTTP_202_ACCEPTED


@router.get("", response_model=Page[JobView])
async def list_jobs(actor: Reader, session: TenantSession, query: Annotated[JobQuery, Query()]) -> Response:
    """The tenant's jobs, newest first."""
    return page_response(await overview.list_jobs(session, actor.tenant_id, query), query, JobView)


@router.get("/stats/summary")
async def summarise_jobs(actor: Reader, session: TenantSession) -> JobStats:
    """How many jobs there are, by state and by kind, and how long they take."""
    return await overview.summarise(session, actor.tenant_id)


@router.get("/{job_id}", dependencies=[may_read], responses=problems(errors.JobNotFound))
async def get_job(job_id: UUID, session: TenantSession) -> JobView:
    """One job."""
    return await overview.get_job(session, job_id)


@router.post(
    "/{job_id}/cancel", dependencies=[may_steer], responses=problems(errors.JobNotFound, errors.JobAlreadyOver)
)
async def cancel_job(job_id: UUID, session: TenantSession) -> JobView:
    """Cancel a job and its children. What waits is cancelled at once, what runs stops within seconds, between two
    steps; what it has done so far stays.
    """
    return JobView.model_validate(await steering.cancel(session, job_id))


@router.post(
    "/{job_id}/retry",
    dependencies=[may_steer],
    status_code=ACCEPTED,
    response_model=JobRetried,
    responses=problems(errors.JobNotFound, errors.JobNotRetryable),
)
async def retry_job(job_id: UUID, idempotency: Idempotent, session: TenantSession) -> Response:
    """Go on with a failed or cancelled job where it stopped. It keeps its id; `new_job_id` names the same job."""
    job = await steering.retry(session, job_id)
    answer = JobRetried.of(JobView.model_validate(job))
    return await idempotency.remember(session, ACCEPTED, answer, _location(job))


@router.post(
    "/{job_id}/confirm",
    dependencies=[may_steer],
    status_code=ACCEPTED,
    response_model=JobAccepted,
    responses=problems(errors.JobNotFound, errors.JobNotWaiting),
)
async def confirm_job(job_id: UUID, idempotency: Idempotent, session: TenantSession) -> Response:
    """Let a job that waits for a person go on with what it proposes."""
    job = await steering.confirm(session, job_id)
    return await idempotency.remember(session, ACCEPTED, _accepted(job), _location(job))


@router.post(
    "/{job_id}/discard", dependencies=[may_steer], responses=problems(errors.JobNotFound, errors.JobNotWaiting)
)
async def discard_job(job_id: UUID, session: TenantSession) -> JobView:
    """End a job that waits for a person, without doing what it proposes."""
    return JobView.model_validate(await steering.discard(session, job_id))


@router.post(
    "/{job_id}/undo",
    dependencies=[may_steer],
    status_code=ACCEPTED,
    response_model=JobAccepted,
    responses=problems(errors.JobNotFound, errors.JobNotUndoable),
)
async def undo_job(job_id: UUID, idempotency: Idempotent, session: TenantSession) -> Response:
    """Start a job that takes this one back: what was changed since by others stays, and the report says so."""
    job = await steering.undo(session, job_id)
    return await idempotency.remember(session, ACCEPTED, _accepted(job), _location(job))


@router.get("/{job_id}/items", response_model=Page[ChangeView], responses=problems(errors.JobNotFound))
async def list_job_changes(
    job_id: UUID, actor: Reader, session: TenantSession, query: Annotated[ChangeQuery, Query()]
) -> Response:
    """What a job changed, product by product, with before and after of every field; of a preview, what it would change.

    Of an undo: what became of each change of the job that it takes back, and why some were kept.
    """
    return page_response(await changes.list_changes(session, actor.tenant_id, job_id, query), query, ChangeView)


@router.get("/{job_id}/calls", response_model=Page[CallView], responses=problems(errors.JobNotFound))
async def list_job_calls(
    job_id: UUID, actor: Reader, session: TenantSession, query: Annotated[CallQuery, Query()]
) -> Response:
    """What a job called outside (vendors, feeds), try by try, newest first: up to 50 of each attempt."""
    return page_response(await overview.list_calls(session, actor.tenant_id, job_id, query), query, CallView)


@router.post("/{job_id}/events/ticket", status_code=status.HTTP_201_CREATED, responses=problems(errors.JobNotFound))
async def create_job_stream_ticket(job_id: UUID, actor: Reader, held: Held, session: TenantSession) -> StreamTicketView:
    """A single-use ticket for the live stream of this job, for browsers' EventSource."""
    await overview.get_job(session, job_id)
    return await tickets.issue(session, actor.scope, job_id, held.settings.ticket_seconds)


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {}},
            "description": "The job now, then at each change, until it is over.",
        },
        204: {"description": "The job is over and the client has seen its last state: do not connect again."},
        **problems(errors.JobNotFound, errors.TicketInvalid),
    },
)
async def stream_job_events(
    job_id: UUID,
    scope: Annotated[Scope, Depends(get_watcher)],
    held: Held,
    feed: Annotated[JobFeed, Depends(get_feed)],
    last_event_id: Annotated[str | None, Header(description="The last `id` seen; sent by EventSource itself.")] = None,
) -> Response:
    """Server-sent events of one job: each `data` is the job as /jobs/{id} answers it, each `id` its revision."""
    last_seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else None
    revision, view = await live.read_state(held, scope, job_id)
    if view.status.is_final and revision == last_seen:
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    events = live.stream(held, feed, scope, job_id, last_seen)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def _accepted(job: Job) -> JobAccepted:
    return JobView.model_validate(job).accepted()


def _location(job: Job) -> dict[str, str]:
    return {"Location": f"/api/v1/jobs/{job.id}"}
