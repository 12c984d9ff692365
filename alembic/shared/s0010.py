"""Jobs: recording changes plans each insert for the rows it meets, and none for statements that met no row.

A static insert was planned once per connection, for whatever came first: an empty call left a nested loop behind that
paired every old row with every new one.
"""

from alembic import op

revision = "s0010"
down_revision = "s0009"
branch_labels = None
depends_on = None


def _money(field: str) -> tuple[str, str]:
    # Four decimals as text: a JSON number would become a float on its way to people.
    return field, f"to_jsonb(@.{field}::text)"


def _plain(field: str) -> tuple[str, str]:
    return field, f"to_jsonb(@.{field})"


CATEGORY = (
    "category",
    "(SELECT jsonb_build_object('id', c.id, 'path', c.path) FROM categories c WHERE c.id = @.category_id)",
)
PRODUCT = [
    *map(_plain, ("title", "description", "brand")),
    CATEGORY,
    *map(_plain, ("tags", "attributes", "options", "status", "archived_reason", "own_sku", "locked_fields")),
]
VARIANT = [
    *map(_plain, ("title", "sku", "gtin")),
    *map(_money, ("price", "compare_at_price", "cost")),
    *map(_plain, ("currency", "options", "attributes", "weight_g", "image_url", "position")),
]
OFFER = [*map(_money, ("cost", "price")), *map(_plain, ("currency", "stock", "handling_days"))]
IMAGE = [*map(_plain, ("alt", "position"))]
IDENTITY = [_plain("url")]


def _record_updates(table: str, kind: str, fields: list[tuple[str, str]], *, key: str, ids: str, product: str) -> str:
    """`key`: how an old row finds its new one; `ids`: the entity's id; `product`: whose it is, with its join."""
    columns = [name if name != "category" else "category_id" for name, _ in fields]
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in "on")
    values = ", ".join(f"('{name}', {sql.replace('@', 'o')}, {sql.replace('@', 'n')})" for name, sql in fields)
    of, _, join = product.partition(" ")
    return f"""
    CREATE OR REPLACE FUNCTION public.record_{table}_updates() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = on AS $body$
    BEGIN
      IF NOT EXISTS (SELECT FROM new_rows) THEN
        RETURN NULL;
      END IF;
      EXECUTE $insert$
      INSERT INTO job_changes AS known (job_id, product_id, kind, entity_id, field, action, before, after)
      SELECT current_setting('app.changes_of')::uuid, {of}, '{kind}', {ids}, c.field, 'updated', c.before, c.after
      FROM old_rows o JOIN new_rows n ON {key} {join}
      CROSS JOIN LATERAL (VALUES {values}) c (field, before, after)
      WHERE ({old}) IS DISTINCT FROM ({new}) AND c.before IS DISTINCT FROM c.after
      ON CONFLICT (job_id, product_id, kind, entity_id, field) DO UPDATE SET after = excluded.after
      $insert$;
      RETURN NULL;
    END
    $body$
    """


RECORD_UPDATES = (
    _record_updates("products", "product", PRODUCT, key="n.id = o.id", ids="n.id", product="n.id"),
    _record_updates("variants", "variant", VARIANT, key="n.id = o.id", ids="n.id", product="n.product_id"),
    _record_updates(
        "offers",
        "offer",
        OFFER,
        key="n.id = o.id",
        ids="n.id",
        product="v.product_id JOIN variants v ON v.id = n.variant_id",
    ),
    _record_updates("product_images", "image", IMAGE, key="n.id = o.id", ids="n.id", product="n.product_id"),
    _record_updates(
        "source_products",
        "identity",
        IDENTITY,
        key="n.source_id = o.source_id AND n.external_id = o.external_id",
        ids="md5(n.source_id::text || n.external_id)::uuid",
        product="n.product_id",
    ),
)


def upgrade() -> None:
    for statement in RECORD_UPDATES:
        op.execute(statement)


def downgrade() -> None:
    """The functions of s0007 record the same."""
