"""Information goes up by events only: `emit` writes one outbox row for each listener, in the emitter's transaction.

Events are frozen dataclasses in the emitting feature's events.py; app/listeners.py lists who hears them.
"""

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.tenancy import NO_SCOPE, Scope
from app.queue import announce, registry

# Merging takes the place of a row that was never sent; one under way is waited for, and then a new row is right.
_EMIT = text("""
    INSERT INTO outbox (id, tenant_id, user_id, task, queue, payload, coalesce_key)
    VALUES (:id, :tenant_id, :user_id, :task, :queue, :payload, :coalesce_key)
    ON CONFLICT (tenant_id, task, coalesce_key) WHERE sends = 0 AND coalesce_key IS NOT NULL
    DO UPDATE SET payload = excluded.payload
    """).bindparams(bindparam("payload", type_=JSONB))


async def emit(
    session: AsyncSession, event: object, *, coalesce_key: str | None = None, scope: Scope | None = None
) -> None:
    """Tell every listener of the event's class, if and only if the caller's transaction commits.

    Events with the same `coalesce_key` merge until they are sent: the newest content wins (the stock of one listing).
    """
    owner = scope or session.info.get("scope", NO_SCOPE)
    for listener in registry.listeners_of(type(event)):
        values = {
            "id": new_id(),
            "tenant_id": owner.tenant_id,
            "user_id": owner.user_id,
            "task": listener.name,
            "queue": listener.queue.value,
            "payload": listener.codec.dump_python(event, mode="json"),
            "coalesce_key": coalesce_key,
        }
        await session.execute(_EMIT, values)
        announce.wake_after_commit(session)
