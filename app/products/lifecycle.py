"""The life of a product: its statuses and legal moves, what publishing needs, deletion and its undoing."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError
from app.products.errors import IllegalStatusMove, ProductNotDeleted, ProductNotFound, ProductNotReady
from app.products.models import Product, Variant
from app.products.rows import CheckState, flush, lock_product, touch
from app.products.schemas import Status

# Why a product is archived: its source does not name it any more. It comes back when the source does.
GONE = "gone_from_source"

MOVES: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"published", "archived"}),
    "published": frozenset({"draft", "sold", "archived"}),
    "sold": frozenset({"published", "archived"}),
    "archived": frozenset({"draft"}),
}


def move(product: Product, status: Status) -> None:
    """Give a product a status; raises IllegalStatusMove for anything that is not a legal move."""
    if status not in MOVES[product.status]:
        legal = ", ".join(sorted(MOVES[product.status]))
        raise IllegalStatusMove(f"A product that is {product.status} can become: {legal}.")
    product.status = status
    product.archived_reason = None


def check_ready(product: Product) -> None:
    """Raises ProductNotReady when a published product lacks what buyers must see."""
    if product.status != "published":
        return
    missing = [name for name in ("price", "currency") if getattr(product, name) is None]
    if missing:
        errors = [FieldError(("body", name), "a published product needs this", "missing") for name in missing]
        raise ProductNotReady(f"A published product needs a {' and a '.join(missing)}.", errors=errors)


async def change_status(
    session: AsyncSession, product_id: UUID, status: Status, check_state: CheckState | None = None
) -> None:
    """Move a product to another status."""
    product = await lock_product(session, product_id, check_state)
    move(product, status)
    check_ready(product)
    touch(product)
    await session.flush()


async def delete_product(session: AsyncSession, product_id: UUID, check_state: CheckState | None = None) -> None:
    """Take a product with its variants out of sight; `restore_product` brings the same ones back."""
    product = await lock_product(session, product_id, check_state)
    touch(product)
    product.deleted_at = func.now()
    await session.flush()
    await session.execute(
        update(Variant)
        .where(Variant.product_id == product_id, Variant.deleted_at.is_(None))
        .values(deleted_at=func.now())
    )


async def restore_product(session: AsyncSession, product_id: UUID) -> None:
    """Bring a deleted product back; raises SkuTaken when one of its SKUs has been given away since."""
    product = await session.scalar(select(Product).where(Product.id == product_id).with_for_update())
    if product is None:
        raise ProductNotFound
    if product.deleted_at is None:
        raise ProductNotDeleted
    gone_with_it = select(Variant).where(Variant.product_id == product_id, Variant.deleted_at == product.deleted_at)
    for variant in await session.scalars(gone_with_it):
        variant.deleted_at = None
    product.deleted_at = None
    touch(product)
    await flush(session)
