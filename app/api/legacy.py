"""Paths of older clients at the root, thin and deprecated: each is the route of /api/v1 that its answer names, in the
shape that those clients read (legacy_shapes.py).
"""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response, status

from app.accounts import credentials, profile, registration
from app.accounts import errors as account_errors
from app.accounts.actor import Actor
from app.accounts.dependencies import TenantSession, public, require, require_admin
from app.accounts.idempotent import Idempotent
from app.accounts.permissions import Permission
from app.accounts.router import Accounts, Caller, FromClient
from app.accounts.schemas import LoginRequest, RegisterRequest
from app.accounts.sessions import to_token_answer
from app.api import v1
from app.api.legacy_shapes import (
    OlderProduct,
    OlderProductChange,
    OlderProductCreate,
    OlderProductPage,
    OlderSyncStarted,
    OlderSyncStatus,
    OlderToken,
    OlderUser,
)
from app.connections.errors import ConnectionPaused
from app.core.pagination import row_offset
from app.core.problems import problems
from app.core.ratelimit import RESPONSE_HEADERS_KEY
from app.products import categories, change, create, errors, lifecycle, reads
from app.products.dependencies import ProductReader, ProductWriter, ReadDatabase, TenantId
from app.products.schemas import Product, ProductPage, ProductQuery
from app.sync import runs
from app.sync.dependencies import Held, SyncReader
from app.sync.errors import TooManySyncs
from app.sync.router import NO_CONNECTION
from app.sync.schemas import RunQuery, SyncTrigger
from app.sync.trigger import trigger

# When these paths were declared deprecated (RFC 9745: seconds since 1970).
DEPRECATED_SINCE: Final = b"@1795305600"
TAGS: Final[list[str | Enum]] = ["older clients"]


async def name_successor(request: Request) -> None:
    """Say on the answer that the path is deprecated, and which one follows it."""
    successor = f'<{v1.BASE}{quote(request.scope["path"])}>; rel="successor-version"'
    headers = request.scope.setdefault(RESPONSE_HEADERS_KEY, [])
    headers += [(b"deprecation", DEPRECATED_SINCE), (b"link", successor.encode())]


OLDER: Final = (Depends(name_successor),)
# The product API let administrators write and everybody with an account read.
ADMIN: Final = [Depends(require_admin())]
READER: Final = [Depends(require(Permission.PRODUCTS_READ))]
WRITER: Final = [Depends(require(Permission.PRODUCTS_WRITE))]

auth = APIRouter(prefix="/auth", tags=TAGS, dependencies=OLDER, deprecated=True)
products = APIRouter(prefix="/products", tags=TAGS, dependencies=OLDER, deprecated=True)

sync = APIRouter(prefix="/sync", tags=TAGS, dependencies=OLDER, deprecated=True)

ROUTERS: Final = (auth, products, sync)


def include(app: FastAPI) -> None:
    """Give the application the older clients' paths, behind all others."""
    for router in ROUTERS:
        v1.include_below(app, "", router)


@auth.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    responses=problems(account_errors.EmailTaken, account_errors.WeakPassword, account_errors.AdminNotAllowed),
)
@public
async def register_older(body: RegisterRequest, accounts: Accounts, client: FromClient) -> OlderUser:
    """Make an account. `role: admin` is honoured outside production while there is no administrator."""
    return OlderUser.of((await registration.register(accounts, body, client)).user)


@auth.post(
    "/login",
    responses=problems(
        account_errors.InvalidCredentials, account_errors.AccountDisabled, account_errors.TooManyFailedLogins
    ),
)
@public
async def login_older(body: LoginRequest, accounts: Accounts, client: FromClient) -> OlderToken:
    """Log in with e-mail address and password."""
    opened = await credentials.log_in(accounts, email=body.email, password=body.password, client=client)
    return OlderToken.of(to_token_answer(accounts, opened))


@auth.get("/me")
async def get_me_older(actor: Caller, accounts: Accounts) -> OlderUser:
    """The caller."""
    return OlderUser.of(await profile.get_profile(accounts, actor))


