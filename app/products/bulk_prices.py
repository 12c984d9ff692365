"""Changing many prices: a preview page by page, the change at once, or the start of a job when there is too much."""

from collections.abc import Iterable, Sequence
from typing import Final, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.core.errors import FieldError
from app.core.pagination import CursorScope, Order, read_cursor, write_cursor
from app.jobs import changes
from app.pricing import history
from app.pricing.rules import Refused
from app.products.bulk_prices_batch import Row, reckon, refusals_of, write
from app.products.bulk_prices_choice import (
    PRODUCTS_AT_ONCE,
    VARIANTS_AT_ONCE,
    Choice,
    choose,
    count_products,
    find_named,
    measure,
    next_batch,
)
from app.products.bulk_prices_inputs import BulkPriceUpdate, RememberedUpdate
from app.products.errors import PriceUpdateRefused
from app.products.price_schemas import PriceRow, PriceUpdateResult
from app.products.variants import default_currency
from app.queue.at_once import job_at_once
from app.queue.models import Job, JsonObject
from app.queue.outbox import enqueue

UPDATE_PRICES: Final = "update_prices_in_bulk"
# More than this is a job's work.
MOST_PRODUCTS = PRODUCTS_AT_ONCE
MOST_VARIANTS = 5 * VARIANTS_AT_ONCE
ERRORS_SHOWN = 100
_BY_ID = Order("id", descending=False)


async def preview(session: AsyncSession, actor: Actor, request: BulkPriceUpdate) -> PriceUpdateResult:
    """One page of what a change would do; nothing is written."""
    request = await _in_currency(session, actor, request)
    choice = choose(request)
    filters = request.model_dump(mode="json", exclude={"cursor", "limit", "dry_run"})
    scope = CursorScope(actor.tenant_id, _BY_ID, filters)
    after = UUID(str(read_cursor(scope, request.cursor)[0])) if request.cursor else None
    batch = await next_batch(session, choice, request.apply_to, after, products=request.limit, hold=False)
    rows = reckon(request.rule(), batch)
    products = await count_products(session, choice)
    more = None
    if batch.last is not None:
        behind = await next_batch(session, choice, request.apply_to, batch.last, products=1, hold=False)
        more = write_cursor(scope, (batch.last,)) if behind.last else None
    missing = [] if request.cursor else await _missing(session, request, choice)
    return _result(rows, missing, products, updated=len({row.product_id for row in rows if row.changes}), more=more)


async def update(
    session: AsyncSession, actor: Actor, request: BulkPriceUpdate, *, lock: bool
) -> PriceUpdateResult | Job:
    """Change the prices now when they are few, and answer each; else start the job that does. Raises
    PriceUpdateRefused when the request wants all or nothing and something is refused.
    """
    request = await _in_currency(session, actor, request)
    choice = choose(request)
    products, variants = await measure(session, choice, MOST_PRODUCTS + 1)
    remembered = await _remember(session, request, lock=lock)
    if products > MOST_PRODUCTS or variants > MOST_VARIANTS:
        return await enqueue(session, UPDATE_PRICES, params=remembered)
    missing = await _missing(session, request, choice)
    async with job_at_once(session, UPDATE_PRICES, remembered) as job:
        await changes.record(session, job.id)
        await history.attribute_to_job(session, job.id)
        rows, updated = await _change_all(session, request, choice, lock=lock)
        refused = [row for row in rows if isinstance(row.found, Refused)]
        if request.error_policy == "reject_everything" and (refused or missing):
            raise _all_refused(refused, missing, len(rows) + len(missing))
        await changes.refuse(session, job.id, refusals_of(refused, request.apply_to))
        job.items_total = job.items_processed = products
        job.items_failed = len(refused) + len(missing)
        result = _result(rows, missing, products, updated=updated, job_id=job.id)
        job.counters = {"changed": result.changed, "unchanged": result.unchanged, "refused": result.refused}
        job.result = {**job.counters, "products": products, "updated_count": updated}
    return result


