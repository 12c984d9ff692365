"""Variants of a product: adding, changing, removing. Every write bumps the product's version."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import tenants
from app.accounts.actor import Actor
from app.accounts.errors import TenantRequired
from app.core.ids import new_id
from app.inventory import ledger, reports
from app.products import bounds
from app.products.errors import LastVariant, TooManyParts, VariantNotFound, VariantReserved
from app.products.inputs import VariantChange, VariantInput
from app.products.lifecycle import check_ready
from app.products.models import Product, Variant
from app.products.options import declared_options, merged_options
from app.products.rows import (
    CheckState,
    copy_main_variant,
    flush,
    live_variants,
    lock_product,
    refuse_same_options,
    touch,
)

_PLAIN_FIELDS = (
    "title",
    "sku",
    "gtin",
    "price",
    "compare_at_price",
    "cost",
    "weight_g",
    "options",
    "attributes",
    "image_url",
    "position",
)


def build_variant(product: Product, body: VariantInput, position: int, currency: str | None) -> Variant:
    """A new variant of a product, not yet in the session."""
    return Variant(
        id=new_id(),
        product_id=product.id,
        source_id=product.source_id,
        position=position,
        title=body.title,
        sku=body.sku,
        gtin=body.gtin,
        price=body.price,
        compare_at_price=body.compare_at_price,
        cost=body.cost,
        currency=body.currency or currency,
        options=body.options,
        attributes=body.attributes,
        weight_g=body.weight_g,
        image_url=body.image_url,
    )


async def default_currency(session: AsyncSession, actor: Actor) -> str:
    """The currency of the caller's tenant."""
    if actor.tenant_id is None:
        raise TenantRequired
    return await tenants.get_currency(session, actor.tenant_id)


async def add_variant(
    session: AsyncSession, actor: Actor, product_id: UUID, body: VariantInput, *, check_state: CheckState | None = None
) -> UUID:
    """Add a variant behind the others, with its opening stock."""
    product = await lock_product(session, product_id, check_state)
    variants = await live_variants(session, product_id)
    if len(variants) >= bounds.VARIANTS:
        raise TooManyParts(f"A product has at most {bounds.VARIANTS} variants.")
    currency = product.currency or await default_currency(session, actor)
    variant = build_variant(product, body, variants[-1].position + 1 if variants else 0, currency)
    session.add(variant)
    await _finish(session, product, [*variants, variant])
    if body.stock:
        cause = ledger.Cause("opening stock", user_id=actor.user_id)
        await ledger.set_on_hand(session, {variant.id: body.stock}, cause, kind="receipt")
    return variant.id


async def change_variant(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID,
    variant_id: UUID,
    body: VariantChange,
    *,
    check_state: CheckState | None = None,
) -> None:
    """Change the fields of a variant that the body names."""
    product = await lock_product(session, product_id, check_state)
    variants = await live_variants(session, product_id)
    variant = _find(variants, variant_id)
    for name in body.model_fields_set.intersection(_PLAIN_FIELDS):
        value = getattr(body, name)
        if value is None and name in {"options", "attributes"}:
            value = {}
        setattr(variant, name, value)
    await _finish(session, product, sorted(variants, key=lambda one: (one.position, one.id)))
    if body.stock is not None:
        cause = ledger.Cause("edited", user_id=actor.user_id)
        await ledger.set_on_hand(session, {variant_id: body.stock}, cause)


async def remove_variant(
    session: AsyncSession, product_id: UUID, variant_id: UUID, *, check_state: CheckState | None = None
) -> None:
    """Remove a variant; refused for the last one, and while orders hold stock of it."""
    product = await lock_product(session, product_id, check_state)
    variants = await live_variants(session, product_id)
    variant = _find(variants, variant_id)
    if len(variants) == 1:
        raise LastVariant
    balances = await reports.balances_of(session, [variant_id])
    if any(balance.reserved for balance in balances.get(variant_id, [])):
        raise VariantReserved
    variant.deleted_at = func.now()
    await _finish(session, product, [one for one in variants if one is not variant])


def _find(variants: list[Variant], variant_id: UUID) -> Variant:
    for variant in variants:
        if variant.id == variant_id:
            return variant
    raise VariantNotFound


async def _finish(session: AsyncSession, product: Product, variants: list[Variant]) -> None:
    refuse_same_options(variants)
    product.options = merged_options(declared_options(product.options), [variant.options for variant in variants])
    copy_main_variant(product, variants)
    check_ready(product)
    touch(product)
    await flush(session)
