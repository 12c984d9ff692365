"""Reading suppliers: the list, and how one stands."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.credentials import ACCESS_TOKEN
from app.connections.models import Connection, ConnectionSecret, ConnectionStatus
from app.core.pagination import Page, Sort, make_page, paginate
from app.core.redaction import REDACTED
from app.integrations import registry
from app.queue.names import JobStatus
from app.suppliers import offered, repository
from app.suppliers.schemas import Counts, Freshness, SupplierQuery, SupplierStatus, SupplierView
from app.sync import runs
from app.sync.schemas import PRODUCTS, STOCK, RunQuery, StatusQuery, SyncStatus

SORTS = MappingProxyType({"created_at": Sort(Connection.created_at, read=datetime.fromisoformat)})
LAST_RUNS = 5

Health = Literal["ok", "never_synced", "failing", "waits_for_person", "paused"]


async def list_suppliers(session: AsyncSession, tenant_id: int, query: SupplierQuery) -> Page[SupplierView]:
    """A page of the tenant's suppliers, the oldest first."""
    rows = await paginate(
        session,
        repository.list_suppliers(tenant_id, [query.vendor] if query.vendor else offered.slugs()),
        query,
        sorts=SORTS,
        default_sort="created_at",
        id_column=Connection.id,
        tenant_id=tenant_id,
    )
    secrets = await repository.secrets_of(session, [connection.id for connection in rows.items])
    return make_page([to_view(row, secrets) for row in rows.items], rows.next_cursor, query, rows.total)


async def get_view(session: AsyncSession, connection: Connection) -> SupplierView:
    """One supplier."""
    return to_view(connection, await repository.secrets_of(session, [connection.id]))


async def get_status(session: AsyncSession, tenant_id: int, supplier_id: UUID) -> SupplierStatus:
    """How a supplier stands."""
    connection = await repository.get_supplier(session, supplier_id, offered.slugs())
    (stands,) = (await runs.list_statuses(session, tenant_id, StatusQuery(connection_id=supplier_id))).items
    last = await runs.list_runs(session, tenant_id, RunQuery(connection_id=supplier_id, limit=LAST_RUNS))
    found = await repository.find_counts(session, supplier_id)
    counted = {name: getattr(found, name, 0) for name in Counts.model_fields}
    return SupplierStatus(
        **(await get_view(session, connection)).model_dump(),
        health=_health(connection, stands),
        is_running=stands.is_running,
        next_run_at=None if connection.status == ConnectionStatus.PAUSED else stands.next_run_at,
        last_run=stands.last_run,
        last_success=stands.last_success,
        runs=last.items,
        counts=Counts(**counted),
        freshness=Freshness(
            products_read_at=await _read_at(session, tenant_id, supplier_id, PRODUCTS),
            stock_read_at=await _read_at(session, tenant_id, supplier_id, STOCK),
            oldest_offer_seen_at=found.oldest if found else None,
            newest_offer_seen_at=found.newest if found else None,
        ),
    )


def to_view(connection: Connection, secrets: Mapping[UUID, ConnectionSecret]) -> SupplierView:
    """A connection as a supplier."""
    vendor, secret = registry.VENDORS[connection.vendor], secrets.get(connection.id)
    names = (ACCESS_TOKEN,) if vendor.auth == "oauth" else vendor.credentials
    expires_at = secret.expires_at if secret else None
    return SupplierView(
        id=connection.id,
        vendor=connection.vendor,
        vendor_label=vendor.label,
        name=connection.name,
        environment=connection.environment,
        status=connection.status,
        account=connection.account_label,
        settings=connection.settings,
        credentials=dict.fromkeys(names, REDACTED) if secret else {},
        expires_at=expires_at,
        reauth_needed_at=(secret.refresh_expires_at if secret else None) or _ends(vendor.auth, secret),
        last_ok_at=connection.last_ok_at,
        last_error=connection.last_error,
        last_error_code=connection.last_error_code,
        last_error_at=connection.last_error_at,
        created_at=connection.created_at,
    )


def _ends(auth: str, secret: ConnectionSecret | None) -> datetime | None:
    # A key that is not renewed ends with itself; a token is renewed as long as nobody says until when.
    return secret.expires_at if secret is not None and auth != "oauth" else None


def _health(connection: Connection, stands: SyncStatus) -> Health:
    if connection.status == ConnectionStatus.PAUSED:
        return "paused"
    if connection.status == ConnectionStatus.NEEDS_REAUTH:
        return "waits_for_person"
    if stands.last_run is not None and stands.last_run.status == JobStatus.WAITING:
        return "waits_for_person"
    if connection.status == ConnectionStatus.FAILED or connection.last_error is not None:
        return "failing"
    if stands.last_run is not None and stands.last_run.status == JobStatus.FAILED:
        return "failing"
    return "ok" if stands.last_success is not None else "never_synced"


async def _read_at(session: AsyncSession, tenant_id: int, supplier_id: UUID, kind: str) -> datetime | None:
    query = RunQuery(connection_id=supplier_id, kind=kind, status=JobStatus.COMPLETED, limit=1)
    found = (await runs.list_runs(session, tenant_id, query)).items
    return found[0].completed_at if found else None
