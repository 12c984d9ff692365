"""The sync of a connection's goods: all its pages through intake. One body for every vendor that can list goods."""

from uuid import UUID

from app.accounts import tenants
from app.connections.models import Connection, ConnectionStatus
from app.intake import road, sources
from app.integrations import registry as vendors
from app.integrations.contracts.access import Access
from app.integrations.contracts.vendor import Vendor
from app.queue.names import JobStatus
from app.queue.outcome import Outcome
from app.queue.run import Run
from app.sync import calling
from app.sync.schemas import FULL

SYNC_EXTERNAL = "sync_external_products"
SYNC_CONFIRMED_EXTERNAL = "sync_confirmed_external_products"
SYNC_SUPPLIER = "sync_supplier_products"
SYNC_CONFIRMED_SUPPLIER = "sync_confirmed_supplier_products"


async def sync_products(run: Run, *, confirmed: bool = False) -> Outcome:
    """Bring a connection's goods in; a read that breaks off changes nothing.

    `confirmed`: a person has allowed what the sync asked for.
    """
    connection = await calling.get_connection(run)
    if connection.status == ConnectionStatus.PAUSED:
        return calling.paused(connection)
    origin, discarded = await _take_turn(run, connection, confirmed=confirmed)

    async def bring_in(vendor: Vendor, access: Access) -> Outcome:
        async with vendors.open_source(vendor, access) as source:
            try:
                result = await road.bring_in(run, source, origin)
            except road.ConfirmationNeeded as needed:
                return Outcome.needs_confirmation({**needed.counters, "confirmation": needed.question}, str(needed))
        if discarded is not None:
            result["discarded_import"] = str(discarded)
        return Outcome.partial(result) if result["rejected"] else Outcome.ok(result)

    outcome = await calling.carry_out(run, connection, bring_in)
    if outcome.status == JobStatus.FAILED:
        await road.forget(run)
    return outcome


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
