"""Taking back what a job changed in the catalogue, as its changes tell (app/jobs/changes.py): former values return
where the present ones are still the job's, and what the job made goes. What others have changed or sold since stays,
and its change says why.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import cast
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.inventory import ledger
from app.inventory.models import OWN_LOCATION
from app.products import summary
from app.products.restorable import FIELDS, OF_STEP, keeping, restoring
from app.queue.models import JsonObject
from app.queue.outcome import Outcome
from app.queue.run import Run

PRODUCTS_AT_ONCE = 200
NO_PRODUCT = UUID(int=0)

_COUNT = text("SELECT count(*) FROM job_changes WHERE job_id = :job AND action <> 'refused'")
_NEXT = text("""
SELECT DISTINCT product_id FROM job_changes WHERE job_id = :job AND product_id > :after
ORDER BY product_id LIMIT :size
""")
_LOCK = text("SELECT id FROM products WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_FIELDS_OF_STEP = text(f"SELECT DISTINCT c.kind, c.field, c.action FROM job_changes c WHERE {OF_STEP}")

# Nothing was sold, promised, returned or counted since: what stands there is what the job left.
_SAME_STOCK = """
NOT EXISTS (
  SELECT FROM variants v JOIN stock_balances b ON b.variant_id = v.id
  WHERE {variants} AND (
    b.reserved > 0
    OR EXISTS (SELECT FROM stock_entries e WHERE e.variant_id = v.id AND e.location_id = b.location_id
               AND e.kind IN ('sale', 'return', 'reservation', 'release'))
    OR b.on_hand <> coalesce((
      SELECT e.on_hand_after FROM stock_entries e
      WHERE e.variant_id = v.id AND e.location_id = b.location_id AND e.job_id = :job ORDER BY e.sequence DESC LIMIT 1
    ), 0)
  )
)
"""
_MADE_PRODUCTS = text(f"""
SELECT t.id FROM job_changes c JOIN products t ON t.id = c.entity_id
WHERE {OF_STEP} AND c.kind = 'product' AND c.action = 'created' AND t.deleted_at IS NULL
  AND t.version - t.undone_steps = 1 AND {_SAME_STOCK.format(variants="v.product_id = t.id")}
""")
_VARIANT_AS_MADE = """jsonb_build_object('sku', t.sku, 'gtin', t.gtin, 'price', t.price::text, 'cost', t.cost::text,
  'compare_at_price', t.compare_at_price::text, 'currency', t.currency, 'options', t.options)"""
_MADE_VARIANTS = text(f"""
SELECT t.id FROM job_changes c JOIN variants t ON t.id = c.entity_id
WHERE {OF_STEP} AND c.kind = 'variant' AND c.action = 'created' AND t.deleted_at IS NULL
  AND {_VARIANT_AS_MADE} = c.after AND {_SAME_STOCK.format(variants="v.id = t.id")}
