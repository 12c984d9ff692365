"""Stock by SKU for people: levels, entries, adjustments. Quantities themselves are app/inventory's; what a SKU is, is
known here.
"""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.core.pagination import Page, PageQuery, Sort, make_page, paginate
from app.inventory import ledger, reports
from app.products.errors import SkuAmbiguous, SkuNotFound, VariantNotFound
from app.products.inputs import StockAdjustment
from app.products.models import Product, Variant
from app.products.schemas import StockAtLocation, StockEntry, StockLevel, StockQuery

_ORDERS = {"sku": Sort(Variant.sku, nullable=True)}


async def list_levels(session: AsyncSession, query: StockQuery, tenant_id: int | None) -> Page[StockLevel]:
    """The quantities of variants, by SKU."""
    statement = select(Variant).where(Variant.deleted_at.is_(None))
    if query.sku is not None:
        statement = _with_sku(statement, query.sku)
    found = await paginate(
        session, statement, query, sorts=_ORDERS, default_sort="sku", id_column=Variant.id, tenant_id=tenant_id
    )
    return make_page(await _levels(session, found.items), found.next_cursor, query, found.total)


async def list_entries(session: AsyncSession, sku: str, query: PageQuery, tenant_id: int | None) -> Page[StockEntry]:
    """What happened to the quantity of the variant with this SKU, newest first."""
    variant = await find_by_sku(session, sku)
    found = await reports.list_entries(session, variant.id, query, tenant_id)
    entries = [StockEntry.model_validate(entry, from_attributes=True) for entry in found.items]
    return make_page(entries, found.next_cursor, query, found.total)


async def adjust_stock(session: AsyncSession, actor: Actor, body: StockAdjustment) -> StockLevel:
    """Add to or take from what is on hand of one variant; raises StockBelowZero."""
    variant = await _named(session, body)
    cause = ledger.Cause(body.reason, user_id=actor.user_id)
    await ledger.adjust(session, {variant.id: body.delta}, cause)
    return (await _levels(session, [variant]))[0]


async def find_by_sku(session: AsyncSession, sku: str) -> Variant:
    """The variant with this SKU in any case; raises SkuNotFound, or SkuAmbiguous when two sources use it."""
    statement = _with_sku(select(Variant).where(Variant.deleted_at.is_(None)), sku)
    found = (await session.scalars(statement.limit(2))).all()
    if not found:
        raise SkuNotFound
    if len(found) > 1:
        raise SkuAmbiguous
    return found[0]


def _with_sku(statement: Select[Variant], sku: str) -> Select[Variant]:
    return statement.where(func.lower(Variant.sku) == func.lower(sku), Variant.sku.is_not(None))


async def _named(session: AsyncSession, body: StockAdjustment) -> Variant:
    if body.sku is not None:
        return await find_by_sku(session, body.sku)
    variant = await session.get(Variant, body.variant_id)
    if variant is None or variant.deleted_at is not None:
        raise VariantNotFound
    return variant


async def _levels(session: AsyncSession, variants: Sequence[Variant]) -> list[StockLevel]:
    balances = await reports.balances_of(session, [variant.id for variant in variants])
    product_ids = {variant.product_id for variant in variants}
    products = await session.scalars(select(Product).where(Product.id.in_(product_ids)))
    titles = {product.id: product.title for product in products}
    return [_level(variant, titles[variant.product_id], balances.get(variant.id, [])) for variant in variants]


def _level(variant: Variant, title: str, balances: Sequence[reports.Balance]) -> StockLevel:
    return StockLevel(
        variant_id=variant.id,
        product_id=variant.product_id,
        sku=variant.sku,
        title=title,
        on_hand=sum(balance.on_hand for balance in balances),
        reserved=sum(balance.reserved for balance in balances),
        available=sum(balance.available for balance in balances),
        locations=[
            StockAtLocation(
                location_id=balance.location_id,
                location=balance.location,
                on_hand=balance.on_hand,
                reserved=balance.reserved,
                available=balance.available,
            )
            for balance in balances
        ],
    )
