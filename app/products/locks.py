"""Fields that a person has taken over: imports and syncs leave them alone until the lock is given back."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.products.errors import FieldNotLockable
from app.products.models import Product
from app.products.rows import lock_product, touch

LOCKABLE = frozenset(
    {
        "title",
        "description",
        "brand",
        "category_id",
        "status",
        "sku",
        "gtin",
        "price",
        "compare_at_price",
        "cost",
        "currency",
        "stock",
        "weight_g",
        "attributes",
        "tags",
        "options",
        "images",
    }
)


def lock_fields(product: Product, fields: Iterable[str]) -> None:
    """Lock these fields of a product."""
    product.locked_fields = sorted({*product.locked_fields, *fields} & LOCKABLE)


async def is_locked(session: AsyncSession, product_id: UUID, field: str) -> bool:
    """Whether imports and syncs leave this field alone."""
    _check(field)
    return field in (await lock_product(session, product_id)).locked_fields


async def unlock(session: AsyncSession, product_id: UUID, field: str) -> None:
    """Let imports and syncs write this field again."""
    _check(field)
    product = await lock_product(session, product_id)
    if field in product.locked_fields:
        product.locked_fields = [name for name in product.locked_fields if name != field]
        touch(product)
        await session.flush()


def _check(field: str) -> None:
    if field not in LOCKABLE:
        raise FieldNotLockable(f"Lockable fields: {', '.join(sorted(LOCKABLE))}.")
