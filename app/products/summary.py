"""Renewing, for many products at once, what their rows repeat of their variants; the one-product form is in rows.py."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Of the products named `wanted (id)`, one look-up each: `main` and `said` for the statement that writes `products p`.
MAIN_VARIANT = """
LEFT JOIN LATERAL (
  SELECT * FROM variants v WHERE v.product_id = wanted.id AND v.deleted_at IS NULL ORDER BY v.position, v.id LIMIT 1
) main ON true
LEFT JOIN LATERAL (
  SELECT array_agg(DISTINCT code) AS codes
  FROM (SELECT v.sku, v.gtin FROM variants v WHERE v.product_id = wanted.id AND v.deleted_at IS NULL OFFSET 0) live,
       unnest(ARRAY[live.sku, live.gtin]) AS code
  WHERE code IS NOT NULL
) said ON true
"""
COPIES = """
sku = coalesce(p.own_sku, main.sku), gtin = main.gtin, price = main.price, cost = main.cost,
    compare_at_price = main.compare_at_price, currency = main.currency,
    codes = array_remove(ARRAY[p.own_sku], NULL) || coalesce(said.codes, '{}'),
    version = p.version + 1, updated_at = now()
"""
_REFRESH = text(f"""
UPDATE products p SET {COPIES}
FROM unnest(CAST(:ids AS uuid[])) AS wanted (id) {MAIN_VARIANT}
WHERE p.id = wanted.id
""")


async def refresh(session: AsyncSession, product_ids: Collection[UUID]) -> None:
    """Say that these products, or parts of them, have changed, and copy their main variants anew."""
    await session.execute(_REFRESH, {"ids": list(product_ids)})
