"""The cells of a product in the CSV export; the layout integrations/feeds/layouts/crossdock reads them again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from app.integrations.feeds.cell_lists import LEVELS, TAGS, join_list
from app.integrations.feeds.layouts.crossdock import COLUMNS

HEADER = tuple(COLUMNS)

Json = Mapping[str, Any]


class Exported(NamedTuple):
    """A product as it is read for the export: its document, its own SKU, its category's names, stock by variant id."""

    product: Json
    own_sku: str | None
    category: Sequence[str]
    on_hand: Mapping[str, int]


def cells_of(exported: Exported, decimal_mark: str) -> Iterator[list[str]]:
    """One row per variant, the product's own fields on the first; a product without variants has one row."""
    product = _product_cells(exported)
    for variant in exported.product["variants"] or [None]:
        cells = {"crossdock_id": exported.product["id"], **product}
        if variant is not None:
            cells |= _variant_cells(variant, exported.on_hand, decimal_mark)
        yield [cells.get(column, "") for column in HEADER]
        product = {}


def _product_cells(exported: Exported) -> dict[str, str]:
    product = exported.product
    images, sources = product["images"], product["sources"]
    return {
        "title": product["title"],
        "status": product["status"],
        "brand": product["brand"] or "",
        "category": join_list(exported.category, LEVELS),
        "tags": join_list(product["tags"], TAGS),
        "description": product["description"],
        "attributes": _json(product["attributes"]),
        "images": join_list((image["url"] for image in images), TAGS),
        "image_texts": join_list((image["alt"] or "" for image in images), TAGS) if _has_texts(images) else "",
        "product_sku": exported.own_sku or "",
        "url": next((source["url"] for source in sources if source["url"]), ""),
        "source": join_list((source["source"] for source in sources), TAGS),
        "external_id": join_list((source["external_id"] for source in sources), TAGS),
        "locked_fields": join_list(product["locked_fields"], TAGS),
        "created_at": product["created_at"],
        "updated_at": product["updated_at"],
    }


def _variant_cells(variant: Json, on_hand: Mapping[str, int], decimal_mark: str) -> dict[str, str]:
    return {
        "crossdock_variant_id": variant["id"],
        "sku": variant["sku"] or "",
        "price": _amount(variant["price"], decimal_mark),
        "compare_at_price": _amount(variant["compare_at_price"], decimal_mark),
        "cost": _amount(variant["cost"], decimal_mark),
        "currency": variant["currency"] or "",
        "stock": str(on_hand.get(variant["id"], 0)),
        "gtin": variant["gtin"] or "",
        "weight_g": "" if variant["weight_g"] is None else str(variant["weight_g"]),
        "options": _json(variant["options"]),
        "variant_image": variant["image_url"] or "",
        "variant_title": variant["title"] or "",
        "variant_attributes": _json(variant["attributes"]),
    }


def _has_texts(images: Sequence[Json]) -> bool:
    return any(image["alt"] for image in images)


def _amount(text: str | None, decimal_mark: str) -> str:
    """Two or four decimals, never three: 1.234 would be a thousand to half of the world."""
    if text is None:
        return ""
    amount = Decimal(text)
    places = 2 if amount == round(amount, 2) else 4
    return f"{amount:.{places}f}".replace(".", decimal_mark)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""
