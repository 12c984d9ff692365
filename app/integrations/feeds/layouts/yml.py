"""Yandex' YML: a title that may be composed of typePrefix, vendor and model, oldprice, `param` as a named value, and
categories by number, which the form of file has written out as a path.
"""

from collections.abc import Callable, Iterator

from app.integrations.feeds.cells import Cells, text_reader
from app.integrations.feeds.layout import Layout
from app.integrations.feeds.mapping import Context
from app.integrations.feeds.named_values import NamedValuesMapper, index_named

_NAMES = {
    "id": "id",
    "group id": "group_id",
    "shop sku": "sku",
    "sku": "sku",
    "name": "title",
    "description": "description",
    "url": "url",
    "picture": "image",
    **{f"picture {number}": "more_images" for number in range(2, 101)},
    "price": "price",
    "oldprice": "compare_at_price",
    "purchase price": "cost",
    "currencyid": "currency",
    "category path": "category",
    "market category": "taxonomy",
    "vendor": "brand",
    "vendorcode": "mpn",
    "barcode": "gtin",
    "available": "availability",
    "count": "stock",
    "stock quantity": "stock",
    "quantity in stock": "stock",
    "categoryid": "ignore",
    "disabled": "ignore",
    "bid": "ignore",
    "cbid": "ignore",
    "delivery": "ignore",
    "pickup": "ignore",
    "store": "ignore",
    "local delivery cost": "ignore",
    "type": "ignore",
}


class YmlMapper(NamedValuesMapper):
    """Maps each offer by itself; offers of one group_id are the variants of one product."""

    def __init__(self, context: Context, rows: Callable[[], Iterator[Cells]]) -> None:
        columns = context.columns
        prefix, model = index_named(columns, "typePrefix"), index_named(columns, "model")
        super().__init__(context, rows, "param ", unused=frozenset({prefix, model}))
        read_name, read_brand = self._title, text_reader(columns, "brand")

        def title(cells: Cells) -> str | None:
            if name := read_name(cells):
                return name
            parts = (cells[prefix] if prefix >= 0 else "", read_brand(cells) or "", cells[model] if model >= 0 else "")
            return " ".join(text for part in parts if (text := part.strip())) or None

        self._title = title


def _recognises(names: frozenset[str]) -> bool:
    return {"id", "price"} <= names and len(
        names & {"currencyid", "categoryid", "picture", "oldprice", "vendorcode"}
    ) > 1


LAYOUT = Layout("yml", _NAMES, _recognises, YmlMapper)
