"""Settling at once what is as it was: goods of a batch of which the source says nothing new leave with their row of the
report, by one statement. What is not surely unchanged goes the long way, so this may look less than that does.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake.match import PRODUCTS, Batch
from app.inventory.models import OWN_LOCATION
from app.products import bounds
from app.products.categories import SEPARATOR
from app.products.lifecycle import GONE

CONTENT = ("title", "description", "brand", "tags", "attributes", "options")
TERMS = ("sku", "gtin", "price", "compare_at_price", "cost", "currency", "weight_g", "image_url")
OFFERED = ("cost", "price", "currency", "stock")


def _news(staged: str, ours: str, fields: tuple[str, ...]) -> str:
    """Whether the source gives one of these fields a value other than ours; a missing one says nothing."""
    given = (f"{staged}.{field} IS NOT NULL AND {staged}.{field} IS DISTINCT FROM {ours}.{field}" for field in fields)
    return " OR ".join(given)


# OFFSET 0 has every product looked at by itself, through its keys (road.py says why the planner is told).
_SAME_CATEGORY = f"""(p.category_path IS NULL OR EXISTS (
  SELECT FROM categories node WHERE node.id = known.category_id
    AND lower(node.external_path)
      = lower(left(array_to_string(p.category_path, '{SEPARATOR}'), {bounds.CATEGORY_PATH})) OFFSET 0))"""
_SAME_IMAGES = """(p.image_urls IS NULL OR (
  cardinality(p.image_urls) = (SELECT count(*) FROM product_images there WHERE there.product_id = known.id)
  AND NOT EXISTS (
    SELECT FROM unnest(p.image_urls, p.image_alts) WITH ORDINALITY AS picture (url, alt, nr)
    WHERE NOT EXISTS (
      SELECT FROM product_images there
      WHERE there.product_id = known.id AND there.url = picture.url AND there.position = picture.nr - 1
        AND there.alt IS NOT DISTINCT FROM picture.alt OFFSET 0) OFFSET 0)))"""
_OTHER_VARIANTS = f"""EXISTS (
  SELECT FROM staged_variants v
  LEFT JOIN offers offer ON offer.source_id = :source AND offer.external_id = v.external_id
  LEFT JOIN variants mine ON mine.id = offer.variant_id
  LEFT JOIN stock_balances balance ON balance.variant_id = mine.id AND balance.location_id = '{OWN_LOCATION}'
  WHERE v.job_id = p.job_id AND v.product_line = p.line AND (
    mine.id IS NULL OR mine.product_id <> known.id OR mine.deleted_at IS NOT NULL
    OR {_news("v", "mine", TERMS)} OR {_news("v", "offer", OFFERED)}
    OR v.options <> '{{}}' AND v.options <> mine.options
    OR v.stock <> coalesce(balance.on_hand, 0)) OFFSET 0)"""
_SETTLE = text(f"""
WITH same AS MATERIALIZED (
  SELECT p.line, p.external_id, known.id
  FROM staged_products p
  JOIN source_products identity ON identity.source_id = :source AND identity.external_id = p.external_id
  JOIN products known ON known.id = identity.product_id
  WHERE {PRODUCTS} AND p.matched_by IS NULL AND known.source_id = :source
    AND known.deleted_at IS NULL AND known.archived_reason IS DISTINCT FROM '{GONE}'
    AND cardinality(known.locked_fields) = 0
    AND NOT ({_news("p", "identity", ("url",))} OR {_news("p", "known", CONTENT)})
    AND {_SAME_CATEGORY} AND {_SAME_IMAGES} AND NOT {_OTHER_VARIANTS}
), gone AS (
  DELETE FROM staged_products p USING same WHERE p.job_id = :job AND p.line = same.line
), gone_variants AS (
  DELETE FROM staged_variants v USING same WHERE v.job_id = :job AND v.product_line = same.line
), reported AS (
  INSERT INTO import_rows (job_id, line, number, action, external_id, product_id)
  SELECT :job, line, 0, 'unchanged', external_id, id FROM same
)
SELECT count(*) FROM same
""")
_ANY_LEFT = text(f"SELECT EXISTS (SELECT FROM staged_products p WHERE {PRODUCTS})")


async def settle_unchanged(session: AsyncSession, batch: Batch) -> tuple[int, bool]:
    """Take the goods that are as they were out of the batch; answers how many, and whether others are left."""
    settled = int(await session.scalar(_SETTLE, batch.params) or 0)
    return settled, not settled or bool(await session.scalar(_ANY_LEFT, batch.params))
