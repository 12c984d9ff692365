"""The price history of a product's variants, those that were removed since included."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pagination import Page, PageQuery, make_page
from app.pricing import history
from app.products.errors import ProductNotFound, VariantNotFound
from app.products.models import Product, Variant
from app.products.price_schemas import PriceChangeView


async def list_price_history(
    session: AsyncSession, product_id: UUID, query: PageQuery, tenant_id: int | None, *, variant_id: UUID | None = None
) -> Page[PriceChangeView]:
    """What happened to the prices of a product's variants, or of one of them, newest first."""
    product = await session.get(Product, product_id)
    if product is None or product.deleted_at is not None:
        raise ProductNotFound
    of_product = select(Variant.id).where(Variant.product_id == product_id)
    if variant_id is not None:
        of_product = of_product.where(Variant.id == variant_id)
    variant_ids = (await session.scalars(of_product)).all()
    if variant_id is not None and not variant_ids:
        raise VariantNotFound
    found = await history.list_changes(session, variant_ids, query, tenant_id)
    views = [PriceChangeView.of(change) for change in found.items]
    return make_page(views, found.next_cursor, query, found.total)
