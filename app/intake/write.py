"""Writing a batch into the catalogue: set-based, only what differs, locked fields kept and named in the report.

Content belongs to one source per product; other sources of the same goods only write their offers.
"""

from collections import Counter
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake import categories, noting, unchanged
from app.intake.match import IS_EXPORT, PRODUCTS, VARIANTS, WITH_VARIANTS, Batch, match_batch
from app.intake.match import OWNED as _OWNED
from app.inventory import ledger
from app.inventory.models import OWN_LOCATION
from app.jobs import changes
from app.products import summary
from app.products.lifecycle import GONE

# The product's own fields that a source may change: staged column -> how a missing value reads.
_CONTENT = ("title", "description", "brand", "category_id", "tags", "attributes", "options")
_TERMS = ("sku", "gtin", "price", "compare_at_price", "cost", "currency")
_LOCKED_TERMS = (*_TERMS, "weight_g")
LOCKED_KEPT = 900
EDIT_LOCKED = 902


def _is_kept(field: str) -> str:
    # The seller's own export is as much a person's word as the edit that has locked a field.
    return f"('{field}' = ANY(known.locked_fields) AND NOT {IS_EXPORT})"


def _fresh(field: str, ours: str, staged: str) -> str:
    return (
        f"CASE WHEN {_is_kept(field)} THEN {ours}.{field}"
        f" ELSE coalesce({staged}.{field}, {ours}.{field}) END AS {field}"
    )


def _tried(field: str, differs: str) -> str:
    return f"('{field}', {differs})"


def _content_differs(field: str) -> str:
    return f"p.{field} IS NOT NULL AND p.{field} IS DISTINCT FROM known.{field}"


def _may_change(field: str) -> str:
    return f"{_content_differs(field)} AND NOT {_is_kept(field)}"


# As a value, not as a join: so the ids are looked up in a hash table, whatever kind of join the planner is told to use.
_IS_CHANGED = "(p.product_id IN (SELECT unnest(CAST(:changed AS uuid[])))) IS TRUE"


def _terms_differ(field: str) -> str:
    return f"""EXISTS (
      SELECT FROM staged_variants v JOIN variants mine ON mine.id = v.variant_id
      WHERE v.job_id = p.job_id AND v.product_line = p.line AND v.{field} IS NOT NULL
        AND v.{field} IS DISTINCT FROM mine.{field})"""


_INSERT_PRODUCTS = text(f"""
WITH made AS (
INSERT INTO products (id, source_id, category_id, status, title, description, brand, tags, attributes, options,
                      own_sku, sku, gtin, price, compare_at_price, cost, currency, codes)
SELECT p.product_id, :source, p.category_id,
       CASE WHEN main.price IS NULL THEN 'draft' ELSE coalesce(p.status, 'published') END,
       p.title, coalesce(p.description, ''), p.brand, coalesce(p.tags, '{{}}'), coalesce(p.attributes, '{{}}'),
       coalesce(p.options, '[]'),
       own.sku, coalesce(own.sku, main.sku), main.gtin, main.price, main.compare_at_price, main.cost, main.currency,
       array_remove(ARRAY[own.sku], NULL) || coalesce(codes.found, '{{}}')
FROM staged_products p
LEFT JOIN LATERAL (
  SELECT v.* FROM staged_variants v WHERE v.job_id = p.job_id AND v.product_line = p.line ORDER BY v.position LIMIT 1
) main ON true
LEFT JOIN LATERAL (
  SELECT array_agg(code ORDER BY v.position) AS found
  FROM staged_variants v, unnest(ARRAY[v.sku, v.gtin]) AS code
  WHERE v.job_id = p.job_id AND v.product_line = p.line AND code IS NOT NULL
) codes ON true
-- A SKU that is only its single variant's is no SKU of its own.
CROSS JOIN LATERAL (SELECT CASE WHEN p.sku IS DISTINCT FROM main.sku THEN p.sku END AS sku) own
WHERE {PRODUCTS} AND p.matched_by IS NULL
ORDER BY p.line
RETURNING id, title, sku, price, currency
), noted AS (
  INSERT INTO job_changes (job_id, product_id, kind, entity_id, action, after)
  SELECT :job, id, 'product', id, 'created',
         jsonb_build_object('title', title, 'sku', sku, 'price', price::text, 'currency', currency)
  FROM made
)
SELECT id FROM made
""")

