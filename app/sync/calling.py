"""Syncs over a connection: opening it, renewing its tokens once when they are refused, and what errors of the vendor
mean to job and connection.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from pydantic import ValidationError

from app.connections import repository as connections
from app.connections.access import environment_of, open_access, reopen_access
from app.connections.errors import ConnectionNeedsReauth, ConnectionPaused, CredentialsUnreadable
from app.connections.models import Connection, ConnectionStatus, Environment
from app.connections.service import record_failure, record_success
from app.integrations import registry as vendors
from app.integrations.contracts.access import Access
from app.integrations.contracts.errors import AuthExpired, RateLimited, VendorError
from app.integrations.contracts.vendor import Vendor
from app.queue.outcome import Outcome
from app.queue.run import Run

Work = Callable[[Vendor, Access], Awaitable[Outcome]]
# Where the other side asks for a pause and does not say how long.
PAUSE_SECONDS = 60.0
# Things that a person has to do first; the connection tells them already.
_WAITING = (ConnectionPaused, ConnectionNeedsReauth, CredentialsUnreadable)


class _SettingsWrong(Exception):
    """The vendor does not take the connection's settings (any more)."""


async def get_connection(run: Run) -> Connection:
    """The connection that a sync is about."""
    async with run.sessions.begin() as session:
        return await connections.get_connection(session, UUID(str(run.params["connection_id"])))


def paused(connection: Connection) -> Outcome:
    """How a sync of a paused connection ends."""
    return Outcome.rejected("connection_paused", f"The connection “{connection.name}” is paused.")


async def carry_out(run: Run, connection: Connection, work: Work) -> Outcome:
    """Do a sync's work over its connection, and write down how the vendor answered. An outcome that is a failure says
    that waiting does not mend it; what does mend by waiting is raised, or postpones the job.
    """
    app = run.resources.settings
    try:
        outcome = await _with_good_tokens(run, connection, work)
    except VendorError as error:
        return await _end(run, connection, error)
    except _WAITING as waiting:
        return Outcome.rejected(waiting.code, waiting.detail)
    except (_SettingsWrong, vendors.VendorUnknown) as wrong:
        return await _refuse(run, connection, "connection_settings_invalid", str(wrong), ConnectionStatus.FAILED)
    async with run.sessions.begin() as session:
        await record_success(session, connection.id, Environment(environment_of(app, connection)))
    return outcome


async def _with_good_tokens(run: Run, connection: Connection, work: Work) -> Outcome:
    app = run.resources.settings
    vendor = vendors.get_vendor(connection.vendor)
    try:
        access = await open_access(run.sessions, app, connection.id)
    except ValidationError as wrong:
        raise _SettingsWrong(str(wrong)) from None
    try:
        return await work(vendor, access)
    except AuthExpired:
        renewed = await reopen_access(run.sessions, app, connection.id, access)
        if renewed is None:
            raise
    return await work(vendor, renewed)


async def _end(run: Run, connection: Connection, error: VendorError) -> Outcome:
    if isinstance(error, AuthExpired):
        return await _refuse(run, connection, error.code, error.detail, ConnectionStatus.NEEDS_REAUTH)
    if not error.retryable:
        return await _refuse(run, connection, error.code, error.detail, ConnectionStatus.FAILED)
    await _note(run, connection, error.code, error.detail)
    if isinstance(error, RateLimited):
        run.postpone(error.detail, seconds=error.retry_after or PAUSE_SECONDS)
    raise error


async def _refuse(run: Run, connection: Connection, code: str, message: str, status: ConnectionStatus) -> Outcome:
    await _note(run, connection, code, message, status)
    return Outcome.rejected(code, message)


async def _note(
    run: Run, connection: Connection, code: str, message: str, status: ConnectionStatus | None = None
) -> None:
    async with run.sessions.begin() as session:
        await record_failure(session, connection.id, code=code, message=message, status=status)
