"""Making products by hand: one, or many in one request."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.core.errors import AppError, FieldError
from app.core.ids import new_id
from app.inventory import ledger
from app.products import categories
from app.products.errors import BulkRefused, CategoryUnknown
from app.products.images import replace_images
from app.products.inputs import ImageInput, ProductChange, ProductCreate, RefusedRow, VariantInput
from app.products.lifecycle import check_ready
from app.products.models import Category, Product
from app.products.options import merged_options
from app.products.rows import copy_main_variant, flush
from app.products.schemas import BulkError, BulkResult, BulkRow
from app.products.variants import build_variant, default_currency

_OF_ONE_VARIANT = ("sku", "gtin", "price", "compare_at_price", "cost", "weight_g", "stock")
_DEFAULTS = ("price", "compare_at_price", "cost", "weight_g")


async def create_product(session: AsyncSession, actor: Actor, body: ProductCreate) -> UUID:
    """Make a product with its variants, images and opening stock."""
    product = Product(
        id=new_id(),
        status=body.status,
        title=body.title,
        description=body.description or "",
        brand=body.brand,
        category_id=await resolve_category(session, body),
        tags=body.tags or [],
        attributes=body.attributes or {},
        locked_fields=[],
        version=1,
    )
    currency = body.currency or await default_currency(session, actor)
    bodies = _variant_bodies(body)
    variants = [build_variant(product, one, position, currency) for position, one in enumerate(bodies)]
    declared = [(option.name, option.values) for option in body.options or []]
    product.options = merged_options(declared, [variant.options for variant in variants])
    copy_main_variant(product, variants)
    check_ready(product)
    session.add(product)
    await flush(session)
    session.add_all(variants)
    await flush(session)
    images = [*(body.images or []), *([ImageInput(url=body.image_url)] if body.image_url else [])]
    if images:
        await replace_images(session, product, images)
    opening = {variant.id: one.stock for variant, one in zip(variants, bodies, strict=True) if one.stock}
    if opening:
        cause = ledger.Cause("opening stock", user_id=actor.user_id)
        await ledger.set_on_hand(session, opening, cause, kind="receipt")
    return product.id


async def create_products(
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[ProductCreate | RefusedRow],
    error_policy: Literal["reject_everything", "reject_failed_rows"],
) -> BulkResult:
    """Make many products. A wrong row spoils all of them (BulkRefused) or only itself, as the policy says."""
    results = [await _create_row(session, actor, index, row) for index, row in enumerate(rows)]
    refused = [row for row in results if row.status == "rejected"]
    if refused and error_policy == "reject_everything":
        errors = [
            FieldError(("body", "products", row.index, *error.loc), error.message, error.code)
            for row in refused
            for error in row.errors
        ]
        raise BulkRefused(f"{len(refused)} of {len(rows)} rows are wrong, so none was created.", errors=errors)
    return BulkResult(created=len(results) - len(refused), rejected=len(refused), results=results)


async def _create_row(session: AsyncSession, actor: Actor, index: int, row: ProductCreate | RefusedRow) -> BulkRow:
    if isinstance(row, RefusedRow):
        return BulkRow(index=index, status="rejected", errors=[_error(error) for error in row.errors])
    try:
        async with session.begin_nested():
            product_id = await create_product(session, actor, row)
    except AppError as refused:
        errors = refused.errors or [FieldError((), refused.detail, refused.code)]
        return BulkRow(index=index, status="rejected", errors=[_error(error) for error in errors])
    return BulkRow(index=index, status="created", id=product_id)


def _error(error: FieldError) -> BulkError:
    return BulkError(loc=[part for part in error.loc if part != "body"], message=error.message, code=error.code)


def _variant_bodies(body: ProductCreate) -> list[VariantInput]:
    if not body.variants:
        return [VariantInput.model_construct(**{name: getattr(body, name) for name in _OF_ONE_VARIANT})]
    defaults = {name: getattr(body, name) for name in _DEFAULTS}
    return [
        one.model_copy(update={name: value for name, value in defaults.items() if getattr(one, name) is None})
        for one in body.variants
    ]


async def resolve_category(session: AsyncSession, body: ProductChange) -> UUID | None:
    """The id of the category that a body names; raises CategoryUnknown for an id that is none."""
    if body.category is not None:
        return await categories.ensure_category(session, body.category)
    if body.category_id is not None and await session.get(Category, body.category_id) is None:
        loc = ("body", "category_id")
        raise CategoryUnknown(errors=[FieldError(loc, "there is no such category", "category_unknown")])
    return body.category_id