""")
_EMPTY_SHELVES = """
SELECT b.variant_id, 0 AS quantity FROM stock_balances b JOIN variants v ON v.id = b.variant_id
WHERE (v.product_id = ANY(:products) OR v.id = ANY(:variants)) AND b.location_id = :location_id
"""
_FORGET_PRODUCTS = (
    text("DELETE FROM offers USING variants v WHERE v.id = offers.variant_id AND v.product_id = ANY(:products)"),
    text("DELETE FROM source_products WHERE product_id = ANY(:products)"),
    text("UPDATE variants SET deleted_at = now() WHERE product_id = ANY(:products) AND deleted_at IS NULL"),
    text("""
    UPDATE products SET deleted_at = now(), updated_at = now(), version = version + 1 WHERE id = ANY(:products)
    """),
    text(f"UPDATE job_changes c SET undone = 'restored' WHERE {OF_STEP} AND c.product_id = ANY(:products)"),
)
_FORGET_VARIANTS = (
    text("DELETE FROM offers WHERE variant_id = ANY(:variants)"),
    text("UPDATE variants SET deleted_at = now(), updated_at = now() WHERE id = ANY(:variants)"),
)
_MARK_VARIANTS = text(f"""
UPDATE job_changes c SET undone = 'restored'
WHERE {OF_STEP} AND c.kind = 'variant' AND c.action = 'created' AND c.entity_id = ANY(:variants) RETURNING c.product_id
""")


def _removing(kind: str, table: str, same: str) -> str:
    return f"""
    WITH done AS (
      DELETE FROM {table} t USING job_changes c
      WHERE {OF_STEP} AND c.kind = '{kind}' AND c.action = 'created' AND {same} RETURNING c.entity_id
    )
    UPDATE job_changes c SET undone = 'restored' FROM done
    WHERE {OF_STEP} AND c.kind = '{kind}' AND c.action = 'created' AND c.entity_id = done.entity_id
    RETURNING c.product_id
    """


# What was made beside goods that existed before; offers go before the variants that they hang on.
_REMOVE_OFFERS = text(
    _removing(
        "offer",
        "offers",
        """t.id = c.entity_id AND jsonb_build_object('cost', t.cost::text, 'price', t.price::text,
           'currency', t.currency, 'stock', t.stock) = c.after - 'external_id'""",
    )
)
_REMOVE_IMAGES = text(
    _removing("image", "product_images", "t.id = c.entity_id AND t.alt IS NOT DISTINCT FROM c.after ->> 'alt'")
)
_REMOVE_IDENTITIES = text(
    _removing(
        "identity",
        "source_products",
        """t.source_id = (c.after ->> 'source_id')::uuid AND t.external_id = c.after ->> 'external_id'
           AND t.product_id = c.product_id""",
    )
)
_RESTORE_IDENTITIES = text(f"""
WITH done AS (
  UPDATE source_products t SET url = c.before #>> '{{}}' FROM job_changes c
  WHERE {OF_STEP} AND c.kind = 'identity' AND c.field = 'url' AND t.product_id = c.product_id
    AND md5(t.source_id::text || t.external_id)::uuid = c.entity_id AND to_jsonb(t.url) IS NOT DISTINCT FROM c.after
  RETURNING c.entity_id
)
UPDATE job_changes c SET undone = 'restored' FROM done
WHERE {OF_STEP} AND c.kind = 'identity' AND c.field = 'url' AND c.entity_id = done.entity_id
""")
_BRING_BACK_IMAGES = text(f"""
WITH done AS (
  INSERT INTO product_images (id, product_id, url, alt, position)
  SELECT c.entity_id, c.product_id, c.before ->> 'url', c.before ->> 'alt', (c.before ->> 'position')::integer
  FROM job_changes c JOIN products t ON t.id = c.product_id AND t.deleted_at IS NULL
  WHERE {OF_STEP} AND c.kind = 'image' AND c.action = 'removed'
  ON CONFLICT DO NOTHING RETURNING id
)
UPDATE job_changes c SET undone = 'restored' FROM done
WHERE {OF_STEP} AND c.kind = 'image' AND c.action = 'removed' AND c.entity_id = done.id RETURNING c.product_id
""")
_SAME_QUANTITIES = text(f"""
SELECT c.entity_id, (c.before #>> '{{}}')::integer, c.product_id
FROM job_changes c JOIN stock_balances b ON b.variant_id = c.entity_id AND b.location_id = :location
WHERE {OF_STEP} AND c.kind = 'stock' AND to_jsonb(b.on_hand) = c.after AND b.reserved <= (c.before #>> '{{}}')::integer
FOR UPDATE OF b
""")
_MARK_STOCK = text(f"""
UPDATE job_changes c SET undone = 'restored' WHERE {OF_STEP} AND c.kind = 'stock' AND c.entity_id = ANY(:variants)
""")
_KEEP_THE_REST = text(f"""
UPDATE job_changes c SET undone = 'kept',
  code = CASE WHEN t.deleted_at IS NOT NULL THEN 'deleted_since' WHEN c.kind = 'stock' THEN 'stock_moved_since'
         ELSE 'changed_since' END,
  message = CASE WHEN t.deleted_at IS NOT NULL THEN 'The product was deleted since.'
            WHEN c.kind = 'stock' THEN 'The quantity was changed, sold or promised since.'
            WHEN c.action = 'created' THEN 'It was changed or sold since, so it stays.'
            ELSE 'It was changed since, so the newer value stays.' END
FROM products t WHERE {OF_STEP} AND c.action <> 'refused' AND t.id = c.product_id
""")
# A SKU that stood in the way may have been given back since, by a later step of the same undo.
_REOPEN_SKUS = text("""
UPDATE job_changes SET undone = NULL, code = NULL, message = NULL
WHERE job_id = :job AND undone = 'kept' AND code = 'sku_taken' RETURNING product_id
""")
_COUNT_STEPS = text("""
UPDATE products t SET undone_steps = undone_steps + 2 WHERE t.id = ANY(:touched) AND NOT EXISTS (
  SELECT FROM job_changes c WHERE c.job_id = :job AND c.product_id = t.id AND c.undone = 'kept')
""")
_SUMMARY = text("""
SELECT undone, code, count(*) FROM job_changes WHERE job_id = :job AND undone IS NOT NULL GROUP BY undone, code
""")
_STATEMENTS = {(field.kind, field.name): (restoring(field), keeping(field)) for field in FIELDS}


Finish = Callable[[AsyncSession, UUID], Awaitable[None]]
"""What a feature takes back at the end that no product owns; is given the session and the job."""


async def take_back(run: Run, job_id: UUID, *, finish: Finish | None = None) -> Outcome:
    """Take back everything that a job changed, in steps; the body of every undo. Resumes from the cursor."""
    async with run.sessions.begin() as session:
        total = (await session.scalars(_COUNT, {"job": job_id})).one()
    after = UUID(str(run.cursor)) if run.cursor else NO_PRODUCT
    while True:
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            found = await session.scalars(_NEXT, {"job": job_id, "after": after, "size": PRODUCTS_AT_ONCE})
            if not (product_ids := list(found)):
                break
            await restore_products(session, job_id, product_ids, run.job_id)
            after = product_ids[-1]
            counted = await count(session, job_id)
            kept, restored = cast("int", counted["kept"]), cast("int", counted["restored"])
            message = f"{kept + restored:,} of {total:,} changes looked at"
            await run.checkpoint(
                session, str(after), stage="restoring", total=total, processed=kept + restored, message=message
            )
        run.seam("undo_step_done")
    async with run.sessions.begin() as session:
        await _retry_skus(session, job_id)
        if finish is not None:
            await finish(session, job_id)
        counted = await count(session, job_id)
    result: JsonObject = {"job_id": str(job_id), **counted}
    return Outcome.partial(result) if counted["kept"] else Outcome.ok(result)


async def _retry_skus(session: AsyncSession, job_id: UUID) -> None:
    restore, keep = _STATEMENTS["variant", "sku"]
    while product_ids := set((await session.scalars(_REOPEN_SKUS, {"job": job_id})).all()):
        step = {"job": job_id, "ids": list(product_ids)}
        restored = set((await session.execute(restore, step)).scalars())
        if keep is not None:
            await session.execute(keep, step)
        await session.execute(_KEEP_THE_REST, step)
        if not restored:
            return
        await summary.refresh(session, restored)


async def count(session: AsyncSession, job_id: UUID) -> JsonObject:
    """How many of a job's changes were restored, how many kept, and why."""
    numbers: Counter[str] = Counter()
    reasons: JsonObject = {}
    for undone, code, number in await session.execute(_SUMMARY, {"job": job_id}):
        numbers[undone] += number
        if undone == "kept":
            reasons[code] = number
    return {"restored": numbers["restored"], "kept": numbers["kept"], "reasons": reasons}


async def restore_products(
    session: AsyncSession, job_id: UUID, product_ids: Collection[UUID], undo_job_id: UUID
) -> None:
    """Take back what a job did to these products, as far as nobody has changed it since, and mark its changes."""
    step = {"job": job_id, "ids": list(product_ids)}
    await session.execute(_LOCK, {"ids": step["ids"]})
    shapes = {tuple(row) for row in await session.execute(_FIELDS_OF_STEP, step)}
    cause = ledger.Cause(reason="undo", job_id=undo_job_id)
    await _remove_made_goods(session, step, cause)
    touched: set[UUID] = set()
    if any(action in {"created", "removed"} for _, _, action in shapes):
        for statement in (_REMOVE_OFFERS, _REMOVE_IMAGES, _BRING_BACK_IMAGES):
            touched.update((await session.execute(statement, step)).scalars())
        await session.execute(_REMOVE_IDENTITIES, step)
        touched |= await _remove_made_variants(session, step, cause)
    for kind, name, action in sorted(shapes):
        if action == "updated" and (kind, name) in _STATEMENTS:
            restore, keep = _STATEMENTS[kind, name]
            touched.update((await session.execute(restore, step)).scalars())
            if keep is not None:
                await session.execute(keep, step)
    await session.execute(_RESTORE_IDENTITIES, step)
    touched |= await _restock(session, step, cause)
    await session.execute(_KEEP_THE_REST, step)
    if touched:
        await summary.refresh(session, touched)
        await session.execute(_COUNT_STEPS, {"job": job_id, "touched": list(touched)})


async def _remove_made_goods(session: AsyncSession, step: dict[str, object], cause: ledger.Cause) -> None:
    products = list((await session.scalars(_MADE_PRODUCTS, step)).all())
    if not products:
        return
    await ledger.set_on_hand_from(session, _EMPTY_SHELVES, {"products": products, "variants": []}, cause)
    for statement in _FORGET_PRODUCTS:
        await session.execute(statement, {**step, "products": products})


async def _remove_made_variants(session: AsyncSession, step: dict[str, object], cause: ledger.Cause) -> set[UUID]:
    variants = list((await session.scalars(_MADE_VARIANTS, step)).all())
    if not variants:
        return set()
    await ledger.set_on_hand_from(session, _EMPTY_SHELVES, {"products": [], "variants": variants}, cause)
    for statement in _FORGET_VARIANTS:
        await session.execute(statement, {"variants": variants})
    return set((await session.scalars(_MARK_VARIANTS, {**step, "variants": variants})).all())


async def _restock(session: AsyncSession, step: dict[str, object], cause: ledger.Cause) -> set[UUID]:
    rows = (await session.execute(_SAME_QUANTITIES, {**step, "location": OWN_LOCATION})).all()
    if not rows:
        return set()
    await ledger.set_on_hand(session, {row[0]: row[1] for row in rows}, cause, kind="sync_correction")
    await session.execute(_MARK_STOCK, {**step, "variants": [row[0] for row in rows]})
    return {row[2] for row in rows}
