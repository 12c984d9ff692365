"""Settling what a file says twice, before anything is matched: fragments of one product become one, later rows of an
identity that stood already are rejected. Set-based, in bounded steps that each leave less to do.
"""

from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

STEP = 2000

# Report numbers that keep several statements about one line apart: 0 is the fate of the product on it, 1 to 999 are
# warnings, the page's own rejections come next, then those of settling and matching.
ROW_REJECTED = 1000
DUPLICATE_PRODUCT = 1001
DUPLICATE_VARIANT = 1002
DUPLICATE_SKU = 1003

_REJECT_LATER_PRODUCTS = text(f"""
WITH later AS (
  SELECT s.line, s.external_id, f.first
  FROM staged_products s
  JOIN (SELECT external_id, min(line) AS first FROM staged_products WHERE job_id = :job
        GROUP BY external_id HAVING count(*) > 1) f USING (external_id)
  WHERE s.job_id = :job AND s.line > f.first AND NOT s.fragment
  LIMIT {STEP}
), gone AS (
  DELETE FROM staged_products s USING later WHERE s.job_id = :job AND s.line = later.line
), gone_variants AS (
  DELETE FROM staged_variants v USING later WHERE v.job_id = :job AND v.product_line = later.line
)
INSERT INTO import_rows (job_id, line, number, action, external_id, code, message)
SELECT :job, line, {DUPLICATE_PRODUCT}, 'rejected', external_id, 'duplicate_in_file',
       format('“%s” stood already on line %s, and the first row counts. Remove this row or give it an id of its own.',
              external_id, first)
FROM later
""")

# The first fragment takes what it lacks from the later ones, and all their variants and pictures.
_MERGE_FRAGMENTS = text(f"""
WITH groups AS (
  SELECT external_id, min(line) AS first FROM staged_products WHERE job_id = :job
  GROUP BY external_id HAVING count(*) > 1 LIMIT {STEP}
), said AS (
  SELECT g.first,
         (array_agg(sku ORDER BY line) FILTER (WHERE sku IS NOT NULL))[1] AS sku,
         (array_agg(title ORDER BY line) FILTER (WHERE title IS NOT NULL))[1] AS title,
         (array_agg(description ORDER BY line) FILTER (WHERE description IS NOT NULL))[1] AS description,
         (array_agg(brand ORDER BY line) FILTER (WHERE brand IS NOT NULL))[1] AS brand,
         (array_agg(to_jsonb(category_path) ORDER BY line) FILTER (WHERE category_path IS NOT NULL))[1] AS categories,
         (array_agg(url ORDER BY line) FILTER (WHERE url IS NOT NULL))[1] AS url,
         (array_agg(status ORDER BY line) FILTER (WHERE status IS NOT NULL))[1] AS status,
         (array_agg(attributes ORDER BY line) FILTER (WHERE attributes IS NOT NULL))[1] AS attributes
  FROM staged_products s JOIN groups g USING (external_id) WHERE s.job_id = :job GROUP BY g.first
), moved AS (
  UPDATE staged_variants v SET product_line = g.first
  FROM staged_products s JOIN groups g USING (external_id)
  WHERE s.job_id = :job AND v.job_id = :job AND v.product_line = s.line AND s.line > g.first
)
UPDATE staged_products p
SET sku = said.sku, title = said.title,
    description = said.description, brand = said.brand, category_path = CASE WHEN said.categories IS NOT NULL
      THEN ARRAY(SELECT jsonb_array_elements_text(said.categories)) END,
    url = said.url, status = said.status, attributes = said.attributes, has_variants = true,
    (image_ids, image_urls, image_alts) = (
      SELECT array_agg(id ORDER BY line, nr), array_agg(url ORDER BY line, nr), array_agg(alt ORDER BY line, nr)
      FROM (
        SELECT DISTINCT ON (i.url) i.id, i.url, i.alt, s.line, i.nr
        FROM staged_products s,
             unnest(s.image_ids, s.image_urls, s.image_alts) WITH ORDINALITY AS i (id, url, alt, nr)
        WHERE s.job_id = :job AND s.external_id = p.external_id
        ORDER BY i.url, s.line, i.nr
      ) pictures
    )
FROM said WHERE p.job_id = :job AND p.line = said.first
""")

