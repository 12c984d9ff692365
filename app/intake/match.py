"""Matching a batch of staged goods to the catalogue by identity (engine.md, Identity of goods), and refusing what
cannot be matched rightly. Works on staging rows only; nothing of the catalogue is written here.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake.models import OWN_ID
from app.products import bounds

# Continues the report numbers of settle.py.
PRODUCT_DELETED = 1004
SKU_TAKEN = 1006
# A warning beside the product's fate.
TITLE_MISSING = 901


@dataclass(frozen=True, slots=True)
class Batch:
    """The staged products of one job with `after < line <= upto`, for one source."""

    job_id: UUID
    source_id: UUID
    after: int
    upto: int
    own_file: bool

    @property
    def params(self) -> dict[str, object]:
        """The names that every statement of a batch uses."""
        return {"job": self.job_id, "source": self.source_id, "after": self.after, "upto": self.upto}


PRODUCTS = "p.job_id = :job AND p.line > :after AND p.line <= :upto"
VARIANTS = "v.job_id = :job AND v.product_line > :after AND v.product_line <= :upto"
# The range stands on one table of a join only: on both, the planner, which has no statistics of rows that are hardly
# staged, joins every row of one with every row of the other.
# For the same reason a product's variants are looked up one product at a time, which OFFSET 0 makes sure of.
WITH_VARIANTS = """
JOIN LATERAL (
  SELECT v.* FROM staged_variants v WHERE v.job_id = p.job_id AND v.product_line = p.line OFFSET 0
) v ON true
"""
# An export that comes back is the seller's own word about goods of any source; it is none of the sources itself.
IS_EXPORT = f"p.matched_by IS NOT DISTINCT FROM '{OWN_ID}'"
# Content belongs to one source per product; the seller's own file takes over goods made by hand by their SKU.
OWNED = f"(known.source_id = :source OR (known.source_id IS NULL AND p.matched_by = 'sku') OR {IS_EXPORT})"
ITS_VARIANTS = "v.job_id = p.job_id AND v.product_line = p.line"

# An export of ours names goods by our ids, which count only where they are ids of this catalogue.
_FORGET_STRANGE_VARIANTS = text(f"""
UPDATE staged_variants v SET variant_id = gen_random_uuid(), matched = false
FROM staged_products p
WHERE {PRODUCTS} AND p.matched_by = '{OWN_ID}' AND {ITS_VARIANTS} AND v.matched
  AND NOT EXISTS (SELECT FROM variants known WHERE known.id = v.variant_id AND known.product_id = p.product_id
                  AND known.deleted_at IS NULL)
""")
_FORGET_STRANGE_PRODUCTS = text(f"""
UPDATE staged_products p SET product_id = gen_random_uuid(), matched_by = NULL
WHERE {PRODUCTS} AND p.matched_by = '{OWN_ID}'
  AND NOT EXISTS (SELECT FROM products known WHERE known.id = p.product_id)
""")
# What such a file repeats is left alone: options that the product has anyway, and pictures in their present order.
_KEEP_OWN_PARTS = text(f"""
UPDATE staged_products p
SET options = CASE WHEN known.options @> p.options THEN NULL ELSE (
      SELECT jsonb_agg(jsonb_build_object('name', name, 'values', "values") ORDER BY first)
      FROM (
        SELECT name, coalesce(jsonb_agg(value ORDER BY first) FILTER (WHERE value IS NOT NULL), '[]') AS "values",
               min(first) AS first
        FROM (
          SELECT option.value ->> 'name' AS name, given.value, min(option.nr * 100000 + coalesce(given.nr, 0)) AS first
          FROM jsonb_array_elements(known.options || p.options) WITH ORDINALITY AS option (value, nr)
          LEFT JOIN LATERAL jsonb_array_elements(option.value -> 'values') WITH ORDINALITY AS given (value, nr) ON true
          GROUP BY 1, 2
        ) used GROUP BY name
      ) named) END,
    (image_ids, image_urls, image_alts) = (
      SELECT CASE WHEN differ THEN p.image_ids END, CASE WHEN differ THEN p.image_urls END,
             CASE WHEN differ THEN p.image_alts END
      FROM (SELECT (p.image_urls, array_replace(p.image_alts, NULL, '')) IS DISTINCT FROM
                   (array_agg(url ORDER BY position, id), array_agg(coalesce(alt, '') ORDER BY position, id)) AS differ
            FROM product_images WHERE product_id = p.product_id) present)