@products.get("", dependencies=READER)
async def list_products_older(
    database: ReadDatabase,
    tenant_id: TenantId,
    session: TenantSession,
    query: Annotated[ProductQuery, Query()],
) -> OlderProductPage:
    """A page of the products; `skip` and `limit`, or `page` and `page_size`."""
    skip = row_offset(query) or 0
    counted = query.model_copy(update={"include_total": True, "fields": None})
    found = ProductPage.model_validate_json(await reads.list_products(database, tenant_id, counted))
    return OlderProductPage.of(found, skip, await _categories(session, found.items), tenant_id)


@products.get("/{product_id}", responses=problems(errors.ProductNotFound))
async def get_product_older(product_id: UUID, actor: ProductReader, session: TenantSession) -> OlderProduct:
    """One product."""
    return await _read(session, actor, product_id)


@products.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=OlderProduct,
    dependencies=ADMIN,
    responses=problems(errors.SkuTaken, errors.ProductNotReady, errors.CategoryUnknown),
)
async def create_product_older(
    body: OlderProductCreate, actor: ProductWriter, idempotency: Idempotent, session: TenantSession
) -> Response:
    """Make a product; for administrators. A category that does not exist is made."""
    made = await _read(session, actor, await create.create_product(session, actor, body))
    return await idempotency.remember(session, status.HTTP_201_CREATED, made, {"Location": f"/products/{made.id}"})


@products.put(
    "/{product_id}",
    dependencies=ADMIN,
    responses=problems(errors.ProductNotFound, errors.SkuTaken, errors.ProductNotReady, errors.CategoryUnknown),
)
async def change_product_older(
    product_id: UUID, body: OlderProductChange, actor: ProductWriter, session: TenantSession
) -> OlderProduct:
    """Change the fields that the body names; for administrators."""
    await change.change_product(session, actor, product_id, body)
    return await _read(session, actor, product_id)


@products.delete(
    "/{product_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[*ADMIN, *WRITER],
    responses=problems(errors.ProductNotFound),
)
async def delete_product_older(product_id: UUID, session: TenantSession) -> None:
    """Take a product out of sight; for administrators. It can be restored at /api/v1/products/{id}/restore."""
    await lifecycle.delete_product(session, product_id)


@sync.post(
    "/trigger",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=OlderSyncStarted,
    dependencies=[*ADMIN, Depends(require(Permission.SYNCS_WRITE))],
    responses=problems(*NO_CONNECTION, ConnectionPaused, TooManySyncs),
)
async def trigger_sync_older(
    held: Held,
    tenant_id: TenantId,
    idempotency: Idempotent,
    session: TenantSession,
    body: SyncTrigger | None = None,
) -> Response:
    """Sync with the external product API now; for administrators."""
    started = await trigger(session, held.settings, tenant_id, body or SyncTrigger())
    provider = (await runs.get_connection_of(session, started)).vendor
    answer = OlderSyncStarted.of(started, provider)
    headers = {"Location": f"{v1.BASE}/jobs/{started.id}"}
    return await idempotency.remember(session, status.HTTP_202_ACCEPTED, answer, headers)


@sync.get("/status", dependencies=ADMIN)
async def get_sync_status_older(actor: SyncReader, session: TenantSession) -> OlderSyncStatus:
    """How the newest sync goes or went; for administrators."""
    newest = await runs.list_runs(session, actor.tenant_id, RunQuery(limit=1))
    return OlderSyncStatus.of(newest.items[0] if newest.items else None)


async def _read(session: TenantSession, actor: Actor, product_id: UUID) -> OlderProduct:
    product = (await reads.get_document(session, product_id)).product
    return OlderProduct.of(product, await _categories(session, [product]), actor.tenant_id)


async def _categories(session: TenantSession, found: Sequence[Product]) -> dict[UUID, str]:
    return await categories.get_names(session, {product.category_id for product in found if product.category_id})
