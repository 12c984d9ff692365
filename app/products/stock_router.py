"""Routes under /inventory that name goods by SKU: levels, entries, adjustments."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.dependencies import TenantSession
from app.core.pagination import Page, PageQuery, page_response
from app.core.problems import problems
from app.inventory.errors import StockBelowZero, StockTooLarge
from app.products import bounds, errors, stock
from app.products.dependencies import StockReader, StockWriter
from app.products.inputs import Sku, StockAdjustment
from app.products.schemas import StockEntry, StockLevel, StockQuery

router = APIRouter(prefix="/inventory", tags=["inventory"])


@router.get("", response_model=Page[StockLevel])
async def list_stock(actor: StockReader, session: TenantSession, query: Annotated[StockQuery, Query()]) -> Response:
    """A page of the quantities of all variants, by SKU."""
    return page_response(await stock.list_levels(session, query, actor.tenant_id), query, StockLevel)


@router.post(
    "/adjust",
    responses=problems(errors.SkuNotFound, errors.VariantNotFound, errors.SkuAmbiguous, StockBelowZero, StockTooLarge),
)
async def adjust_stock(body: StockAdjustment, actor: StockWriter, session: TenantSession) -> StockLevel:
    """Add to or take from what is on hand of one variant."""
    return await stock.adjust_stock(session, actor, body)


@router.get(
    "/{sku:path}/entries",
    response_model=Page[StockEntry],
    responses=problems(errors.SkuNotFound, errors.SkuAmbiguous),
)
async def list_stock_entries(
    sku: Annotated[Sku, Path(max_length=bounds.SKU)],
    actor: StockReader,
    session: TenantSession,
    query: Annotated[PageQuery, Query()],
) -> Response:
    """What happened to a quantity, newest first."""
    return page_response(await stock.list_entries(session, sku, query, actor.tenant_id), query, StockEntry)