FROM products known
WHERE {PRODUCTS} AND p.matched_by = '{OWN_ID}' AND known.id = p.product_id
  AND (p.options IS NOT NULL OR p.image_urls IS NOT NULL)
""")

_PRODUCTS_BY_IDENTITY = text(f"""
UPDATE staged_products p SET product_id = known.product_id, matched_by = 'identity'
FROM source_products known
WHERE {PRODUCTS} AND p.matched_by IS NULL AND known.source_id = :source AND known.external_id = p.external_id
""")


def _products_by(name: str, same: str, whose: str) -> str:
    # Only goods all of whose variants are found, and all in one product, are the same goods.
    return f"""
    UPDATE staged_products p SET product_id = found.product_id, matched_by = '{name}'
    FROM (
      SELECT p.line, min(known.product_id::text)::uuid AS product_id
      FROM staged_products p
      JOIN staged_variants v ON {ITS_VARIANTS}
      LEFT JOIN variants known ON {same} AND known.deleted_at IS NULL AND {whose}
      WHERE {PRODUCTS} AND p.matched_by IS NULL
      GROUP BY p.line
      HAVING bool_and(known.id IS NOT NULL) AND count(DISTINCT known.product_id) = 1
    ) found
    WHERE p.job_id = :job AND p.line = found.line
    """


_SAME_GTIN = "lpad(known.gtin, 14, '0') = lpad(v.gtin, 14, '0')"
_SAME_SKU = "lower(known.sku) = lower(v.sku)"
_PRODUCTS_BY_GTIN = text(_products_by("gtin", _SAME_GTIN, "known.source_id IS DISTINCT FROM :source"))
# The seller's own file also means goods that were made by hand, by their SKU.
_PRODUCTS_BY_SKU = text(_products_by("sku", _SAME_SKU, "known.source_id IS NULL"))

# Goods that were found so before are known by the file's name for them; the file goes on to mean them by their SKUs.
_STILL_BY_SKU = text(f"""
UPDATE staged_products p SET matched_by = 'sku' FROM products known
WHERE {PRODUCTS} AND p.matched_by = 'identity' AND known.id = p.product_id AND known.source_id IS NULL
  AND p.has_variants AND NOT EXISTS (
    SELECT FROM staged_variants v WHERE {ITS_VARIANTS} AND NOT EXISTS (
      SELECT FROM variants mine
      WHERE mine.product_id = p.product_id AND mine.deleted_at IS NULL AND lower(mine.sku) = lower(v.sku)))
""")

_VARIANTS_BY_IDENTITY = text(f"""
UPDATE staged_variants v SET variant_id = known.variant_id, matched = true
FROM offers known
WHERE {VARIANTS} AND NOT v.matched AND known.source_id = :source AND known.external_id = v.external_id
""")

_VARIANTS_IN_PRODUCT = text(f"""
UPDATE staged_variants v SET variant_id = known.id, matched = true
FROM staged_products p JOIN variants known ON known.product_id = p.product_id AND known.deleted_at IS NULL
WHERE {PRODUCTS} AND p.matched_by IS NOT NULL AND {ITS_VARIANTS} AND NOT v.matched
  AND ({_SAME_SKU} OR {_SAME_GTIN})