_INSERT_IDENTITIES = text(f"""
INSERT INTO source_products (source_id, external_id, product_id, url)
SELECT :source, p.external_id, p.product_id, p.url FROM staged_products p WHERE {PRODUCTS} AND NOT {IS_EXPORT}
ON CONFLICT (source_id, external_id) DO UPDATE SET url = excluded.url, seen_at = now()
WHERE excluded.url IS NOT NULL AND source_products.url IS DISTINCT FROM excluded.url
""")

_REPORT_LOCKS = text(f"""
INSERT INTO import_rows (job_id, line, number, action, external_id, product_id, code, message)
SELECT :job, p.line, {LOCKED_KEPT}, 'warning', p.external_id, p.product_id, 'locked_field_kept',
       'Kept as edited here, because locked: ' || array_to_string(kept.fields, ', ') || '.'
FROM staged_products p JOIN products known ON known.id = p.product_id
JOIN LATERAL (
  SELECT array_agg(field) AS fields FROM (VALUES
    {", ".join(_tried(field, _content_differs(field)) for field in _CONTENT)},
    {", ".join(_tried(field, _terms_differ(field)) for field in _LOCKED_TERMS)}
  ) AS tried (field, differs) WHERE differs AND field = ANY(known.locked_fields)
) kept ON kept.fields IS NOT NULL
WHERE {PRODUCTS} AND p.matched_by IS NOT NULL AND NOT {IS_EXPORT} AND {_OWNED}
  AND cardinality(known.locked_fields) > 0
""")

# What a person has changed in an export of ours is an edit like any other: the source does not write it back. Not the
# stock: it has moved on since the export, and would stand still.
_LOCK_EDITED = text(f"""
WITH edited AS (
  SELECT known.id, min(p.line) AS line, min(p.external_id) AS external_id, array_agg(field ORDER BY field) AS fields
  FROM staged_products p JOIN products known ON known.id = p.product_id
  CROSS JOIN LATERAL (VALUES
    {", ".join(_tried(field, _content_differs(field)) for field in _CONTENT)},
    {", ".join(_tried(field, _terms_differ(field)) for field in _LOCKED_TERMS)},
    ('images', p.image_urls IS NOT NULL)
  ) AS tried (field, differs)
  WHERE {PRODUCTS} AND {IS_EXPORT} AND known.source_id IS NOT NULL AND differs AND NOT field = ANY(known.locked_fields)
  GROUP BY known.id
), told AS (
  INSERT INTO import_rows (job_id, line, number, action, external_id, product_id, code, message)
  SELECT :job, line, {EDIT_LOCKED}, 'warning', external_id, id, 'edit_locked',
         'Changed here, so imports and syncs of its source leave it alone from now on: '
         || array_to_string(fields, ', ') || '.'
  FROM edited
)
UPDATE products target SET locked_fields = ARRAY(
  SELECT name FROM unnest(target.locked_fields || edited.fields) AS name ORDER BY name COLLATE "C")
FROM edited WHERE target.id = edited.id
RETURNING target.id
""")

# One update gives a product its new content and renews what it repeats of its variants, so it comes last. A second one
# would cost as much again: every index, the search document among them, is written anew by each.
_UPDATE_PRODUCTS = text(f"""
UPDATE products p SET {", ".join(f"{field} = wanted.{field}" for field in _CONTENT)}, {summary.COPIES}
FROM (
  SELECT known.id, {", ".join(_fresh(field, "known", "p") for field in _CONTENT)}
  FROM staged_products p JOIN products known ON known.id = p.product_id
  WHERE {PRODUCTS} AND p.matched_by IS NOT NULL AND {_OWNED} AND (
    {_IS_CHANGED} OR {" OR ".join(_may_change(field) for field in _CONTENT)})
) wanted {summary.MAIN_VARIANT}
WHERE p.id = wanted.id
RETURNING p.id
""")

_INSERT_VARIANTS = text(f"""
INSERT INTO variants (id, product_id, source_id, external_id, position, sku, gtin, price, compare_at_price, cost,
                      currency, options, attributes, weight_g, image_url)
SELECT v.variant_id, p.product_id, known.source_id, CASE WHEN NOT {IS_EXPORT} THEN v.external_id END,
       row_number() OVER (PARTITION BY p.line ORDER BY v.position) - 1 + coalesce(
         (SELECT max(old.position) + 1 FROM variants old
          WHERE p.matched_by IS NOT NULL AND old.product_id = p.product_id AND old.deleted_at IS NULL), 0),
       v.sku, v.gtin, v.price, v.compare_at_price, v.cost, v.currency, v.options, v.attributes, v.weight_g, v.image_url
FROM staged_products p
{WITH_VARIANTS}
JOIN products known ON known.id = p.product_id
WHERE {PRODUCTS} AND NOT v.matched AND {_OWNED}
RETURNING product_id
""")

