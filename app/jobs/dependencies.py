"""Who may watch a job: a member with a token, or whoever holds a ticket for it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from app.accounts.actor import Actor
from app.accounts.dependencies import OptionalActor, require, use_resources
from app.accounts.errors import TenantRequired
from app.accounts.permissions import Permission
from app.core.errors import Forbidden, Unauthenticated
from app.core.resources import Resources
from app.core.tenancy import Scope
from app.jobs import tickets
from app.jobs.live import JobFeed

Reader = Annotated[Actor, Depends(require(Permission.JOBS_READ))]
may_read = Depends(require(Permission.JOBS_READ))
may_steer = Depends(require(Permission.JOBS_WRITE))
Held = Annotated[Resources, Depends(use_resources)]


async def get_feed(request: Request, held: Held) -> JobFeed:
    """The feed of this process, made with its first stream."""
    state = request.app.state
    if not hasattr(state, "job_feed"):
        state.job_feed = JobFeed(held.settings)
    feed: JobFeed = state.job_feed
    return feed


async def get_watcher(
    job_id: UUID,
    actor: OptionalActor,
    held: Held,
    ticket: Annotated[str | None, Query(max_length=200, description="From /jobs/{id}/events/ticket.")] = None,
) -> Scope:
    """In whose name the stream of this job runs."""
    if actor is None:
        if ticket is None:
            raise Unauthenticated("Send an access token, or a ticket from /jobs/{id}/events/ticket.")
        return await tickets.redeem(held.database, ticket, job_id)
    if actor.tenant_id is None:
        raise TenantRequired
    if not actor.can(Permission.JOBS_READ):
        raise Forbidden
    return actor.scope
