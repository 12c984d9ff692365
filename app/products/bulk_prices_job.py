"""Changing more prices than a request can: the job walks through the chosen products by id, one batch per step, so that
it can be cancelled between any two and goes on after a crash where it was.
"""

from typing import Literal, TypedDict, cast
from uuid import UUID

from app.jobs import changes
from app.pricing.rules import Refused
from app.products.bulk_prices_batch import Row, reckon, refusals_of, write
from app.products.bulk_prices_choice import PRODUCTS_AT_ONCE, choose, count_products, next_batch
from app.products.bulk_prices_inputs import RememberedUpdate
from app.products.errors import PriceUpdateRefused
from app.queue.models import JsonObject
from app.queue.outcome import Outcome
from app.queue.run import Run


class Cursor(TypedDict):
    """How far a change of prices is. `checking` comes first where one refused row keeps all others from changing."""

    stage: Literal["checking", "writing"]
    after: str | None
    products: int
    updated: int
    changed: int
    unchanged: int
    refused: int


async def update_prices(run: Run) -> Outcome:
    """Change the prices that the job's request names."""
    remembered = RememberedUpdate.model_validate(run.params)
    checks = remembered.request.error_policy == "reject_everything"
    cursor = cast("Cursor | None", run.cursor) or _start("checking" if checks else "writing")
    async with run.sessions.begin() as session:
        choice = choose(remembered.request, remembered.as_of)
        total = await count_products(session, choice)
    await run.progress(total=total)
    if cursor["stage"] == "checking":
        cursor = await _walk(run, remembered, cursor, total)
        if cursor["refused"]:
            detail = f"{cursor['refused']:,} rows were refused, so no price was changed; /jobs/{{id}}/items names them."
            return Outcome.rejected(PriceUpdateRefused.code, detail, _counters(cursor))
        cursor = _start("writing")
    cursor = await _walk(run, remembered, cursor, total)
    result: JsonObject = {
        **_counters(cursor),
        "products": cursor["products"],
        "updated_count": cursor["updated"],
    }
    return Outcome.partial(result) if cursor["refused"] else Outcome.ok(result)


def _start(stage: Literal["checking", "writing"]) -> Cursor:
    return {"stage": stage, "after": None, "products": 0, "updated": 0, "changed": 0, "unchanged": 0, "refused": 0}


async def _walk(run: Run, remembered: RememberedUpdate, cursor: Cursor, total: int) -> Cursor:
    choice, rule = choose(remembered.request, remembered.as_of), remembered.request.rule()
    writes = cursor["stage"] == "writing"
    while True:
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            after = UUID(cursor["after"]) if cursor["after"] else None
            batch = await next_batch(session, choice, rule.field, after, products=PRODUCTS_AT_ONCE, hold=writes)
            if batch.last is None:
                return cursor
            rows = reckon(rule, batch)
            updated = 0
            if writes:
                await changes.record(session, run.job_id)
                updated = await write(session, rule.field, batch, rows, lock=remembered.lock)
            await changes.refuse(session, run.job_id, refusals_of(rows, rule.field))
            cursor = _advanced(cursor, rows, str(batch.last), len(batch.product_ids), updated)
            await run.checkpoint(
                session,
                cast("JsonObject", cursor),
                total=total,
                processed=cursor["products"] if writes else 0,
                failed=cursor["refused"],
                stage=cursor["stage"],
                message=f"{cursor['products']:,} of {total:,} products {'done' if writes else 'checked'}",
                counters=_counters(cursor) if writes else {},
            )
        run.seam("prices_batch_written")


def _advanced(cursor: Cursor, rows: list[Row], last: str, products: int, updated: int) -> Cursor:
    refused = sum(isinstance(row.found, Refused) for row in rows)
    changed = sum(row.changes for row in rows)
    return {
        "stage": cursor["stage"],
        "after": last,
        "products": cursor["products"] + products,
        "updated": cursor["updated"] + updated,
        "changed": cursor["changed"] + changed,
        "unchanged": cursor["unchanged"] + len(rows) - changed - refused,
        "refused": cursor["refused"] + refused,
    }


def _counters(cursor: Cursor) -> JsonObject:
    return {"changed": cursor["changed"], "unchanged": cursor["unchanged"], "refused": cursor["refused"]}
