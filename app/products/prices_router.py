"""Routes under /products about prices: their history, and changing many at once."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.dependencies import TenantSession
from app.core.pagination import Page, PageQuery, page_response
from app.core.problems import problems
from app.products import errors, price_history
from app.products.dependencies import ProductReader
from app.products.price_schemas import PriceChangeView

router = APIRouter(prefix="/products", tags=["products"])


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
