"""The bare import: COPY of the file into a temporary table and one upsert per table, in one transaction on one
connection. No validation, no matching, no report, no progress: ids follow from the line's number.
"""

import time
from pathlib import Path

import asyncpg

from app.core.tenancy import schema_name

SOURCE = "00000000-0000-7000-8000-0000000000aa"
LOCATION = "00000000-0000-7000-8000-000000000001"  # app.inventory.models.OWN_LOCATION
COLUMNS = "sku,title,description,brand,category,price,compare_at_price,cost,currency,stock,gtin,weight_grams,tags"

_STAGE = """
CREATE TEMP TABLE stage (
  line bigint GENERATED ALWAYS AS IDENTITY, sku text, title text, description text, brand text, category text,
  price numeric, compare_at_price numeric, cost numeric, currency text, stock integer, gtin text, weight_grams integer,
  tags text
) ON COMMIT DROP
"""


def _id(kind: int) -> str:
    return f"('00000000-0000-7000-{8000 + kind}-' || lpad(to_hex(line), 12, '0'))::uuid"


def _differs(fields: str) -> str:
    known = ", ".join(f"known.{name}" for name in fields.split())
    fresh = ", ".join(f"excluded.{name}" for name in fields.split())
    return f"({known}) IS DISTINCT FROM ({fresh})"


def _set(fields: str) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in fields.split())


_PRODUCT = "category_id title description brand tags sku gtin price compare_at_price cost currency"
_VARIANT = "sku gtin price compare_at_price cost currency weight_g"
_OFFER = "cost price currency stock"

UPSERTS = (
    f"INSERT INTO sources (id, kind, name) VALUES ('{SOURCE}', 'upload', 'upload') ON CONFLICT DO NOTHING",
    """
    INSERT INTO categories (id, name, slug, path, external_path)
    SELECT md5(category)::uuid, category, category, category, category FROM (SELECT DISTINCT category FROM stage) new
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO products AS known (id, source_id, status, category_id, title, description, brand, tags, sku, gtin,
                                   price, compare_at_price, cost, currency, codes)
    SELECT {_id(0)}, '{SOURCE}', 'published', md5(category)::uuid, title, description, brand,
           string_to_array(tags, '|'), sku, gtin, price, compare_at_price, cost, currency, ARRAY[sku, gtin]
    FROM stage
    ON CONFLICT (id) DO UPDATE SET {_set(_PRODUCT)}, version = known.version + 1, updated_at = now()
    WHERE {_differs(_PRODUCT)}
    """,
    f"""
    INSERT INTO variants AS known (id, product_id, source_id, external_id, sku, gtin, price, compare_at_price, cost,
                                   currency, weight_g)
    SELECT {_id(1)}, {_id(0)}, '{SOURCE}', sku, sku, gtin, price, compare_at_price, cost, currency, weight_grams
    FROM stage
    ON CONFLICT (id) DO UPDATE SET {_set(_VARIANT)}, updated_at = now() WHERE {_differs(_VARIANT)}
    """,
    f"""
    INSERT INTO source_products (source_id, external_id, product_id) SELECT '{SOURCE}', sku, {_id(0)} FROM stage
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO offers AS known (id, variant_id, source_id, external_id, cost, price, currency, stock)
    SELECT {_id(2)}, {_id(1)}, '{SOURCE}', sku, cost, price, currency, stock FROM stage
    ON CONFLICT (source_id, external_id) DO UPDATE SET {_set(_OFFER)}, seen_at = now() WHERE {_differs(_OFFER)}
    """,
    f"""
    WITH changed AS (
      INSERT INTO stock_balances AS known (variant_id, location_id, on_hand, last_change)
      SELECT {_id(1)}, '{LOCATION}', stock, stock FROM stage WHERE stock > 0
      ON CONFLICT (variant_id, location_id) DO UPDATE
      SET on_hand = excluded.on_hand, last_change = excluded.on_hand - known.on_hand, version = known.version + 1
      WHERE known.on_hand <> excluded.on_hand
      RETURNING *
    )
    INSERT INTO stock_entries (variant_id, location_id, sequence, kind, quantity, on_hand_after, reserved_after, reason)
    SELECT variant_id, location_id, version, 'sync_correction', last_change, on_hand, reserved, 'import' FROM changed
    """,
)


async def bring_in(owner_dsn: str, tenant_id: int, path: Path) -> float:
    """Bring a file into a tenant; answers the seconds that it took."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(f"SET search_path = {schema_name(tenant_id)}, public")
        started = time.perf_counter()
        async with connection.transaction():
            await connection.execute(_STAGE)
            with path.open("rb") as file:
                await connection.copy_to_table("stage", source=file, columns=COLUMNS.split(","), format="csv", header=1)
            for statement in UPSERTS:
                await connection.execute(statement)
        return time.perf_counter() - started
    finally:
        await connection.close()
