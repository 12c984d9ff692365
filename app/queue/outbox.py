"""Enqueueing: a job and its outbox row, in the caller's transaction. The broker is never called from here."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import context
from app.core.config import get_settings
from app.core.ids import new_id
from app.core.tenancy import NO_SCOPE, Scope
from app.queue import announce, registry
from app.queue.models import Job, JsonObject, OutboxMessage

# One statement, one round trip: the job, and the message that its first attempt waits for.
_ENQUEUE = (
    text("""
    WITH made AS (
      INSERT INTO jobs (id, tenant_id, user_id, job_type, task, queue, params, max_attempts, parent_id, schedule_id,
                        idempotency_key, request_id)
      VALUES (:id, :tenant_id, :user_id, :name, :name, :queue, :params, :max_attempts, :parent_id, :schedule_id,
              :idempotency_key, :request_id)
      ON CONFLICT (tenant_id, job_type, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
      RETURNING *
    ), sent AS (
      INSERT INTO outbox (id, tenant_id, user_id, task, queue, job_id, attempt, available_at)
      SELECT :outbox_id, tenant_id, user_id, task, queue, id, attempt, now() + :delay FROM made
    )
    SELECT * FROM made
    """)
    .bindparams(bindparam("params", type_=JSONB))
    .columns(*Job.__table__.columns)
)
# Built once: the ORM reads a statement's whole shape again whenever it is built anew.
_ENQUEUE_JOB = select(Job).from_statement(_ENQUEUE)


async def enqueue(
    session: AsyncSession,
    name: str,
    *,
    params: JsonObject | None = None,
    scope: Scope | None = None,
    parent_id: UUID | None = None,
    schedule_id: UUID | None = None,
    idempotency_key: str | None = None,
    max_attempts: int | None = None,
    delay: timedelta = timedelta(0),
) -> Job:
    """Add a job to the caller's transaction: it runs if, and only if, that transaction commits.

    The job belongs to the session's scope; `scope` names another one in sessions of the system role. With an
    idempotency key the job of the same name and key is answered instead of a second one.
    """
    kind = registry.kind(name)
    owner = scope or session.info.get("scope", NO_SCOPE)
    values = {
        "id": new_id(),
        "outbox_id": new_id(),
        "tenant_id": owner.tenant_id,
        "user_id": owner.user_id,
        "name": kind.name,
        "queue": kind.queue.value,
        "params": params or {},
        "max_attempts": max_attempts or kind.max_attempts or get_settings().job_max_attempts,
        "parent_id": parent_id,
        "schedule_id": schedule_id,
        "idempotency_key": idempotency_key,
        "request_id": context.current().request_id,
        "delay": delay,
    }
    made: Job | None = await session.scalar(_ENQUEUE_JOB, values)
    if made is None:
        return await _find_first(session, owner, kind.name, idempotency_key)
    announce.wake_after_commit(session)
    return made


def send_attempt(session: AsyncSession, job: Job) -> None:
    """Let the broker carry the present attempt of a job, once the caller's transaction has committed."""
    session.add(
        OutboxMessage(
            tenant_id=job.tenant_id,
            user_id=job.user_id,
            task=job.task,
            queue=job.queue,
            job_id=job.id,
            attempt=job.attempt,
        )
    )
    announce.wake_after_commit(session)


async def _find_first(session: AsyncSession, owner: Scope, name: str, key: str | None) -> Job:
    same = select(Job).where(
        Job.tenant_id.is_not_distinct_from(owner.tenant_id), Job.job_type == name, Job.idempotency_key == key
    )
    first: Job = (await session.scalars(same)).one()
    return first
