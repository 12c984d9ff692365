"""Changing a product by hand. What a person names is locked against imports and syncs unless they say otherwise."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.inventory import ledger
from app.products.create import resolve_category
from app.products.images import replace_images
from app.products.inputs import ProductChange, VariantInput
from app.products.lifecycle import check_ready, move
from app.products.locks import lock_fields
from app.products.models import Product, Variant
from app.products.options import merged_options
from app.products.rows import CheckState, copy_main_variant, flush, live_variants, lock_product, touch
from app.products.variants import build_variant, default_currency

# What null stands for in the columns that hold no null.
_CLEARED: dict[str, object] = {"description": "", "brand": None, "attributes": {}, "tags": []}
_OF_MAIN_VARIANT = frozenset({"sku", "gtin", "price", "compare_at_price", "cost", "weight_g"})
_NEEDS_VARIANT = _OF_MAIN_VARIANT | {"stock", "currency"}


async def change_product(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID,
    body: ProductChange,
    *,
    lock: bool = True,
    check_state: CheckState | None = None,
) -> None:
    """Change the fields of a product that the body names, and lock them."""
    product = await lock_product(session, product_id, check_state)
    named = body.model_fields_set
    if not named:
        return
    _change_content(product, body)
    if not named.isdisjoint({"category", "category_id"}):
        product.category_id = await resolve_category(session, body)
    if "images" in named:
        await replace_images(session, product, body.images or [])
    variants = await live_variants(session, product_id)
    if not variants and not named.isdisjoint({*_OF_MAIN_VARIANT, "stock", "currency"}):
        variants = [_first_variant(session, product)]
    if variants:
        currency = body.currency or variants[0].currency or await default_currency(session, actor)
        _change_variants(product, variants, body, currency)
    if "options" in named:
        declared = [(option.name, option.values) for option in body.options or []]
        product.options = merged_options(declared, [variant.options for variant in variants])
    copy_main_variant(product, variants)
    if body.status is not None and body.status != product.status:
        move(product, body.status)
    check_ready(product)
    if lock:
        lock_fields(product, {"category_id" if name == "category" else name for name in named})
    touch(product)
    await flush(session)
    if body.stock is not None:
        cause = ledger.Cause("edited", user_id=actor.user_id)
        await ledger.set_on_hand(session, {variants[0].id: body.stock}, cause)


def _first_variant(session: AsyncSession, product: Product) -> Variant:
    # Sources also know goods that have nothing to sell yet; a person who prices them makes them sellable.
    variant = build_variant(product, VariantInput(), 0, None)
    session.add(variant)
    return variant


def _change_content(product: Product, body: ProductChange) -> None:
    if body.title is not None:
        product.title = body.title
    for name in body.model_fields_set & _CLEARED.keys():
        value = getattr(body, name)
        setattr(product, name, _CLEARED[name] if value is None else value)


def _change_variants(product: Product, variants: list[Variant], body: ProductChange, currency: str) -> None:
    main = variants[0]
    for name in body.model_fields_set & _OF_MAIN_VARIANT:
        if name == "sku" and product.own_sku is not None:
            product.own_sku = body.sku
        else:
            setattr(main, name, getattr(body, name))
    for variant in variants:
        if body.currency is not None or variant.currency is None:
            variant.currency = currency
