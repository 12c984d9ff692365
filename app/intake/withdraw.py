"""Variants that a full import does not name although their goods go on: the source has none of them until it names them
again. Found before anything is written; then the source's offers of them fall to 0, and so does the stock it had set.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake import noting
from app.intake.vanish import AFTER_FILE
from app.inventory import ledger
from app.inventory.models import OWN_LOCATION
from app.jobs import changes
from app.products import summary
from app.products.lifecycle import GONE

# Their rows of the report come behind those of archived products.
AFTER_ARCHIVED = AFTER_FILE * 2
PRODUCTS_AT_ONCE = 500

NEXT_OFFERS = text("""
SELECT max(external_id), count(*) FROM (
  SELECT external_id FROM offers WHERE source_id = :source AND external_id > :after ORDER BY external_id LIMIT :size
) step
""")
_OFFERED = """
FROM offers o JOIN variants v ON v.id = o.variant_id JOIN products p ON p.id = v.product_id
WHERE o.source_id = :source AND o.external_id > :after AND o.external_id <= :upto
  AND v.deleted_at IS NULL AND p.deleted_at IS NULL AND p.status <> 'archived'
"""
_COUNT_OFFERED = text(f"SELECT count(*) {_OFFERED}")
# A source that counts nothing says nothing by silence, and neither does a row that names a product without variants.
_FIND = text(f"""
INSERT INTO staged_withdrawn (job_id, product_id, offer_id, variant_id, external_id)
SELECT :job, p.id, o.id, v.id, o.external_id {_OFFERED} AND o.stock > 0
  AND NOT EXISTS (SELECT FROM staged_variants named WHERE named.job_id = :job AND named.external_id = o.external_id)
  AND NOT EXISTS (SELECT FROM staged_vanished gone WHERE gone.job_id = :job AND gone.product_id = p.id)
  AND NOT EXISTS (
    SELECT FROM source_products name
    JOIN staged_products s ON s.job_id = :job AND s.external_id = name.external_id AND NOT s.has_variants
    WHERE name.product_id = p.id AND name.source_id = :source)
ON CONFLICT DO NOTHING
""")
_NAMED = """
SELECT s.sku, s.gtin, s.external_id FROM staged_variants s
WHERE s.job_id = :job AND s.product_line > :after AND s.product_line <= :upto OFFSET 0
"""
# The source may have given a variant another id, and name it by its SKU or GTIN.
_SPARE_NAMED = text(f"""
WITH named AS MATERIALIZED ({_NAMED}), known AS (
  SELECT o.variant_id FROM named JOIN offers o ON o.source_id = :source AND o.external_id = named.external_id
  UNION
  SELECT v.id FROM named JOIN variants v ON lower(v.sku) = lower(named.sku) AND v.deleted_at IS NULL
  UNION
  SELECT v.id FROM named JOIN variants v ON lpad(v.gtin, 14, '0') = lpad(named.gtin, 14, '0') AND v.deleted_at IS NULL
)
DELETE FROM staged_withdrawn gone USING known WHERE gone.job_id = :job AND gone.variant_id = known.variant_id
""")
_COUNT = text("SELECT count(*) FROM staged_withdrawn WHERE job_id = :job")
_SAMPLE = text("""
SELECT g.product_id, g.external_id, v.sku, p.title
FROM staged_withdrawn g JOIN variants v ON v.id = g.variant_id JOIN products p ON p.id = g.product_id
WHERE g.job_id = :job ORDER BY g.product_id, g.offer_id LIMIT :size
""")

_NEXT = text("""
SELECT product_id, count(*) FROM staged_withdrawn WHERE job_id = :job
GROUP BY product_id ORDER BY product_id LIMIT :size
""")
# A product's version counts the jobs that changed it, not their steps.
_UNTOUCHED = text("""
SELECT id FROM unnest(CAST(:ids AS uuid[])) AS id
WHERE NOT EXISTS (SELECT FROM job_changes c WHERE c.job_id = :job AND c.product_id = id AND c.action <> 'refused')
""")
_EMPTY_OFFERS = text(f"""
WITH emptied AS (
  UPDATE offers o SET stock = 0 FROM staged_withdrawn g
  WHERE g.job_id = :job AND g.product_id = ANY(:ids) AND o.id = g.offer_id AND o.stock > 0
  RETURNING o.id, o.external_id, o.variant_id, g.product_id
), told AS (
  INSERT INTO import_rows (job_id, line, number, action, external_id, product_id, code, message)
  SELECT :job, CAST(:first AS bigint) + row_number() OVER (ORDER BY e.product_id, e.id), 0, 'warning', e.external_id,
         e.product_id, 'variant_{GONE}', format(
           'The source does not name the variant “%s” any more: it has none of it until it names it again.',
           coalesce(v.sku, e.external_id))
  FROM emptied e JOIN variants v ON v.id = e.variant_id
)
SELECT product_id FROM emptied
""")
# The seller's own location follows the source that owns the goods.
_QUANTITIES = """
SELECT DISTINCT g.variant_id, 0 AS quantity
FROM staged_withdrawn g JOIN products p ON p.id = g.product_id
WHERE g.job_id = :job AND g.product_id = ANY(:ids) AND p.source_id = :source AND NOT 'stock' = ANY(p.locked_fields)
"""
_CLEAR = text("DELETE FROM staged_withdrawn WHERE job_id = :job AND product_id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Step:
    """Products with variants that are withdrawn together, and how many rows of the report these may have."""

    product_ids: list[UUID]
    size: int


async def find(session: AsyncSession, job_id: UUID, source_id: UUID, after: str, upto: str) -> int:
    """Stage what is withdrawn among the source's offers `after` < external id <= `upto`; answers how many it has."""
    where = {"source": source_id, "after": after, "upto": upto}
    offered = await session.scalar(_COUNT_OFFERED, where)
    await session.execute(_FIND, {**where, "job": job_id})
    return int(offered or 0)