_DROP_MERGED = text("""
DELETE FROM staged_products s
USING (SELECT external_id, min(line) AS first FROM staged_products WHERE job_id = :job
       GROUP BY external_id HAVING count(*) > 1) g
WHERE s.job_id = :job AND s.external_id = g.external_id AND s.line > g.first
  AND NOT EXISTS (SELECT FROM staged_variants v WHERE v.job_id = :job AND v.product_line = s.line)
""")

# Option names and values of merged products, in the order in which their variants first use them.
_REBUILD_OPTIONS = text("""
UPDATE staged_products p SET options = found.options
FROM (
  SELECT product_line, jsonb_agg(jsonb_build_object('name', name, 'values', "values") ORDER BY first) AS options
  FROM (
    SELECT product_line, name, jsonb_agg(value ORDER BY first) AS "values", min(first) AS first
    FROM (
      SELECT v.product_line, o.key AS name, o.value, min(v.position * 100 + o.nr) AS first
      FROM staged_products p
      JOIN staged_variants v ON v.job_id = p.job_id AND v.product_line = p.line,
           jsonb_each_text(v.options) WITH ORDINALITY AS o (key, value, nr)
      WHERE p.job_id = :job AND p.fragment
      GROUP BY 1, 2, 3
    ) used GROUP BY 1, 2
  ) named GROUP BY 1
) found
WHERE p.job_id = :job AND p.line = found.product_line AND p.fragment AND p.options IS DISTINCT FROM found.options
""")


# These read the whole import, so their joins are hash joins, whatever old statistics of the staging tables say.
_WHOLE_IMPORT = text("SELECT set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)")


def _reject_later_variants(key: str, number: int, code: str, words: str) -> TextClause:
    return text(f"""
    WITH later AS (
      SELECT v.product_line, v.position, v.line, v.external_id, f.key, f.first_line
      FROM staged_variants v
      JOIN (SELECT {key} AS key, min(v.position) AS first, min(v.line) AS first_line FROM staged_variants v
            WHERE v.job_id = :job AND {key} IS NOT NULL GROUP BY 1 HAVING count(*) > 1) f ON f.key = {key}
      WHERE v.job_id = :job AND v.position > f.first
      LIMIT {STEP}
    ), gone AS (
      DELETE FROM staged_variants v USING later
      WHERE v.job_id = :job AND v.product_line = later.product_line AND v.position = later.position
    )
    INSERT INTO import_rows (job_id, line, number, action, external_id, code, message)
    SELECT :job, line, {number}, 'rejected', external_id, '{code}', format('{words}', key, first_line)
    FROM later
    ON CONFLICT DO NOTHING
    """)


_REJECT_LATER_VARIANTS = _reject_later_variants(
    "v.external_id",
    DUPLICATE_VARIANT,
    "duplicate_in_file",
    "Variant “%s” stood already on line %s, and the first row counts. Remove this row or give it an id of its own.",
)
# Goods that an export of ours names by id may share a SKU with those of another source, where it is theirs already.
_NEW_SKU = """CASE WHEN NOT v.matched OR NOT EXISTS (
  SELECT FROM variants mine WHERE mine.id = v.variant_id AND lower(mine.sku) = lower(v.sku)) THEN lower(v.sku) END"""
_REJECT_LATER_SKUS = _reject_later_variants(
    _NEW_SKU,
    DUPLICATE_SKU,
    "duplicate_sku",
    "SKU “%s” stood already on line %s, and a SKU is given once. Change the SKU of one of the two rows.",
)
_DROP_EMPTIED = text("""
DELETE FROM staged_products p
WHERE p.job_id = :job AND p.has_variants
  AND NOT EXISTS (SELECT FROM staged_variants v WHERE v.job_id = :job AND v.product_line = p.line)
""")


async def settle_step(session: AsyncSession, job_id: UUID) -> bool:
    """Take one bounded step; False when nothing was left to settle."""
    job = {"job": job_id}
    await session.execute(_WHOLE_IMPORT)
    for statement in (_REJECT_LATER_PRODUCTS, _REJECT_LATER_VARIANTS, _REJECT_LATER_SKUS):
        if (await session.execute(statement, job)).rowcount:  # type: ignore[attr-defined]
            return True
    if (await session.execute(_MERGE_FRAGMENTS, job)).rowcount:  # type: ignore[attr-defined]
        await session.execute(_DROP_MERGED, job)
        return True
    await session.execute(_REBUILD_OPTIONS, job)
    await session.execute(_DROP_EMPTIED, job)
    return False
