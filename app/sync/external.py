"""The sync of an external product API: all its pages through intake, and what its errors mean to job and connection."""

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from pydantic import ValidationError

from app.accounts import tenants
from app.connections import repository as connections
from app.connections.models import Connection, ConnectionStatus
from app.connections.models import Environment as ConnectionEnvironment
from app.connections.service import record_failure, record_success
from app.core.config import Settings
from app.intake import road, sources
from app.integrations import registry as vendors
from app.integrations.contracts.access import Access
from app.integrations.contracts.errors import AuthExpired, RateLimited, Unavailable, VendorError
from app.integrations.contracts.vendor import Environment, Vendor
from app.queue.outcome import Outcome
from app.queue.run import Run
from app.sync.schemas import FULL

SYNC_PRODUCTS = "sync_external_products"
SYNC_CONFIRMED = "sync_confirmed_external_products"
# Where the other side asks for a pause and does not say how long.
PAUSE_SECONDS = 60.0


async def sync_products(run: Run, *, confirmed: bool = False) -> Outcome:
    """Bring the catalogue of an external product API in; a read that breaks off changes nothing.

    `confirmed`: a person has allowed what the sync asked for.
    """
    connection_id = UUID(str(run.params["connection_id"]))
    async with run.sessions.begin() as session:
        connection = await connections.get_connection(session, connection_id)
    if connection.status == ConnectionStatus.PAUSED:
        return Outcome.rejected("connection_paused", f"The connection “{connection.name}” is paused.")
    origin, discarded = await _take_turn(run, connection, confirmed=confirmed)
    try:
        vendor = vendors.get_vendor(connection.vendor)
        opened = vendors.open_source(vendor, _access(run.resources.settings, connection, vendor))
    except (ValidationError, vendors.VendorUnknown) as wrong:
        return await _refuse(run, connection_id, "connection_settings_invalid", str(wrong))
    try:
        async with opened as source:
            result = await road.bring_in(run, source, origin)
    except road.ConfirmationNeeded as needed:
        await _note_success(run, connection)
        return Outcome.needs_confirmation({**needed.counters, "confirmation": needed.question}, str(needed))
    except RateLimited as limited:
        await _note(run, connection_id, limited)
        run.postpone(limited.detail, seconds=limited.retry_after or PAUSE_SECONDS)
    except Unavailable as away:
        await _note(run, connection_id, away)
        raise
    except AuthExpired as expired:
        status = ConnectionStatus.NEEDS_REAUTH
        return await _refuse(run, connection_id, expired.code, expired.detail, status)
    except VendorError as broken:
        return await _refuse(run, connection_id, broken.code, broken.detail)
    await _note_success(run, connection)
    if discarded is not None:
        result["discarded_import"] = str(discarded)
    return Outcome.partial(result) if result["rejected"] else Outcome.ok(result)


def _access(app: Settings, connection: Connection, vendor: Vendor) -> Access:
    environment, settings = cast("Environment", connection.environment), connection.settings
    credentials: Mapping[str, str] = {}
    if _is_default(app, connection):
        default = vendors.external_provider(app)
        environment, settings, credentials = default.environment, dict(default.settings), default.credentials
    return Access(app, vendor.settings_for(app, environment, settings), credentials, lane=str(connection.id))


def _is_default(app: Settings, connection: Connection) -> bool:
    """Whether it is the installation's own provider: what its operator sets holds for all tenants at once."""
    return not connection.settings and connection.vendor == app.external_api_provider


async def _take_turn(run: Run, connection: Connection, *, confirmed: bool) -> tuple[road.Origin, UUID | None]:
    async with run.sessions.begin() as session:
        source_id = await sources.ensure_connection_source(session, connection.id, connection.name)
        turn = await sources.take_turn(session, source_id, run.job_id)
        await road.forget_purged(session)
        currency = await tenants.get_currency(session, connection.tenant_id)
    if not turn.is_granted:
        run.postpone(f"Waits for the sync of “{connection.name}” before it.", seconds=sources.TURN_SECONDS)
    origin = road.Origin(
        source_id,
        own_file=False,
        default_currency=currency,
        name=connection.name,
        mode="full" if run.params["mode"] == FULL else "partial",
        confirmed=confirmed,
    )
    return origin, turn.discarded


async def _note_success(run: Run, connection: Connection) -> None:
    environment = connection.environment
    if _is_default(run.resources.settings, connection):
        environment = vendors.external_provider(run.resources.settings).environment
    async with run.sessions.begin() as session:
        await record_success(session, connection.id, ConnectionEnvironment(environment))


async def _note(run: Run, connection_id: UUID, error: VendorError) -> None:
    async with run.sessions.begin() as session:
        await record_failure(session, connection_id, code=error.code, message=error.detail)


async def _refuse(
    run: Run, connection_id: UUID, code: str, message: str, status: ConnectionStatus = ConnectionStatus.FAILED
) -> Outcome:
    await road.forget(run)
    async with run.sessions.begin() as session:
        await record_failure(session, connection_id, code=code, message=message, status=status)
    return Outcome.rejected(code, message)
