"""Reading and guarding rows that a verb is about to change: locks, live variants, versions, unique keys."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.etag import make_etag
from app.products.errors import CategoryUnknown, OptionsTaken, ProductNotFound, SkuTaken
from app.products.models import Product, Variant

CheckState = Callable[[str], None]
"""Is given the present entity tag before anything is written, and raises when the caller meant another state."""

_STOCK_VERSION = """
SELECT coalesce(sum(b.version), 0)::text FROM variants v JOIN stock_balances b ON b.variant_id = v.id
WHERE v.product_id = $1::text::uuid AND v.deleted_at IS NULL
"""


async def lock_product(session: AsyncSession, product_id: UUID, check_state: CheckState | None = None) -> Product:
    """The product, locked until the transaction ends; raises ProductNotFound for one that is deleted or unknown."""
    product = await session.get(Product, product_id, with_for_update=True, populate_existing=True)
    if product is None or product.deleted_at is not None:
        raise ProductNotFound
    if check_state is not None:
        connection = await session.connection()
        stock = (await connection.exec_driver_sql(_STOCK_VERSION, (str(product_id),))).scalar_one()
        check_state(make_etag(product_id, product.version, stock))
    return product


async def live_variants(session: AsyncSession, product_id: UUID) -> list[Variant]:
    """The variants of a product in order; the first is the main one."""
    found = await session.scalars(
        select(Variant)
        .where(Variant.product_id == product_id, Variant.deleted_at.is_(None))
        .order_by(Variant.position, Variant.id)
    )
    return list(found)


def touch(product: Product) -> None:
    """Say that a product, or a part of it, has changed."""
    product.version += 1
    product.updated_at = func.now()


def copy_main_variant(product: Product, variants: list[Variant]) -> None:
    """Renew what the product's row repeats of its variants."""
    main = variants[0] if variants else Variant()
    product.sku, product.gtin, product.currency = product.own_sku or main.sku, main.gtin, main.currency
    product.price, product.compare_at_price, product.cost = main.price, main.compare_at_price, main.cost
    codes = (code for variant in variants for code in (variant.sku, variant.gtin))
    product.codes = list(dict.fromkeys(code for code in (product.own_sku, *codes) if code))


def refuse_same_options(variants: list[Variant]) -> None:
    """Raises OptionsTaken when two variants cannot be told apart by the options they have."""
    combinations = [tuple(sorted(variant.options.items())) for variant in variants if variant.options]
    if len(set(combinations)) < len(combinations):
        raise OptionsTaken


async def flush(session: AsyncSession) -> None:
    """Write what has changed; raises SkuTaken when another variant of the same source has a SKU, CategoryUnknown when
    the category has just been deleted.
    """
    try:
        await session.flush()
    except IntegrityError as refused:
        if "uq_variants_sku" in str(refused.orig):
            raise SkuTaken from None
        if "fk_products_category_id" in str(refused.orig):
            raise CategoryUnknown from None
        raise
