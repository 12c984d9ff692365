"""Pictures of a product, by address; the same address stands once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.products import bounds
from app.products.errors import ImageNotFound, TooManyParts
from app.products.inputs import ImageInput
from app.products.locks import lock_fields
from app.products.models import Product, ProductImage
from app.products.rows import CheckState, lock_product, touch


async def list_images(session: AsyncSession, product_id: UUID) -> list[ProductImage]:
    """The pictures of a product in order."""
    found = await session.scalars(
        select(ProductImage)
        .where(ProductImage.product_id == product_id)
        .order_by(ProductImage.position, ProductImage.id)
    )
    return list(found)


async def replace_images(session: AsyncSession, product: Product, wanted: Sequence[ImageInput]) -> None:
    """Make a product's pictures be exactly these, in this order; those that stay keep their ids."""
    present = {image.url: image for image in await list_images(session, product.id)}
    by_url = {image.url: image for image in wanted}
    for url, gone in present.items():
        if url not in by_url:
            await session.delete(gone)
    await session.flush()
    for position, (url, image) in enumerate(by_url.items()):
        kept = present.get(url)
        if kept is None:
            kept = ProductImage(id=new_id(), product_id=product.id, url=url)
            session.add(kept)
        kept.alt, kept.position = image.alt, position
    await session.flush()


async def add_image(
    session: AsyncSession, product_id: UUID, image: ImageInput, *, lock: bool, check_state: CheckState | None = None
) -> None:
    """Add a picture behind the others; an address that is there already only takes the new text."""
    product = await lock_product(session, product_id, check_state)
    present = await list_images(session, product_id)
    known = next((one for one in present if one.url == image.url), None)
    if known is not None:
        known.alt = image.alt
    elif len(present) >= bounds.IMAGES:
        raise TooManyParts(f"A product has at most {bounds.IMAGES} images.")
    else:
        position = present[-1].position + 1 if present else 0
        session.add(ProductImage(id=new_id(), product_id=product_id, url=image.url, alt=image.alt, position=position))
    await _finish(session, product, lock=lock)


async def remove_image(
    session: AsyncSession, product_id: UUID, image_id: UUID, *, lock: bool, check_state: CheckState | None = None
) -> None:
    """Take a picture away."""
    product = await lock_product(session, product_id, check_state)
    image = await session.get(ProductImage, image_id)
    if image is None or image.product_id != product_id:
        raise ImageNotFound
    await session.delete(image)
    await _finish(session, product, lock=lock)


async def _finish(session: AsyncSession, product: Product, *, lock: bool) -> None:
    if lock:
        lock_fields(product, ["images"])
    touch(product)
    await session.flush()
