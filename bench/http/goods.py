"""Fills a tenant's tables with goods by set-based SQL, in the shape that intake writes: one or two variants with offers
and stock, one to three images, one source. The same number makes the same product on every machine.
"""

import asyncpg

from app.core.tenancy import schema_name

SOURCE = "00000000-0000-7000-8000-0000000000aa"
LOCATION = "00000000-0000-7000-8000-000000000001"  # app.inventory.models.OWN_LOCATION

# Ids as the product makes them: UUIDv7, growing with time, so that they lie in the indexes as real ones do.
_ID = """
(lpad(to_hex((extract(epoch FROM {moment}) * 1000)::bigint), 12, '0') || '7' || substr(md5({salt} || n), 1, 3) || '8'
 || substr(md5({salt} || n), 4, 15))::uuid
"""
_MOMENT = "timestamptz '2025-01-01 00:00Z' + n * interval '97 s' + (1 + n * 7919 % 999998) * interval '1 microsecond'"


def _id(salt: str) -> str:
    return _ID.format(moment="moment", salt=f"'{salt}'")


# A number drawn for each product; modulo and shift make independent facts of it.
_STATEMENTS = (
    f"""
    CREATE TEMP TABLE drawn ON COMMIT DROP AS
    SELECT n, moment, dice, {_id("product")} AS product_id, {_id("first")} AS first_id, {_id("second")} AS second_id,
           dice % 10 < 4 AS has_two, 1 + dice % 3 AS images, 'SKU-' || lpad(n::text, 7, '0') AS sku,
           round((399 + dice % 90000) / 100.0, 2) AS price
    FROM (SELECT n, {_MOMENT} AS moment, (n * 2654435761) % 4294967296 AS dice FROM generate_series(1, $1::bigint) n) x
    """,
    f"INSERT INTO sources (id, kind, name) VALUES ('{SOURCE}', 'upload', 'upload')",
    """
    INSERT INTO categories (id, name, slug, path, external_path)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Shelf ' || n, 'shelf-' || n, 'Shelf ' || n,
           'Shelf ' || n
    FROM generate_series(1, 20) n
    """,
    f"""
    INSERT INTO products (id, source_id, category_id, status, title, description, brand, tags, options,
                          sku, gtin, price, compare_at_price, cost, currency, codes, created_at, updated_at)
    SELECT product_id, '{SOURCE}', ('00000000-0000-7000-8000-' || lpad((1 + dice % 20)::text, 12, '0'))::uuid,
           CASE WHEN dice % 20 = 0 THEN 'draft' ELSE 'published' END,
           'Classic ' || (ARRAY['Oak', 'Linen', 'Steel', 'Wool', 'Glass'])[1 + dice % 5] || ' '
             || (ARRAY['Chair', 'Lamp', 'Mug', 'Jacket', 'Bottle', 'Desk', 'Blanket'])[1 + dice % 7] || ' ' || n,
           '<p>Made for <strong>everyday use</strong>, tested for long life and easy care. Ships in recyclable'
             || ' packaging with a two-year warranty. Suitable for indoor and outdoor use in all seasons.</p>'
             || '<ul><li>Number ' || n || ' of its series</li><li>Finished by hand</li></ul>',
           (ARRAY['Acme', 'Norda', 'Lumen', 'Kestrel', 'Ashwood', 'Peakline'])[1 + dice % 6],
           string_to_array((ARRAY['sale,new', 'winter,gift', 'fragile,oversize'])[1 + dice % 3], ','),
           CASE WHEN has_two THEN '[{{"name": "Size", "values": ["S", "L"]}}]'::jsonb ELSE '[]' END,
           sku, '952' || lpad(n::text, 10, '0'), price,
           CASE WHEN dice % 4 = 0 THEN price + 5 END, round(price * 0.6, 2), 'EUR',
           CASE WHEN has_two THEN ARRAY[sku, sku || '-L'] ELSE ARRAY[sku] END, moment, moment
    FROM drawn ORDER BY n
    """,
    f"""
    INSERT INTO variants (id, product_id, source_id, external_id, position, sku, gtin, price, compare_at_price, cost,
                          currency, options, weight_g, created_at, updated_at)
    SELECT first_id, product_id, '{SOURCE}'::uuid, sku, 0, sku, '952' || lpad(n::text, 10, '0'), price,
           CASE WHEN dice % 4 = 0 THEN price + 5 END, round(price * 0.6, 2), 'EUR',
           CASE WHEN has_two THEN '{{"Size": "S"}}'::jsonb ELSE '{{}}' END, 100 + dice % 900, moment, moment
    FROM drawn
    UNION ALL
    SELECT second_id, product_id, '{SOURCE}', sku || '-L', 1, sku || '-L', NULL, price + 2, NULL,
           round(price * 0.6, 2), 'EUR', '{{"Size": "L"}}', 120 + dice % 900, moment, moment
    FROM drawn WHERE has_two
    """,
    """
    INSERT INTO product_images (id, product_id, url, alt, position, created_at)
    SELECT md5(n || '/' || nr)::uuid, product_id, 'https://images.goods.example/' || n || '/' || nr || '.jpg',
           CASE WHEN nr = 1 THEN 'View of number ' || n END, nr - 1, moment
    FROM drawn, generate_series(1, images) nr
    """,
    f"""
    INSERT INTO source_products (source_id, external_id, product_id, url, seen_at)
    SELECT '{SOURCE}', sku, product_id, NULL, moment FROM drawn
    """,
    f"""
    INSERT INTO offers (id, variant_id, source_id, external_id, cost, price, currency, stock, seen_at)
    SELECT md5(id::text)::uuid, id, '{SOURCE}', external_id, cost, price, currency,
           (hashtext(sku) & 127) + 1, created_at FROM variants
    """,
    f"""
    INSERT INTO stock_balances (variant_id, location_id, on_hand, last_change, updated_at)
    SELECT variant_id, '{LOCATION}', stock, stock, seen_at FROM offers
    """,
    f"""
    INSERT INTO stock_entries (variant_id, location_id, sequence, kind, quantity, on_hand_after, reserved_after, reason)
    SELECT variant_id, '{LOCATION}', 1, 'sync_correction', stock, stock, 0, 'import' FROM offers
    """,
)


async def fill(owner_dsn: str, tenant_id: int, products: int) -> None:
    """Give a tenant so many products; their number 1 is the oldest."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('search_path', $1, true)", f"{schema_name(tenant_id)}, public")
            for number, statement in enumerate(_STATEMENTS):
                await connection.execute(statement, *([products] if number == 0 else []))
    finally:
        await connection.close()