async def spare_named(session: AsyncSession, job_id: UUID, source_id: UUID, after: int, upto: int) -> None:
    """Leave out what the staged products on these lines name in another way than before."""
    await session.execute(_SPARE_NAMED, {"job": job_id, "source": source_id, "after": after, "upto": upto})


async def count(session: AsyncSession, job_id: UUID) -> int:
    """How many offers are staged to be withdrawn."""
    return int(await session.scalar(_COUNT, {"job": job_id}) or 0)


async def sample(session: AsyncSession, job_id: UUID, size: int) -> list[dict[str, str | None]]:
    """Some of the variants, for the question to a person."""
    return [
        {"product_id": str(product_id), "external_id": external_id, "sku": sku, "title": title}
        for product_id, external_id, sku, title in await session.execute(_SAMPLE, {"job": job_id, "size": size})
    ]


async def next_step(session: AsyncSession, job_id: UUID) -> Step:
    """The products whose variants are withdrawn next; none when all is done."""
    rows = (await session.execute(_NEXT, {"job": job_id, "size": PRODUCTS_AT_ONCE})).all()
    return Step([row[0] for row in rows], sum(row[1] for row in rows))


async def withdraw(session: AsyncSession, job_id: UUID, source_id: UUID, step: Step, done: int) -> None:
    """Empty the offers of a step, with a row of the report each; `done` rows were written by earlier steps."""
    await changes.record(session, job_id)
    where = {"job": job_id, "ids": step.product_ids}
    untouched = set(await session.scalars(_UNTOUCHED, where))
    emptied = set(await session.scalars(_EMPTY_OFFERS, {**where, "first": AFTER_ARCHIVED + done}))
    cause = ledger.Cause(reason=GONE, job_id=job_id)
    variant_ids = await ledger.set_on_hand_from(session, _QUANTITIES, {**where, "source": source_id}, cause)
    if variant_ids:
        values = {"job": job_id, "location": OWN_LOCATION, "changed": list(variant_ids)}
        await session.execute(noting.EMPTIED_STOCK, values)
    if emptied & untouched:
        await summary.refresh(session, emptied & untouched)


async def clear(session: AsyncSession, job_id: UUID, step: Step) -> None:
    """Take a step out of staging."""
    await session.execute(_CLEAR, {"job": job_id, "ids": step.product_ids})
