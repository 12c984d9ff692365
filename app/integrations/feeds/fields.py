"""Our fields: what a column of a feed can mean, how its cells are read, and how long they may be. The names are what a
seller's mapping {source column: our field} uses.
"""

from typing import Literal

Kind = Literal["text", "price", "count", "weight"]

KINDS: dict[str, Kind] = {
    **dict.fromkeys(("price", "sale_price", "compare_at_price", "cost", "net_price"), "price"),
    **dict.fromkeys(("stock",), "count"),
    **dict.fromkeys(("weight",), "weight"),
    **dict.fromkeys(
        (
            *("id", "group_id", "parent", "sku", "gtin", "mpn", "title", "description", "short_description", "brand"),
            *("category", "subcategory", "taxonomy", "tags", "url", "image", "more_images", "image_alt"),
            *("variant_image", "currency", "availability", "availability_policy", "sale_dates", "sale_starts"),
            *("sale_ends", "status", "published", "type", "weight_unit", "color", "size", "material", "pattern"),
            *(f"option{number}_{part}" for number in (1, 2, 3) for part in ("name", "value")),
            *("condition", "attribute", "vat", "ignore"),
            *("own_variant_id", "product_sku", "option_map", "attribute_map", "image_list", "alt_list"),
        ),
        "text",
    ),
}
"""Every field of a mapping. `attribute` keeps a column under its own name, `ignore` drops it; `net_price` and `vat` are
recognised so that they are not mistaken for the price."""

REPEATABLE = frozenset({"more_images", "attribute", "vat", "net_price", "ignore"})
OF_OUR_EXPORT = frozenset({"own_variant_id", "product_sku", "option_map", "attribute_map", "image_list", "alt_list"})
"""Fields that only the layout of our own export knows; they are not mapped by hand."""
UNUSED = frozenset({"net_price", "vat", "ignore"})

ALIASES: dict[str, str] = {
    "external_id": "id",
    "name": "title",
    "cost_price": "cost",
    "stock_quantity": "stock",
    "quantity": "stock",
    "inventory": "stock",
    "barcode": "gtin",
    "ean": "gtin",
    "upc": "gtin",
    "vendor": "brand",
    "manufacturer": "brand",
    "image_url": "image",
    "images": "image",
    "additional_images": "more_images",
    "compare_at": "compare_at_price",
    "regular_price": "price",
    "weight_g": "weight",
    "link": "url",
    "description_html": "description",
    "item_group_id": "group_id",
}
"""Other spellings that clients send for our fields."""

MAX_LENGTH: dict[str, int] = {
    "id": 500,
    "group_id": 500,
    "sku": 200,
    "title": 500,
    "description": 100_000,
    "short_description": 100_000,
    "brand": 200,
    "url": 2048,
}
"""Longer cells of these fields make the row unusable; others are cut at the source's own limits or left out."""

MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_NAME = 100
MAX_ATTRIBUTE_VALUE = 5000
MAX_IMAGES = 100
MAX_TAGS = 100
MAX_TAG = 100
MAX_OPTION_VALUE = 200
MAX_STOCK = 1_000_000_000
MAX_WEIGHT_G = 100_000_000
