"""Renewing tokens, once however many ask at the same time: whoever takes the lease calls, the others look again.

The lease and what is stored are transactions of their own; none is open during the call. A holder that dies leaves its
lease to run out. Whether the vendor had answered it nobody knows then: the next one asks again with the old token, and
a vendor that has spent it refuses, which ends as needs_reauth.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import text, update

from app.connections import repository
from app.connections.credentials import REFRESH_TOKEN, Kept, find_kept, keep_renewed, kept_of
from app.connections.errors import ConnectionNeedsReauth
from app.connections.models import Connection, ConnectionSecret, ConnectionStatus
from app.connections.service import record_failure
from app.core import clock
from app.core.database import Sessions
from app.integrations.contracts.access import Access, OAuth, Tokens
from app.integrations.contracts.errors import AuthExpired, Unavailable
from app.queue.seams import seam

# Before tokens run out, so that a call that begins now still ends with them.
EARLY = timedelta(minutes=2)
CALL_SECONDS = 20.0
LEASE_SECONDS = 30.0
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 75.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be renewed, and what it takes to do so."""

    sessions: Sessions
    access: Access
    oauth: OAuth
    connection: Connection
    kept: Kept


_TAKE = text("""
UPDATE connection_secrets SET lease_until = now() + make_interval(secs => :seconds), lease_fence = lease_fence + 1
WHERE connection_id = :connection AND version = :version AND (lease_until IS NULL OR lease_until < now())
RETURNING lease_fence
""")


def is_running_out(kept: Kept) -> bool:
    """Whether tokens should be renewed before they are used."""
    return kept.expires_at is not None and kept.expires_at - EARLY <= clock.now()


async def renew(sessions: Sessions, access: Access, oauth: OAuth, connection: Connection, kept: Kept) -> Kept:
    """Newer tokens than these, renewed here or by whoever is at it. Raises ConnectionNeedsReauth where only a new
    consent helps, and the vendor errors of the call.
    """
    wanted = _Wanted(sessions, access, oauth, connection, kept)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        fence = await _take_lease(wanted)
        if fence is not None:
            return await _renew_under_lease(wanted, fence)
        await asyncio.sleep(LOOK_SECONDS)
        if (newer := await _find_newer(wanted)) is not None:
            return newer
        if time.monotonic() > deadline:
            raise Unavailable(f"The tokens of “{connection.name}” are being renewed for too long.")


async def _take_lease(wanted: _Wanted) -> int | None:
    values = {"connection": wanted.connection.id, "version": wanted.kept.version, "seconds": LEASE_SECONDS}
    async with wanted.sessions.begin() as session:
        taken: int | None = await session.scalar(_TAKE, values)
        return taken


async def _find_newer(wanted: _Wanted) -> Kept | None:
    async with wanted.sessions.begin() as session:
        now = await repository.get_connection(session, wanted.connection.id)
        found = await find_kept(session, wanted.access.app, now)
    if found is not None and found.version != wanted.kept.version:
        return found
    if found is None or now.status == ConnectionStatus.NEEDS_REAUTH:
        raise ConnectionNeedsReauth(f"The connection “{now.name}” waits for new credentials.")
    return None


async def _renew_under_lease(wanted: _Wanted, fence: int) -> Kept:
    try:
        tokens = await _call(wanted)
    except AuthExpired as refused:
        return await _end_refused(wanted, fence, refused)
    except BaseException:
        await _give_back(wanted, fence)
        raise
    seam("tokens_answered")
    renewed = kept_of(tokens, wanted.kept)
    async with wanted.sessions.begin() as session:
        await keep_renewed(session, wanted.access.app, wanted.connection, renewed, fence)
    # Also where somebody else has stored meanwhile (a person who connected anew): theirs count.
    return await _find_newer(wanted) or renewed


async def _call(wanted: _Wanted) -> Tokens:
    refresh_token = wanted.kept.values.get(REFRESH_TOKEN)
    if refresh_token is None:
        raise AuthExpired("The vendor has given no token by which access could be renewed.")
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await wanted.oauth.refresh(wanted.access, refresh_token=refresh_token)
    except TimeoutError:
        raise Unavailable(f"The vendor did not answer within {CALL_SECONDS:.0f} seconds.") from None


async def _end_refused(wanted: _Wanted, fence: int, refused: AuthExpired) -> Kept:
    """Whoever connected anew, or held the lease before and stored late, has made the refusal meaningless."""
    connection = wanted.connection
    async with wanted.sessions.begin() as session:
        locked = await session.get(ConnectionSecret, connection.id, with_for_update=True, populate_existing=True)
        is_ours = locked is not None and (locked.version, locked.lease_fence) == (wanted.kept.version, fence)
        if locked is not None and is_ours:
            locked.lease_until = None
            message = f"Access cannot be renewed; connect the account again. {refused.detail}"
            status = ConnectionStatus.NEEDS_REAUTH
            await record_failure(session, connection.id, code=refused.code, message=message, status=status)
    if is_ours:
        log.warning("connection_needs_reauth", connection_id=str(connection.id), vendor=connection.vendor)
        raise ConnectionNeedsReauth(
            f"The vendor does not renew the access of “{connection.name}”: {refused.detail}"
        ) from refused
    newer = await _find_newer(wanted)
    if newer is None:
        raise Unavailable("The tokens are being renewed by another process.")
    return newer


async def _give_back(wanted: _Wanted, fence: int) -> None:
    secret = ConnectionSecret
    ours = (secret.connection_id == wanted.connection.id, secret.lease_fence == fence)
    async with wanted.sessions.begin() as session:
        await session.execute(update(secret).where(*ours).values(lease_until=None))
