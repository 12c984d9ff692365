"""Routes under /suppliers: which there are, connecting, changing and disconnecting them, how they stand, syncs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.accounts.dependencies import TenantSession
from app.accounts.idempotent import Idempotent
from app.connections import errors as connections
from app.core.pagination import Page, page_response
from app.core.problems import problems
from app.core.text import CleanStr
from app.integrations.contracts.errors import AuthExpired, Broken, RateLimited, Rejected, Unavailable
from app.jobs.schemas import JobView
from app.suppliers import change, connect, consents, offered, reads, remove, start
from app.suppliers.dependencies import Held, SupplierReader, SupplierWriter, SyncWriter, TenantId
from app.suppliers.errors import SupplierUnknown
from app.suppliers.schemas import (
    ConsentBegun,
    ConsentCode,
    ConsentQuery,
    SupplierChange,
    SupplierConnect,
    SupplierDeleted,
    SupplierQuery,
    SupplierStatus,
    SupplierSync,
    SupplierSyncAccepted,
    SupplierView,
    VendorList,
)
from app.sync.errors import ProviderUnknown, SyncKindUnknown, TooManySchedules, TooManySyncs

router = APIRouter(prefix="/suppliers", tags=["suppliers"])

_REFUSED = (
    AuthExpired,
    Rejected,
    RateLimited,
    Unavailable,
    Broken,
    connections.ConnectionSettingsInvalid,
    connections.CredentialsIncomplete,
    connections.ConsentNeeded,
    connections.AlreadyConnected,
    connections.ConnectionNameTaken,
)


@router.get("/vendors")
async def list_supplier_vendors(actor: SupplierReader) -> VendorList:
    """The vendors that can be connected: what each wants to know, and the keys that the sandbox takes."""
    return offered.list_vendors()


@router.post(
    "/connect",
    status_code=status.HTTP_201_CREATED,
    response_model=SupplierView,
    responses=problems(*_REFUSED, SupplierUnknown, TooManySchedules),
)
async def connect_supplier(
    body: SupplierConnect, actor: SupplierWriter, held: Held, tenant_id: TenantId, idempotency: Idempotent
) -> Response:
    """Connect a supplier's account. The credentials are tried by a real call of at most ten seconds; where the vendor
    refuses them, nothing is stored. Syncs are scheduled: goods every day, stock every hour.
    """
    sessions = held.database.sessions(actor.scope)
    checked = await connect.check(sessions, held.settings, tenant_id, body)
    async with sessions.begin() as session:
        made = await connect.store(session, held.settings, tenant_id, checked)
        view = await reads.get_view(session, made)
        location = {"Location": f"/api/v1/suppliers/{made.id}/status"}
        return await idempotency.remember(session, status.HTTP_201_CREATED, view, location)


@router.get("/list", response_model=Page[SupplierView])
async def list_suppliers(
    actor: SupplierReader, tenant_id: TenantId, session: TenantSession, query: Annotated[SupplierQuery, Query()]
) -> Response:
    """The connected suppliers, the oldest first."""
    return page_response(await reads.list_suppliers(session, tenant_id, query), query, SupplierView)


@router.post(
    "/sync",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=SupplierSyncAccepted,
    responses=problems(
        SupplierUnknown,
        connections.ConnectionNotFound,
        connections.ConnectionAmbiguous,
        connections.ConnectionPaused,
        ProviderUnknown,
        SyncKindUnknown,
        TooManySyncs,
    ),
)
async def sync_supplier(
    body: SupplierSync,
    actor: SyncWriter,
    held: Held,
    tenant_id: TenantId,
    idempotency: Idempotent,
    session: TenantSession,
) -> Response:
    """Sync a supplier now. Syncs of one supplier take turns."""
    jobs = await start.start_sync(session, held.settings, tenant_id, body)
    views = [JobView.model_validate(job).accepted() for job in jobs]
    answer = SupplierSyncAccepted(**views[0].model_dump(), jobs=views)
    location = {"Location": f"/api/v1/jobs/{jobs[0].id}"}
    return await idempotency.remember(session, status.HTTP_202_ACCEPTED, answer, location)


@router.get("/{supplier_id}/status", responses=problems(connections.ConnectionNotFound))
async def get_supplier_status(
    supplier_id: UUID, actor: SupplierReader, tenant_id: TenantId, session: TenantSession
) -> SupplierStatus:
    """How a supplier stands: its last syncs, how many goods are its, how old that knowledge is, what comes next."""
    return await reads.get_status(session, tenant_id, supplier_id)


@router.get(
    "/{vendor}/authorize",
    responses=problems(
        SupplierUnknown,
        connections.ConnectionNotFound,
        connections.ConsentNotOffered,
        connections.RedirectRefused,
        connections.ConnectionSettingsInvalid,
    ),
)
async def authorize_supplier(
    vendor: CleanStr, actor: SupplierWriter, held: Held, query: Annotated[ConsentQuery, Query()]
) -> ConsentBegun:
    """Begin a consent at a vendor that hands out no keys: send the seller's browser to the answered address."""
    return await consents.begin(held.database.sessions(actor.scope), held.settings, actor, vendor, query)


@router.get("/{vendor}/callback", responses=problems(*_REFUSED, connections.ConsentInvalid, connections.AccountDiffers))
async def end_supplier_consent(
    vendor: CleanStr, actor: SupplierWriter, held: Held, query: Annotated[ConsentCode, Query()]
) -> SupplierView:
    """End a consent with what the vendor has sent the browser back with. The frontend calls it with the same login
    that began it: once, within ten minutes.
    """
    return await consents.end(held.database.sessions(actor.scope), held.settings, actor, vendor, query)


@router.patch(
    "/{supplier_id}",
    responses=problems(*_REFUSED, connections.ConnectionNotFound, connections.AccountDiffers),
)
async def update_supplier(supplier_id: UUID, body: SupplierChange, actor: SupplierWriter, held: Held) -> SupplierView:
    """Rename, pause, resume, set up anew, or connect again with other credentials. New settings and credentials are
    tried at the vendor first; where it refuses them, all stays as it was.
    """
    sessions = held.database.sessions(actor.scope)
    checked = await change.check(sessions, held.settings, supplier_id, body)
    async with sessions.begin() as session:
        changed = await change.apply(session, held.settings, supplier_id, body, checked)
        return await reads.get_view(session, changed)


@router.delete("/{supplier_id}", responses=problems(connections.ConnectionNotFound))
async def delete_supplier(
    supplier_id: UUID, actor: SupplierWriter, tenant_id: TenantId, session: TenantSession
) -> SupplierDeleted:
    """Disconnect a supplier: its credentials, schedules and offers are forgotten and what runs is cancelled. Its goods
    stay as they are, with the stock that was last told.
    """
    return await remove.remove_supplier(session, tenant_id, supplier_id)
