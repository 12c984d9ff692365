"""Noting what a batch makes new beside goods that were known already, before it is made, so that it can be shown and
taken back. Updates are noted by the tables' triggers, new goods by the statement that makes them.
"""

from sqlalchemy import text

from app.intake.match import IS_EXPORT, OWNED, PRODUCTS, WITH_VARIANTS

_INTO = "INSERT INTO job_changes (job_id, product_id, kind, entity_id, action, after)"
_KNOWN = f"{PRODUCTS} AND p.matched_by IS NOT NULL"

IDENTITIES = text(f"""
{_INTO}
SELECT :job, p.product_id, 'identity', md5(CAST(CAST(:source AS uuid) AS text) || p.external_id)::uuid, 'created',
       jsonb_build_object('source_id', CAST(:source AS uuid), 'external_id', p.external_id, 'url', p.url)
FROM staged_products p
WHERE {_KNOWN} AND NOT {IS_EXPORT} AND NOT EXISTS (
  SELECT FROM source_products known WHERE known.source_id = :source AND known.external_id = p.external_id)
""")

VARIANTS = text(f"""
{_INTO}
SELECT :job, p.product_id, 'variant', v.variant_id, 'created',
       jsonb_build_object('sku', v.sku, 'gtin', v.gtin, 'price', v.price::text, 'cost', v.cost::text,
         'compare_at_price', v.compare_at_price::text, 'currency', v.currency, 'options', v.options)
FROM staged_products p
{WITH_VARIANTS}
JOIN products known ON known.id = p.product_id
WHERE {_KNOWN} AND NOT v.matched AND {OWNED}
""")

OFFERS = text(f"""
{_INTO}
SELECT :job, mine.product_id, 'offer', v.offer_id, 'created',
       jsonb_build_object('external_id', v.external_id, 'cost', v.cost::text, 'price', v.price::text,
         'currency', v.currency, 'stock', v.stock)
FROM staged_products p
{WITH_VARIANTS}
JOIN variants mine ON mine.id = v.variant_id
WHERE {_KNOWN} AND NOT {IS_EXPORT} AND NOT EXISTS (
  SELECT FROM offers known WHERE known.source_id = :source AND known.external_id = v.external_id)
""")

IMAGES = text(f"""
{_INTO}
SELECT :job, p.product_id, 'image', picture.id, 'created',
       jsonb_build_object('url', picture.url, 'alt', picture.alt, 'position', picture.nr - 1)
FROM staged_products p JOIN products known ON known.id = p.product_id,
     unnest(p.image_ids, p.image_urls, p.image_alts) WITH ORDINALITY AS picture (id, url, alt, nr)
WHERE {_KNOWN} AND {OWNED} AND (NOT 'images' = ANY(known.locked_fields) OR {IS_EXPORT}) AND NOT EXISTS (
  SELECT FROM product_images there WHERE there.product_id = p.product_id AND md5(there.url) = md5(picture.url))
""")

# The quantities of new variants go with them; those of known ones are what the ledger has just written.
STOCK = text(f"""
INSERT INTO job_changes (job_id, product_id, kind, entity_id, field, action, before, after)
SELECT DISTINCT ON (e.variant_id) :job, p.product_id, 'stock', e.variant_id, 'stock', 'updated',
       to_jsonb(e.on_hand_after - e.quantity), to_jsonb(e.on_hand_after)
FROM staged_products p
{WITH_VARIANTS}
JOIN stock_balances b ON b.variant_id = v.variant_id AND b.location_id = :location
JOIN stock_entries e ON e.variant_id = b.variant_id AND e.location_id = b.location_id AND e.sequence = b.version
WHERE {_KNOWN} AND v.matched AND e.job_id = :job
  AND (v.variant_id IN (SELECT unnest(CAST(:changed AS uuid[])))) IS TRUE
ON CONFLICT (job_id, product_id, kind, entity_id, field) DO UPDATE SET after = excluded.after
""")

# After variants were withdrawn: their quantities as the ledger has just written them.
EMPTIED_STOCK = text("""
INSERT INTO job_changes (job_id, product_id, kind, entity_id, field, action, before, after)
SELECT :job, mine.product_id, 'stock', e.variant_id, 'stock', 'updated',
       to_jsonb(e.on_hand_after - e.quantity), to_jsonb(e.on_hand_after)
FROM variants mine
JOIN stock_balances b ON b.variant_id = mine.id AND b.location_id = :location
JOIN stock_entries e ON e.variant_id = b.variant_id AND e.location_id = b.location_id AND e.sequence = b.version
WHERE mine.id = ANY(:changed) AND e.job_id = :job
ON CONFLICT (job_id, product_id, kind, entity_id, field) DO UPDATE SET after = excluded.after
""")
