"""Google Merchant, Meta and Awin columns: prices with a currency unit, sale_price with its dates, item_group_id for
variants. Names may carry the prefix `g:`, in RSS and Atom beside those of the carrier (its own id, link and title).
"""

from app.integrations.feeds.layout import Layout
from app.integrations.feeds.one_row import OneRowMapper

_NAMES = {
    "id": "id",
    "item group id": "group_id",
    "title": "title",
    "description": "description",
    "link": "url",
    "summary": "description",
    "content": "description",
    "image link": "image",
    "additional image link": "more_images",
    **{f"additional image link {number}": "more_images" for number in range(101)},
    "availability": "availability",
    "price": "price",
    "sale price": "sale_price",
    "sale price effective date": "sale_dates",
    "cost of goods sold": "cost",
    "brand": "brand",
    "gtin": "gtin",
    "mpn": "mpn",
    "condition": "condition",
    "product type": "category",
    "google product category": "taxonomy",
    "fb product category": "ignore",
    "quantity to sell on facebook": "stock",
    "quantity": "stock",
    "inventory": "stock",
    "shipping weight": "weight",
    "color": "color",
    "colour": "color",
    "size": "size",
    "material": "material",
    "pattern": "pattern",
    "status": "status",
    "visibility": "status",
    "identifier exists": "ignore",
    "adult": "ignore",
    "is bundle": "ignore",
    "multipack": "ignore",
    "mobile link": "ignore",
    "canonical link": "ignore",
    "ads redirect": "ignore",
    "tax": "ignore",
    "shipping": "ignore",
    "shipping country": "ignore",
    "shipping price": "ignore",
    "shipping service": "ignore",
    "shipping region": "ignore",
    **{
        f"shipping {part} {number}": "ignore"
        for part in ("country", "price", "service", "region")
        for number in range(2, 101)
    },
    "guid": "ignore",
    "guid ispermalink": "ignore",
    "pubdate": "ignore",
    "updated": "ignore",
    "published": "ignore",
    "link self": "ignore",
    "link edit": "ignore",
    "content type": "ignore",
    "summary type": "ignore",
    "title type": "ignore",
    "availability date": "ignore",
}
_NAMES = {f"g {name}": field for name, field in _NAMES.items()} | _NAMES  # better names first

_TELLING = frozenset(
    {
        *("image link", "additional image link", "availability", "item group id", "google product category"),
        *("identifier exists", "sale price effective date", "fb product category", "product type", "condition"),
        "quantity to sell on facebook",
    }
)


def _recognises(names: frozenset[str]) -> bool:
    plain = {name.removeprefix("g ") for name in names}
    return {"id", "title"} <= plain and len(plain & _TELLING) >= 2


LAYOUT = Layout("google", _NAMES, _recognises, lambda context, _rows: OneRowMapper(context))
