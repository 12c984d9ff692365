"""Renewing, for many products at once, what their rows repeat of their variants; the one-product form is in rows.py."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_REFRESH = text("""
WITH live AS (
  SELECT product_id, sku, gtin, price, compare_at_price, cost, currency, position, id
  FROM variants WHERE product_id = ANY(:ids) AND deleted_at IS NULL
), main AS (
  SELECT DISTINCT ON (product_id) * FROM live ORDER BY product_id, position, id
), said AS (
  SELECT product_id, array_agg(DISTINCT code) AS codes
  FROM live, unnest(ARRAY[sku, gtin]) AS code WHERE code IS NOT NULL GROUP BY product_id
)
UPDATE products p
SET sku = coalesce(p.own_sku, main.sku), gtin = main.gtin, price = main.price, cost = main.cost,
    compare_at_price = main.compare_at_price, currency = main.currency,
    codes = array_remove(ARRAY[p.own_sku], NULL) || coalesce(said.codes, '{}'),
    version = p.version + 1, updated_at = now()
FROM unnest(CAST(:ids AS uuid[])) AS wanted (id)
LEFT JOIN main ON main.product_id = wanted.id
LEFT JOIN said ON said.product_id = wanted.id
WHERE p.id = wanted.id
""")


async def refresh(session: AsyncSession, product_ids: Collection[UUID]) -> None:
    """Say that these products, or parts of them, have changed, and copy their main variants anew."""
    await session.execute(_REFRESH, {"ids": list(product_ids)})
