"""Routes under /products about prices: their history, and changing many at once."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.accounts.dependencies import TenantSession
from app.accounts.idempotent import Idempotent
from app.core.pagination import Page, PageQuery, page_response
from app.core.problems import problems
from app.jobs.schemas import JobAccepted, JobView
from app.products import bulk_prices, errors, price_history
from app.products.bulk_prices_inputs import BulkPriceUpdate
from app.products.dependencies import Lock, ProductReader, ProductWriter
from app.products.price_schemas import PriceChangeView, PriceUpdateResult

router = APIRouter(prefix="/products", tags=["products"])


@router.post(
    "/bulk-price-update",
    response_model=PriceUpdateResult,
    responses={
        202: {"model": JobAccepted, "description": "More than a request can do: a job does it, follow it."},
        **problems(errors.PriceUpdateRefused),
    },
)
async def update_prices_in_bulk(
    body: BulkPriceUpdate, actor: ProductWriter, idempotency: Idempotent, session: TenantSession, lock: Lock = True
) -> Response:
    """Change a price, compare-at price or cost of many products by one rule: per cent, an amount, a fixed price, or a
    margin over cost; rounded to the endings you want, and never below a margin that must remain.

    Choose the products by `ids`, `variant_ids`, `skus`, or by a `filter` with the filters of GET /products. Every
    variant is reckoned by itself, exactly. What cannot be changed (no cost for a margin, another currency, below zero)
    is refused row by row, with what would mend it; `error_policy: reject_everything` then changes nothing at all.

    With `dry_run` the answer shows each change, page by page, and nothing is written. Up to 500 products are changed at
    once, all in one transaction; more are a job (202). Either way GET /jobs/{id}/items shows before and after, and POST
    /jobs/{id}/undo takes it back, except where a price was changed again since.

    Like a PATCH by hand this locks the changed field of each product against imports and syncs; `lock=false` does not.
    """
    if body.dry_run:
        return await idempotency.remember(session, 200, await bulk_prices.preview(session, actor, body))
    done = await bulk_prices.update(session, actor, body, lock=lock)
    if isinstance(done, PriceUpdateResult):
        return await idempotency.remember(session, 200, done, {"Location": f"/api/v1/jobs/{done.job_id}"})
    accepted = JobView.model_validate(done).accepted()
    headers = {"Location": f"/api/v1/jobs/{done.id}"}
    return await idempotency.remember(session, status.HTTP_202_ACCEPTED, accepted, headers)


@router.get(
    "/{product_id}/price-history", response_model=Page[PriceChangeView], responses=problems(errors.ProductNotFound)
)
async def list_product_prices(
    product_id: UUID, actor: ProductReader, session: TenantSession, query: Annotated[PageQuery, Query()]
) -> Response:
    """Every change of a price, compare-at price, cost or currency of this product's variants, newest first: from what
    to what, when, and by whom or which job.
    """
    page = await price_history.list_price_history(session, product_id, query, actor.tenant_id)
    return page_response(page, query, PriceChangeView)


@router.get(
    "/{product_id}/variants/{variant_id}/price-history",
    response_model=Page[PriceChangeView],
    responses=problems(errors.ProductNotFound, errors.VariantNotFound),
)
async def list_variant_prices(
    product_id: UUID,
    variant_id: UUID,
    actor: ProductReader,
    session: TenantSession,
    query: Annotated[PageQuery, Query()],
) -> Response:
    """Every change of what this variant costs, newest first."""
    page = await price_history.list_price_history(session, product_id, query, actor.tenant_id, variant_id=variant_id)
    return page_response(page, query, PriceChangeView)
