"""Heureka's columns, and those of its kin (Zbozi, Jyxo): PRODUCTNAME or PRODUCT is the title, PRICE_VAT the price,
DELIVERY_DATE the days until dispatch, PARAM a named value. No currency: a shop has that of its country.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from app.integrations.contracts.catalogue import Availability, SourceVariant
from app.integrations.feeds.cells import Cells, availability_of, price_reader
from app.integrations.feeds.layout import Layout
from app.integrations.feeds.mapping import Context
from app.integrations.feeds.named_values import NamedValuesMapper, index_named

_NAMES = {
    "item id": "id",
    "itemgroup id": "group_id",
    "productname": "title",
    "product": "title",
    "description": "description",
    "url": "url",
    "imgurl": "image",
    "imgurl alternative": "more_images",
    **{f"imgurl alternative {number}": "more_images" for number in range(2, 101)},
    "price vat": "price",
    "price": "net_price",
    "vat": "vat",
    "dph": "vat",
    "manufacturer": "brand",
    "categorytext": "category",
    "ean": "gtin",
    "productno": "mpn",
    "sku": "sku",
    "stock": "stock",
    "stock quantity": "stock",
    "stock amount": "stock",
    "weight": "weight",
    "item type": "condition",
    "heureka cpc": "ignore",
    "max cpc": "ignore",
    "dues": "ignore",
    "delivery delivery id": "ignore",
    "delivery delivery price": "ignore",
    "delivery delivery price cod": "ignore",
    **{
        f"delivery delivery {part} {number}": "ignore"
        for part in ("id", "price", "price cod")
        for number in range(2, 101)
    },
}
_AT_ONCE = frozenset({"ihned", "ihneď", "skladom"})


class HeurekaMapper(NamedValuesMapper):
    """Maps each SHOPITEM by itself; rows of one ITEMGROUP_ID are the variants of one product."""

    def __init__(self, context: Context, rows: Callable[[], Iterator[Cells]]) -> None:
        columns = context.columns
        self._context = context
        self._delivery = index_named(columns, "DELIVERY_DATE")
        other = index_named(columns, "PRODUCT")
        super().__init__(context, rows, "PARAM ", unused=frozenset({self._delivery, other}))
        self._net_price = columns.index("net_price")
        self._read_net = price_reader(columns, "net_price")
        read_title = self._title
        self._title = (lambda cells: read_title(cells) or cells[other].strip() or None) if other >= 0 else read_title
        self._read_stock = self._stock
        self._stock = self._stock_or_delivery

    def _variant(
        self, line: int, cells: Cells, own_id: str, options: dict[str, str], image: str | None
    ) -> SourceVariant:
        variant = super()._variant(line, cells, own_id, options, image)
        if variant.price is None and (net := self._read_net(cells)):
            self._context.warn(
                line,
                "net_price_taken",
                "is taken as the price, for the row has no PRICE_VAT. It may lack the tax: write PRICE_VAT.",
                self._net_price,
            )
            return replace(variant, price=net.amount, currency=variant.currency or net.currency)
        return variant

    def _stock_or_delivery(self, cells: Cells) -> tuple[int | None, Availability]:
        count, said = self._read_stock(cells)
        if said != "unknown" or self._delivery < 0:
            return count, said
        return count, availability_after(cells[self._delivery], self._context.now.date())


def availability_after(text: str, today: date) -> Availability:
    """What a DELIVERY_DATE means: days until dispatch, a day, or a word."""
    word = text.strip().casefold()
    if not word:
        return "unknown"
    if word in _AT_ONCE:
        return "in_stock"
    if word.isascii() and word.isdigit():
        return "in_stock" if int(word[:9]) == 0 else "backorder"
    try:
        return "preorder" if date.fromisoformat(word) > today else "in_stock"
    except ValueError:
        return availability_of(word)


def _is_heureka(names: frozenset[str]) -> bool:
    return bool(names & {"productname", "product"}) and len(names & _TELLING) > 1


_TELLING = frozenset(
    {"imgurl", "price vat", "categorytext", "item id", "itemgroup id", "delivery date", "imgurl alternative"}
)

LAYOUT = Layout("heureka", _NAMES, lambda names: _is_heureka(names) and "price vat" in names, HeurekaMapper)

# Without any PRICE_VAT the one price there is must be it; whether it holds the tax is for the seller to say.
ONE_PRICE_LAYOUT = Layout(
    "heureka", {**_NAMES, "price": "price"}, _is_heureka, HeurekaMapper, guesses=frozenset({"price"})
)
