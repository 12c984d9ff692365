"""The statements of the bare handler, written apart from the product's so that the comparison of answers means
something.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.tenancy import table


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PRODUCT_FIELDS = _names(
    "id sku title description brand category_id status archived_reason price compare_at_price cost currency stock gtin"
    " attributes tags options variants images sources locked_fields created_at updated_at version"
)
_MADE_BY_PYTHON = ("stock", "variants", "images", "sources")
VARIANT_FIELDS = _names(
    "id position title sku gtin price compare_at_price cost currency stock options attributes weight_g image_url"
)
OFFER_FIELDS = ("external_id", "cost", "price", "currency", "stock", "handling_days", "seen_at")
_MONEY = ("price", "compare_at_price", "cost")
_TIMES = ("created_at", "updated_at", "seen_at")


@dataclass(frozen=True, slots=True)
class Queries:
    """All statements, for one tenant."""

    page: str
    page_after: str
    single: str
    variants: str
    images: str
    aggregated: str
    aggregated_after: str
    aggregated_single: str


def queries(tenant_id: int) -> Queries:
    """The statements with the names of a tenant's tables."""
    names = {name: table(tenant_id, name) for name in _TABLES}
    fields = ", ".join(f"NULL AS {name}" if name in _MADE_BY_PYTHON else f"p.{name}" for name in PRODUCT_FIELDS)
    rows = _ROWS.format(fields=fields, **names)
    first, after = (_PAGE.format(products=names["products"], condition=condition) for condition in ("", _AFTER))
    document = _document(names)
    return Queries(
        page=rows.format(page=first),
        page_after=rows.format(page=after),
        single=rows.format(page=_SINGLE.format(**names)),
        variants=_VARIANTS.format(**names),
        images=_IMAGES.format(**names),
        aggregated=_AGGREGATED.format(page=first, document=document),
        aggregated_after=_AGGREGATED.format(page=after, document=document),
        aggregated_single=f"SELECT {document}::text FROM ({_SINGLE.format(**names)}) p",
    )


_TABLES = ("products", "variants", "product_images", "source_products", "sources", "offers", "stock_balances")
_PAGE = """
SELECT * FROM {products} WHERE deleted_at IS NULL {condition} ORDER BY created_at DESC, id DESC LIMIT 51
"""
_AFTER = "AND (created_at, id) < ($1, $2)"
_SINGLE = "SELECT * FROM {products} WHERE id = $1 AND deleted_at IS NULL"
_ROWS = """
SELECT {fields}, sp.source_id, s.name AS source, sp.external_id AS source_external_id, sp.url
FROM ({{page}}) p
LEFT JOIN {source_products} sp ON sp.product_id = p.id
LEFT JOIN {sources} s ON s.id = sp.source_id
ORDER BY p.created_at DESC, p.id DESC, s.name, sp.external_id
"""
_AVAILABLE = """
(SELECT coalesce(sum(greatest(on_hand - reserved, 0)), 0)::int FROM {stock_balances} WHERE variant_id = v.id)
"""
_VARIANTS = f"""
SELECT v.product_id, {", ".join(f"v.{name}" for name in VARIANT_FIELDS if name != "stock")}, {_AVAILABLE} AS stock,
       o.source_id AS offer_source_id, {", ".join(f"o.{name} AS offer_{name}" for name in OFFER_FIELDS)}
FROM {{variants}} v LEFT JOIN {{offers}} o ON o.variant_id = v.id
WHERE v.product_id = ANY($1) AND v.deleted_at IS NULL
ORDER BY v.position, v.id, o.external_id
"""
_IMAGES = """
SELECT product_id, id, url, alt, position FROM {product_images} WHERE product_id = ANY($1) ORDER BY position, id
"""
_AGGREGATED = """
SELECT {document}::text AS document, p.created_at, p.id FROM ({page}) p ORDER BY p.created_at DESC, p.id DESC
"""


def _object(alias: str, fields: tuple[str, ...], made: Mapping[str, str]) -> str:
    members = []
    for name in fields:
        column = f"{alias}.{name}"
        if name in made:
            column = made[name]
        elif name in _MONEY:
            column = f"to_char({column}, 'FM99999999999990.0099')"
        elif name in _TIMES:
            column = f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
        members.append(f"'{name}', {column}")
    return f"json_build_object({', '.join(members)})"


def _list_of(document: str, order: str, rows: str) -> str:
    return f"(SELECT coalesce(json_agg({document} ORDER BY {order}), '[]') FROM {rows})"


def _document(names: Mapping[str, str]) -> str:
    of_product = f"{names['variants']} v WHERE v.product_id = p.id AND v.deleted_at IS NULL"
    available = _AVAILABLE.format(**names)
    offer = _object("o", ("variant_id", *OFFER_FIELDS), {})
    offers = _list_of(
        offer,
        "v.position, v.id, o.external_id",
        f"{names['offers']} o JOIN {names['variants']} v ON v.id = o.variant_id"
        " WHERE v.product_id = p.id AND v.deleted_at IS NULL AND o.source_id = sp.source_id",
    )
    source_made = {"source": "s.name", "offers": offers}
    source = _object("sp", ("source_id", "source", "external_id", "url", "offers"), source_made)
    image = _object("i", ("id", "url", "alt", "position"), {})
    made = {
        "stock": f"(SELECT coalesce(sum({available}), 0) FROM {of_product})",
        "variants": _list_of(_object("v", VARIANT_FIELDS, {"stock": available}), "v.position, v.id", of_product),
        "images": _list_of(image, "i.position, i.id", f"{names['product_images']} i WHERE i.product_id = p.id"),
        "sources": _list_of(
            source,
            "s.name, sp.external_id",
            f"{names['source_products']} sp JOIN {names['sources']} s ON s.id = sp.source_id"
            " WHERE sp.product_id = p.id",
        ),
    }
    return _object("p", PRODUCT_FIELDS, made)
