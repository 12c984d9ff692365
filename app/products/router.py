"""Routes under /products: the list, single products, bulk creation, statuses, locks. Parts of a product (variants,
images) are in parts_router.py.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status

from app.accounts.dependencies import TenantSession
from app.accounts.idempotent import Idempotent
from app.core.errors import PreconditionFailed
from app.core.etag import not_modified
from app.core.problems import problems
from app.products import change, create, errors, lifecycle, locks, reads
from app.products.answers import page_answer, product_answer
from app.products.dependencies import (
    Lock,
    MeantState,
    ProductReader,
    ProductWriter,
    ReadDatabase,
    TenantId,
)
from app.products.inputs import BulkCreate, ProductChange, ProductCreate, StatusMove
from app.products.schemas import BulkResult, Deleted, LockState, Product, ProductPage, ProductQuery, Unlocked

router = APIRouter(prefix="/products", tags=["products"])

_CHANGE = problems(
    errors.ProductNotFound,
    errors.SkuTaken,
    errors.IllegalStatusMove,
    errors.ProductNotReady,
    PreconditionFailed,
    errors.CategoryUnknown,
)


@router.get("", response_model=ProductPage)
async def list_products(
    actor: ProductReader, database: ReadDatabase, tenant_id: TenantId, query: Annotated[ProductQuery, Query()]
) -> Response:
    """A page of the products, newest first unless `sort` says otherwise."""
    return page_answer(await reads.list_products(database, tenant_id, query))


@router.post(
    "",
    response_model=Product,
    status_code=status.HTTP_201_CREATED,
    responses=problems(errors.SkuTaken, errors.ProductNotReady, errors.CategoryUnknown),
)
async def create_product(
    body: ProductCreate, actor: ProductWriter, idempotency: Idempotent, session: TenantSession
) -> Response:
    """Make a product. `stock` becomes an opening entry in the stock ledger; a category named by `category` is made when
    there is none.
    """
    product_id = await create.create_product(session, actor, body)
    made = await reads.get_document(session, product_id)
    headers = {"Location": f"/api/v1/products/{product_id}", "ETag": made.etag}
    return await idempotency.remember(session, 201, made.product, headers)


@router.post("/bulk", response_model=BulkResult, responses=problems(errors.BulkRefused))
async def create_products(
    body: BulkCreate, actor: ProductWriter, idempotency: Idempotent, session: TenantSession
) -> Response:
    """Make many products. `reject_everything` (the default) makes all or none; `reject_failed_rows` makes the good ones
    and says for every other what is wrong.
    """
    result = await create.create_products(session, actor, body.products, body.error_policy)
    return await idempotency.remember(session, 200, result)


@router.get("/featured", response_model=ProductPage)
async def list_featured_products(
    actor: ProductReader,
    database: ReadDatabase,
    tenant_id: TenantId,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The published products tagged `featured`, newest first; the newest published ones when none is."""
    return page_answer(await reads.list_featured(database, tenant_id, limit))


@router.get(
    "/{product_id}",
    response_model=Product,
    responses={304: {"description": "Not changed since the ETag in If-None-Match"}, **problems(errors.ProductNotFound)},
)
async def get_product(
    product_id: UUID, request: Request, actor: ProductReader, database: ReadDatabase, tenant_id: TenantId
) -> Response:
    """One product, with its ETag."""
    product = await reads.get_product(database, tenant_id, product_id)
    return not_modified(request, product.etag) or product_answer(product)


@router.patch("/{product_id}", response_model=Product, responses=_CHANGE)
async def update_product(
    product_id: UUID,
    body: ProductChange,
    actor: ProductWriter,
    check_state: MeantState,
    session: TenantSession,
    lock: Lock = True,
) -> Response:
    """Change the fields that the body names; they are locked against imports and syncs unless `lock=false`."""
    await change.change_product(session, actor, product_id, body, lock=lock, check_state=check_state)
    return product_answer(await reads.get_document(session, product_id))


@router.put("/{product_id}", response_model=Product, responses=_CHANGE)
async def replace_product(
    product_id: UUID,
    body: ProductChange,
    actor: ProductWriter,
    check_state: MeantState,
    session: TenantSession,
    lock: Lock = True,
) -> Response:
    """The same as PATCH: what the body does not name stays."""
    return await update_product(product_id, body, actor, check_state, session, lock)


@router.delete("/{product_id}", responses=problems(errors.ProductNotFound, PreconditionFailed))
async def delete_product(
    product_id: UUID, actor: ProductWriter, check_state: MeantState, session: TenantSession
) -> Deleted:
    """Take a product out of sight; it can be restored."""
    await lifecycle.delete_product(session, product_id, check_state)
    return Deleted(id=product_id)


@router.post(
    "/{product_id}/restore",
    response_model=Product,
    responses=problems(errors.ProductNotFound, errors.ProductNotDeleted, errors.SkuTaken),
)
async def restore_product(product_id: UUID, actor: ProductWriter, session: TenantSession) -> Response:
    """Bring a deleted product back as it was."""
    await lifecycle.restore_product(session, product_id)
    return product_answer(await reads.get_document(session, product_id))


@router.post(
    "/{product_id}/status",
    response_model=Product,
    responses=problems(errors.ProductNotFound, errors.IllegalStatusMove, errors.ProductNotReady, PreconditionFailed),
)
async def change_product_status(
    product_id: UUID,
    body: StatusMove,
    actor: ProductWriter,
    check_state: MeantState,
    idempotency: Idempotent,
    session: TenantSession,
) -> Response:
    """Move a product to another status: draft -> published, archived; published -> draft, sold, archived; sold ->
    published, archived; archived -> draft.
    """
    await lifecycle.change_status(session, product_id, body.status, check_state)
    moved = await reads.get_document(session, product_id)
    return await idempotency.remember(session, 200, moved.product, {"ETag": moved.etag})


@router.get("/{product_id}/locks/{field}", responses=problems(errors.ProductNotFound, errors.FieldNotLockable))
async def get_product_lock(product_id: UUID, field: str, actor: ProductReader, session: TenantSession) -> LockState:
    """Whether imports and syncs leave a field alone."""
    locked = await locks.is_locked(session, product_id, field)
    return LockState(id=product_id, field=field, locked=locked)


@router.delete("/{product_id}/locks/{field}", responses=problems(errors.ProductNotFound, errors.FieldNotLockable))
async def unlock_product_field(product_id: UUID, field: str, actor: ProductWriter, session: TenantSession) -> Unlocked:
    """Let imports and syncs write a field again."""
    await locks.unlock(session, product_id, field)
    return Unlocked(id=product_id, field=field)
