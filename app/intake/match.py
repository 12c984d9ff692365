"""Matching a batch of staged goods to the catalogue by identity (engine.md, Identity of goods), and refusing what
cannot be matched rightly. Works on staging rows only; nothing of the catalogue is written here.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Continues the report numbers of settle.py.
PRODUCT_DELETED = 1004
TITLE_MISSING = 1005
SKU_TAKEN = 1006


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
# Content belongs to one source per product; the seller's own file takes over goods made by hand by their SKU.
OWNED = "(known.source_id = :source OR (known.source_id IS NULL AND p.matched_by = 'sku'))"
ITS_VARIANTS = "v.job_id = p.job_id AND v.product_line = p.line"

_PRODUCTS_BY_IDENTITY = text(f"""
UPDATE staged_products p SET product_id = known.product_id, matched_by = 'identity'
FROM source_products known
WHERE {PRODUCTS} AND known.source_id = :source AND known.external_id = p.external_id
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

_VARIANTS_BY_IDENTITY = text(f"""
UPDATE staged_variants v SET variant_id = known.variant_id, matched = true
FROM offers known
WHERE {VARIANTS} AND known.source_id = :source AND known.external_id = v.external_id
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
_REJECT_UNTITLED = text(
    _reject_products(
        TITLE_MISSING,
        "title_missing",
        "A new product needs a title, and this row has none. Fill in its title.",
        f"SELECT p.line FROM staged_products p WHERE {PRODUCTS} AND p.matched_by IS NULL AND p.title IS NULL",
    )
)
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
    statements = [_PRODUCTS_BY_IDENTITY, _PRODUCTS_BY_GTIN]
    if batch.own_file:
        statements.append(_PRODUCTS_BY_SKU)
    statements += [_VARIANTS_BY_IDENTITY, _VARIANTS_IN_PRODUCT]
    statements += [_REJECT_DELETED, _REJECT_UNTITLED, _REJECT_TAKEN_SKUS, _DROP_EMPTIED]
    for statement in statements:
        await session.execute(statement, batch.params)
