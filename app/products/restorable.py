"""The fields of the catalogue that a job's changes can be taken back in, and the SQL that does it for one field of many
rows: the former value is written where the present one is still what the job left behind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import TextClause, text

# The rows of a step: `ids` are products, read from the changes' own key.
OF_STEP = "c.job_id = :job AND c.product_id = ANY(:ids) AND c.undone IS NULL"


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is read as it was recorded (`present`), and how a recorded value becomes one again (`value`)."""

    kind: str
    table: str
    name: str
    column: str
    present: str
    value: str
    # What else must hold, and what it means when it does not.
    guard: str = "true"
    blocked: tuple[str, str] | None = None


_TEXTS = "(SELECT coalesce(array_agg(e.value ORDER BY e.nr), '{}') FROM jsonb_array_elements_text(c.before)"
_FORMS = {
    "text": ("to_jsonb(t.@)", "c.before #>> '{}'"),
    "integer": ("to_jsonb(t.@)", "(c.before #>> '{}')::integer"),
    "json": ("to_jsonb(t.@)", "c.before"),
    "texts": ("to_jsonb(t.@)", _TEXTS + " WITH ORDINALITY AS e (value, nr))"),
    "money": ("to_jsonb(t.@::text)", "(c.before #>> '{}')::numeric"),
}
_SKU_FREE = """
NOT EXISTS (SELECT FROM variants other WHERE lower(other.sku) = lower(c.before #>> '{}') AND other.deleted_at IS NULL
            AND other.source_id IS NOT DISTINCT FROM t.source_id AND other.id <> t.id)
AND NOT EXISTS (SELECT FROM job_changes twin WHERE twin.job_id = :job AND twin.product_id = ANY(:ids)
                AND twin.kind = 'variant' AND twin.field = 'sku' AND twin.undone IS NULL
                AND lower(twin.before #>> '{}') = lower(c.before #>> '{}') AND twin.entity_id < c.entity_id)
"""
_SKU_TAKEN = ("sku_taken", "The former SKU belongs to another variant by now.")
_CATEGORY_GONE = ("category_gone", "The former category does not exist any more.")


def _fields(kind: str, table: str, **forms: str) -> Iterator[Field]:
    for form, names in forms.items():
        present, value = _FORMS[form]
        for name in names.split():
            yield Field(kind, table, name, name, present.replace("@", name), value)


_CATEGORY = Field(
    "product",
    "products",
    "category",
    "category_id",
    "CASE WHEN t.category_id IS NOT DISTINCT FROM (c.after ->> 'id')::uuid THEN c.after ELSE '\"another\"' END",
    "(c.before ->> 'id')::uuid",
    "(c.before IS NULL OR EXISTS (SELECT FROM categories known WHERE known.id = (c.before ->> 'id')::uuid))",
    _CATEGORY_GONE,
)
_SKU = Field("variant", "variants", "sku", "sku", "to_jsonb(t.sku)", "c.before #>> '{}'", _SKU_FREE, _SKU_TAKEN)
# What is published keeps a price and a currency, whatever it had before.
_STAYS_SELLABLE = (
    "(c.before IS NOT NULL OR NOT EXISTS"
    " (SELECT FROM products shown WHERE shown.id = t.product_id AND shown.status = 'published'))"
)
_PUBLISHED = ("published_since", "The product was published since, and what is published needs a price and a currency.")

FIELDS: tuple[Field, ...] = (
    *_fields(
        "product",
        "products",
        text="title description brand status archived_reason own_sku",
        texts="tags locked_fields",
        json="attributes options",
    ),
    _CATEGORY,
    _SKU,
    *_fields(
        "variant",
        "variants",
        text="title gtin image_url",
        money="compare_at_price cost",
        json="options attributes",
        integer="weight_g position",
    ),
    *(
        replace(field, guard=_STAYS_SELLABLE, blocked=_PUBLISHED)
        for field in _fields("variant", "variants", text="currency", money="price")
    ),
    *_fields("offer", "offers", text="currency", money="cost price", integer="stock handling_days"),
    *_fields("image", "product_images", text="alt", integer="position"),
)


def restoring(field: Field) -> TextClause:
    """The statement that restores a field in the step's rows and marks its changes; answers their products."""
    alive = " AND t.deleted_at IS NULL" if field.table in {"products", "variants"} else ""
    return text(f"""
    WITH done AS (
      UPDATE {field.table} t SET {field.column} = {field.value}
      FROM job_changes c
      WHERE {_changes_of(field)} AND {field.present} IS NOT DISTINCT FROM c.after{alive} AND {field.guard}
      RETURNING t.id
    )
    UPDATE job_changes c SET undone = 'restored' FROM done
    WHERE {OF_STEP} AND c.kind = '{field.kind}' AND c.field = '{field.name}' AND c.entity_id = done.id
    RETURNING c.product_id
    """)


def keeping(field: Field) -> TextClause | None:
    """After `restoring`: the statement that says why a field was not restored although nobody has changed it since."""
    if field.blocked is None:
        return None
    code, message = field.blocked
    alive = " AND t.deleted_at IS NULL" if field.table in {"products", "variants"} else ""
    return text(f"""
    UPDATE job_changes c SET undone = 'kept', code = '{code}', message = '{message}'
    FROM {field.table} t WHERE {_changes_of(field)} AND {field.present} IS NOT DISTINCT FROM c.after{alive}
    """)


def _changes_of(field: Field) -> str:
    return (
        f"{OF_STEP} AND c.kind = '{field.kind}' AND c.field = '{field.name}' AND c.action = 'updated'"
        " AND t.id = c.entity_id"
    )
