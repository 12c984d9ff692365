"""Single-use passes to a live stream for clients that cannot send a header. PostgreSQL keeps their hashes only."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import Database
from app.core.tenancy import Scope
from app.jobs.errors import TicketInvalid
from app.jobs.schemas import StreamTicketView
from app.queue.models import StreamTicket

SECRET_BYTES = 32
LONGEST = 200


async def issue(session: AsyncSession, scope: Scope, job_id: UUID, seconds: int) -> StreamTicketView:
    """Make a ticket for one job's stream."""
    if scope.user_id is None:
        raise ValueError("a ticket belongs to a user")
    # The scope travels in clear: without it no row is in reach, and with a wrong one the hash is not found.
    ticket = f"{scope.tenant_id or 0}-{scope.user_id.hex}-{secrets.token_urlsafe(SECRET_BYTES)}"
    session.add(
        StreamTicket(
            token_hash=_hash(ticket),
            tenant_id=scope.tenant_id,
            user_id=scope.user_id,
            job_id=job_id,
            expires_at=func.now() + timedelta(seconds=seconds),
        )
    )
    await session.flush()
    return StreamTicketView(ticket=ticket, expires_in=seconds)


async def redeem(database: Database, ticket: str, job_id: UUID) -> Scope:
    """Use a ticket up; answers in whose name the stream runs. Raises TicketInvalid."""
    scope = _read_scope(ticket)
    async with database.session(scope) as session:
        used = await session.scalar(
            delete(StreamTicket)
            .where(
                StreamTicket.token_hash == _hash(ticket),
                StreamTicket.job_id == job_id,
                StreamTicket.expires_at > func.now(),
            )
            .returning(StreamTicket.user_id)
        )
    if used is None:
        raise TicketInvalid
    return scope


def _read_scope(ticket: str) -> Scope:
    tenant, _, rest = ticket[:LONGEST].partition("-")
    user, _, _ = rest.partition("-")
    try:
        tenant_id = int(tenant)
        scope = Scope(tenant_id or None, UUID(hex=user))
        _ = scope.search_path
    except ValueError:
        raise TicketInvalid from None
    return scope


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