""")


def _reject_products(number: int, code: str, words: str, found: str) -> str:
    return f"""
    WITH refused AS (
      DELETE FROM staged_products p USING ({found}) f WHERE p.job_id = :job AND p.line = f.line
      RETURNING p.line, p.external_id
    ), gone AS (
      DELETE FROM staged_variants v USING refused WHERE v.job_id = :job AND v.product_line = refused.line
    )
    INSERT INTO import_rows (job_id, line, number, action, external_id, code, message)
    SELECT :job, line, {number}, 'rejected', external_id, '{code}', '{words}' FROM refused
    """


_REJECT_DELETED = text(
    _reject_products(
        PRODUCT_DELETED,
        "product_deleted",
        "This product was deleted here and stays so. Restore it first if the file shall update it.",
        f"""SELECT p.line FROM staged_products p JOIN products known ON known.id = p.product_id
            WHERE {PRODUCTS} AND p.matched_by IS NOT NULL AND known.deleted_at IS NOT NULL""",
    )
)
# Identity is what a product cannot do without; a name can be given to it here.
_NAME_UNTITLED = text(f"""
WITH named AS (
  UPDATE staged_products p SET title = left(p.external_id, {bounds.TITLE}), status = 'draft'
  WHERE {PRODUCTS} AND p.matched_by IS NULL AND p.title IS NULL
  RETURNING p.line, p.external_id
)
INSERT INTO import_rows (job_id, line, number, action, external_id, code, message)
SELECT :job, line, {TITLE_MISSING}, 'warning', external_id, 'title_missing',
       'The product has no title: it comes in as a draft that bears its id as a name. Give it a title to publish it.'
FROM named
""")
_REJECT_TAKEN_SKUS = text(f"""
WITH refused AS (
  DELETE FROM staged_variants gone
  USING (
    SELECT v.product_line, v.position
    FROM staged_products p
    LEFT JOIN products target ON p.matched_by IS NOT NULL AND target.id = p.product_id
    JOIN staged_variants v ON {ITS_VARIANTS}
    JOIN variants known ON {_SAME_SKU} AND known.deleted_at IS NULL AND known.id <> v.variant_id
      AND known.source_id IS NOT DISTINCT FROM CASE WHEN p.matched_by IS NULL THEN :source ELSE target.source_id END
    WHERE {PRODUCTS}
  ) taken
  WHERE gone.job_id = :job AND gone.product_line = taken.product_line AND gone.position = taken.position
  RETURNING gone.line, gone.external_id, gone.sku
)
INSERT INTO import_rows (job_id, line, number, action, external_id, code, message)
SELECT DISTINCT ON (line) :job, line, {SKU_TAKEN}, 'rejected', external_id, 'sku_taken',
       format('SKU “%s” belongs to another variant of this source already. Change one of the two.', sku)
FROM refused
""")
_DROP_EMPTIED = text(f"""
DELETE FROM staged_products p
WHERE {PRODUCTS} AND p.has_variants
  AND NOT EXISTS (SELECT FROM staged_variants v WHERE v.job_id = :job AND v.product_line = p.line)
""")


async def match_batch(session: AsyncSession, batch: Batch) -> None:
    """Point the batch's staged rows at the goods they mean; rows that may not be applied leave with a reason."""
    statements = [_FORGET_STRANGE_VARIANTS, _FORGET_STRANGE_PRODUCTS, _KEEP_OWN_PARTS]
    statements += [_PRODUCTS_BY_IDENTITY, _PRODUCTS_BY_GTIN]
    if batch.own_file:
        statements += [_STILL_BY_SKU, _PRODUCTS_BY_SKU]
    statements += [_VARIANTS_BY_IDENTITY, _VARIANTS_IN_PRODUCT]
    statements += [_REJECT_DELETED, _NAME_UNTITLED, _REJECT_TAKEN_SKUS, _DROP_EMPTIED]
    for statement in statements:
        await session.execute(statement, batch.params)