async def _change_all(
    session: AsyncSession, request: BulkPriceUpdate, choice: Choice, *, lock: bool
) -> tuple[list[Row], int]:
    rows: list[Row] = []
    updated, after, rule = 0, None, request.rule()
    while True:
        batch = await next_batch(session, choice, rule.field, after, products=PRODUCTS_AT_ONCE, hold=True)
        if batch.last is None:
            return rows, updated
        reckoned = reckon(rule, batch)
        rows += reckoned
        updated += await write(session, rule.field, batch, reckoned, lock=lock)
        after = batch.last


async def _in_currency(session: AsyncSession, actor: Actor, request: BulkPriceUpdate) -> BulkPriceUpdate:
    # An amount without a currency is meant in the tenant's own.
    if request.change.type not in {"amount", "set"} or request.change.currency is not None:
        return request
    change = request.change.model_copy(update={"currency": await default_currency(session, actor)})
    return request.model_copy(update={"change": change})


async def _remember(session: AsyncSession, request: BulkPriceUpdate, *, lock: bool) -> JsonObject:
    as_of = (await session.execute(select(func.now()))).scalar_one().isoformat()
    remembered = RememberedUpdate(request=request, lock=lock, as_of=as_of)
    return cast("JsonObject", remembered.model_dump(mode="json", exclude_none=True, exclude_defaults=True))


async def _missing(session: AsyncSession, request: BulkPriceUpdate, choice: Choice) -> list[PriceRow]:
    """A refusal for everything that the request names and that is not there."""
    if request.filter is not None:
        return []
    found = await find_named(session, choice)
    if request.ids is not None:
        known: set[object] = {product_id for product_id, _, _ in found}
        return [_not_found("product", product_id=one) for one in request.ids if one not in known]
    if request.variant_ids is not None:
        known = {variant_id for _, variant_id, _ in found}
        return [_not_found("variant", variant_id=one) for one in request.variant_ids if one not in known]
    known = {sku for _, _, sku in found}
    return [_not_found("SKU", sku=one) for one in request.skus or [] if one.lower() not in known]


def _not_found(
    what: str, *, product_id: UUID | None = None, variant_id: UUID | None = None, sku: str | None = None
) -> PriceRow:
    return PriceRow(
        product_id=product_id,
        variant_id=variant_id,
        sku=sku,
        currency=None,
        status="refused",
        before=None,
        after=None,
        code=f"{what.lower()}_not_found",
        message=f"There is no such {what}.",
        mend="Check it; it may be deleted or belong to another tenant.",
    )


def _result(
    rows: Sequence[Row],
    missing: Sequence[PriceRow],
    products: int,
    *,
    updated: int,
    job_id: UUID | None = None,
    more: str | None = None,
) -> PriceUpdateResult:
    shown = [*map(_shown, rows), *missing]
    counted = {status: sum(row.status == status for row in shown) for status in ("changed", "unchanged", "refused")}
    return PriceUpdateResult(
        dry_run=job_id is None,
        job_id=job_id,
        products=products,
        updated_count=updated,
        results=shown,
        next_cursor=more,
        **counted,
    )


def _shown(row: Row) -> PriceRow:
    refused = row.found if isinstance(row.found, Refused) else None
    priced = None if isinstance(row.found, Refused) else row.found
    return PriceRow(
        product_id=row.product_id,
        variant_id=row.goods.variant_id if row.goods else None,
        sku=row.goods.sku if row.goods else None,
        currency=row.goods.terms.currency if row.goods else None,
        status="refused" if refused else "changed" if row.changes else "unchanged",
        before=row.before,
        after=priced.amount if priced else None,
        reason="raised_to_min_margin" if priced and priced.raised else None,
        code=refused.code if refused else None,
        message=refused.message if refused else None,
        mend=refused.mend if refused else None,
    )


def _all_refused(refused: Iterable[Row], missing: Iterable[PriceRow], total: int) -> PriceUpdateRefused:
    shown = [*map(_shown, refused), *missing]
    errors = [
        FieldError(
            ("body", *(str(part) for part in (row.product_id, row.variant_id, row.sku) if part is not None)),
            f"{row.message} {row.mend}",
            str(row.code),
        )
        for row in shown[:ERRORS_SHOWN]
    ]
    return PriceUpdateRefused(f"{len(shown)} of {total} rows were refused, so no price was changed.", errors=errors)