_VARIANT_FIELDS = (*_LOCKED_TERMS, "options", "image_url")
_VARIANT_VALUES = ", ".join(
    (
        *(_fresh(field, "mine", "v") for field in _LOCKED_TERMS),
        "CASE WHEN v.options = '{}' THEN mine.options ELSE v.options END AS options",
        "coalesce(v.image_url, mine.image_url) AS image_url",
    )
)
_UPDATE_VARIANTS = text(f"""
UPDATE variants target
SET ({", ".join(_VARIANT_FIELDS)}) = ROW({", ".join(f"fresh.{field}" for field in _VARIANT_FIELDS)}), updated_at = now()
FROM (
  SELECT mine.id, {_VARIANT_VALUES}
  FROM staged_products p
  {WITH_VARIANTS}
  JOIN variants mine ON mine.id = v.variant_id
  JOIN products known ON known.id = mine.product_id
  WHERE {PRODUCTS} AND v.matched AND {_OWNED}
) fresh
WHERE target.id = fresh.id
  AND ({", ".join(f"target.{field}" for field in _VARIANT_FIELDS)}) IS DISTINCT FROM
      ({", ".join(f"fresh.{field}" for field in _VARIANT_FIELDS)})
RETURNING target.product_id
""")

_WRITE_OFFERS = text(f"""
WITH written AS (
  INSERT INTO offers AS known (id, variant_id, source_id, external_id, cost, price, currency, stock)
  SELECT v.offer_id, v.variant_id, :source, v.external_id,
         v.cost, v.price, v.currency, v.stock
  FROM staged_products p
  {WITH_VARIANTS}
  WHERE {PRODUCTS} AND NOT {IS_EXPORT} AND EXISTS (SELECT FROM variants mine WHERE mine.id = v.variant_id)
  ON CONFLICT (source_id, external_id) DO UPDATE
  SET cost = coalesce(excluded.cost, known.cost), price = coalesce(excluded.price, known.price),
      currency = coalesce(excluded.currency, known.currency), stock = coalesce(excluded.stock, known.stock),
      seen_at = now()
  WHERE (coalesce(excluded.cost, known.cost), coalesce(excluded.price, known.price),
         coalesce(excluded.currency, known.currency), coalesce(excluded.stock, known.stock))
        IS DISTINCT FROM (known.cost, known.price, known.currency, known.stock)
  RETURNING known.variant_id
)
SELECT DISTINCT mine.product_id FROM written JOIN variants mine ON mine.id = written.variant_id
""")

_DROP_OLD_IMAGES = text(f"""
DELETE FROM product_images old USING staged_products p JOIN products known ON known.id = p.product_id
WHERE {PRODUCTS} AND p.matched_by IS NOT NULL AND p.image_urls IS NOT NULL AND {_OWNED}
  AND NOT {_is_kept("images")} AND old.product_id = p.product_id AND NOT old.url = ANY(p.image_urls)
RETURNING old.product_id
""")
_WRITE_IMAGES = text(f"""
INSERT INTO product_images AS known_image (id, product_id, url, alt, position)
SELECT picture.id, p.product_id, picture.url, picture.alt, picture.nr - 1
FROM staged_products p JOIN products known ON known.id = p.product_id,
     unnest(p.image_ids, p.image_urls, p.image_alts) WITH ORDINALITY AS picture (id, url, alt, nr)
WHERE {PRODUCTS} AND {_OWNED} AND NOT {_is_kept("images")}
ON CONFLICT (product_id, md5(url)) DO UPDATE SET alt = excluded.alt, position = excluded.position
WHERE (known_image.alt, known_image.position) IS DISTINCT FROM (excluded.alt, excluded.position)
RETURNING product_id
""")

# Quantities of the seller's own location follow the source that owns the goods.
_QUANTITIES = f"""
SELECT v.variant_id, v.stock AS quantity
FROM staged_products p
{WITH_VARIANTS}
JOIN variants mine ON mine.id = v.variant_id AND mine.deleted_at IS NULL
JOIN products known ON known.id = mine.product_id
WHERE {PRODUCTS} AND v.stock IS NOT NULL AND {_OWNED} AND NOT {_is_kept("stock")}
"""
_PRODUCTS_OF = text("SELECT DISTINCT product_id FROM variants WHERE id = ANY(:ids)")

# Goods that the source had dropped and names again are what they were before.
_COME_BACK = text(f"""
UPDATE products target SET status = coalesce(target.former_status, 'draft'), archived_reason = NULL
FROM staged_products p
WHERE {PRODUCTS} AND p.matched_by IS NOT NULL AND target.id = p.product_id AND target.status = 'archived'
  AND target.archived_reason = '{GONE}' AND target.source_id = :source AND NOT {IS_EXPORT}
  AND NOT 'status' = ANY(target.locked_fields)
RETURNING target.id
""")

