"""Work of a job's kind that is small enough to be done inside the request: it gets its row all the same, so that it can
be looked at and undone like any other.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, context
from app.core.ids import new_id
from app.core.tenancy import NO_SCOPE
from app.queue import registry
from app.queue.models import Job, JsonObject
from app.queue.names import JobStatus, OutcomeKind


@asynccontextmanager
async def job_at_once(session: AsyncSession, name: str, params: JsonObject) -> AsyncIterator[Job]:
    """A job that runs for as long as the block does, in the caller's transaction; the block fills in its numbers, and
    with a failed item it ends as partly done.
    """
    kind, owner = registry.kind(name), session.info.get("scope", NO_SCOPE)
    job = Job(
        id=new_id(),
        tenant_id=owner.tenant_id,
        user_id=owner.user_id,
        job_type=kind.name,
        task=kind.name,
        queue=kind.queue.value,
        params=params,
        status=JobStatus.RUNNING.value,
        max_attempts=1,
        items_failed=0,
        request_id=context.current().request_id,
        started_at=clock.now(),
    )
    session.add(job)
    await session.flush()
    yield job
    job.status = JobStatus.COMPLETED.value
    job.outcome = (OutcomeKind.PARTIAL if job.items_failed else OutcomeKind.OK).value
    job.progress_percent = Decimal(100)
    job.completed_at = clock.now()
    await session.flush()