_ANY_KNOWN = text(f"SELECT EXISTS (SELECT FROM staged_products p WHERE {PRODUCTS} AND p.matched_by IS NOT NULL)")
_REPORT = text(f"""
INSERT INTO import_rows (job_id, line, number, action, external_id, product_id)
SELECT :job, p.line, 0,
       CASE WHEN p.matched_by IS NULL THEN 'created' WHEN {_IS_CHANGED} THEN 'updated'
            ELSE 'unchanged' END,
       p.external_id, p.product_id
FROM staged_products p WHERE {PRODUCTS}
RETURNING action
""")
_CLEAR = (
    text(f"DELETE FROM staged_variants v WHERE {VARIANTS}"),
    text(f"DELETE FROM staged_products p WHERE {PRODUCTS}"),
)

FATES = ("created", "updated", "unchanged")


async def apply_batch(session: AsyncSession, batch: Batch) -> dict[str, int]:
    """Match a batch and write it, keeping before and after under its job; answers how many products met which fate.

    The batch stays in staging: `clear_batch` takes it out.
    """
    settled, is_more = await unchanged.settle_unchanged(session, batch)
    if not is_more:
        return {fate: settled if fate == "unchanged" else 0 for fate in FATES}
    await changes.record(session, batch.job_id)
    await categories.assign(session, batch)
    await match_batch(session, batch)
    created = set((await session.execute(_INSERT_PRODUCTS, batch.params)).scalars())
    # What is made beside goods that were known is noted before it is made; new goods need no notes but their own.
    has_known = bool(await session.scalar(_ANY_KNOWN, batch.params))
    if has_known:
        await session.execute(_REPORT_LOCKS, batch.params)
        await session.execute(noting.IDENTITIES, batch.params)
    await session.execute(_INSERT_IDENTITIES, batch.params)
    changed = await _update_parts(session, batch) if has_known else set()
    await _insert_parts(session, batch, changed, has_known=has_known)
    changed |= await _restock(session, batch, has_known=has_known)
    if has_known:
        changed = await _update_products(session, batch, changed - created)
    else:
        changed -= created
    fates = Counter((await session.execute(_REPORT, {**batch.params, "changed": list(changed)})).scalars())
    fates["unchanged"] += settled
    return {fate: fates[fate] for fate in FATES}


async def clear_batch(session: AsyncSession, batch: Batch) -> None:
    """Take a batch out of staging."""
    for statement in _CLEAR:
        await session.execute(statement, batch.params)


async def _update_products(session: AsyncSession, batch: Batch, changed: set[UUID]) -> set[UUID]:
    """Write what is new of the products themselves, and renew those of which parts have changed; answers them all."""
    values = {**batch.params, "changed": list(changed)}
    written = set((await session.execute(_UPDATE_PRODUCTS, values)).scalars())
    if others := changed - written:
        await summary.refresh(session, others)
    return changed | written


async def _update_parts(session: AsyncSession, batch: Batch) -> set[UUID]:
    changed: set[UUID] = set()
    # The edits first: they are found by comparing with what is there.
    for statement in (_LOCK_EDITED, _UPDATE_VARIANTS, _COME_BACK, _DROP_OLD_IMAGES):
        changed.update((await session.execute(statement, batch.params)).scalars())
    return changed


async def _insert_parts(session: AsyncSession, batch: Batch, changed: set[UUID], *, has_known: bool) -> None:
    for note, statement in (
        (noting.VARIANTS, _INSERT_VARIANTS),
        (noting.OFFERS, _WRITE_OFFERS),
        (noting.IMAGES, _WRITE_IMAGES),
    ):
        if has_known:
            await session.execute(note, batch.params)
        changed.update((await session.execute(statement, batch.params)).scalars())


async def _restock(session: AsyncSession, batch: Batch, *, has_known: bool) -> set[UUID]:
    cause = ledger.Cause(reason="import", job_id=batch.job_id)
    variant_ids = await ledger.set_on_hand_from(session, _QUANTITIES, batch.params, cause)
    # Quantities of what was just made change nothing that was known.
    if not variant_ids or not has_known:
        return set()
    await session.execute(noting.STOCK, {**batch.params, "location": OWN_LOCATION, "changed": list(variant_ids)})
    return set((await session.execute(_PRODUCTS_OF, {"ids": list(variant_ids)})).scalars())
