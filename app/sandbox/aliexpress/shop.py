"""AliExpress' goods: ours as its items, with SKUs by warehouse, prices and stock by country, and ids by country."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from random import Random

from app.sandbox.goods import CENT, Product, product_at
from app.sandbox.vocabulary import BRANDS, FAMILIES

FIRST_ITEM, FIRST_SUB_ITEM, FIRST_SKU = 1_005_006_000_000_001, 3_256_806_000_000_001, 12_000_036_000_000_000
FIRST_CATEGORY, FIRST_VALUE, FIRST_STORE = 200_001_001, 350_001, 1_101_460_001
SKUS_OF_ITEM = 128
SHIPS_FROM = 200_007_763
CHINA, SPAIN = (201_336_100, "CN", "CHINA"), (201_336_104, "ES", "SPAIN")
PROPERTY_IDS = {
    "Color": 14,
    "Size": 5,
    "Storage": 200_001_074,
    "Scent": 200_000_828,
    "Pack": 200_000_369,
    "Finish": 136,
}
# What a euro is, in what the sandbox sells in.
RATES = {
    "EUR": Decimal(1),
    "USD": Decimal("1.10"),
    "GBP": Decimal("0.85"),
    "PLN": Decimal("4.30"),
    "MAD": Decimal("10.80"),
    "BRL": Decimal("6.10"),
    "CNY": Decimal("7.80"),
}
TAXED = frozenset({"ES", "FR", "DE", "IT", "PT", "NL", "BE", "AT", "PL", "IE"})


@dataclass(frozen=True, slots=True)
class Sku:
    """One combination in one warehouse; its price is in euros, without tax."""

    id: int
    place: int
    warehouse: tuple[int, str, str] | None
    attr: str
    price: Decimal
    stock: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """One article; `foods` go to few countries; some have another number in the United States."""

    index: int
    id: int
    us_id: int | None
    store: int
    category: str
    is_food: bool
    skus: tuple[Sku, ...]


@dataclass(slots=True)
class Shop:
    """The items of one seed, and what has happened to them."""

    seed: int
    count: int
    items: dict[int, Item] = field(default_factory=dict)
    prices: dict[int, Decimal] = field(default_factory=dict)
    stocks: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    _goods: dict[str, list[Product]] = field(default_factory=dict)
    _draw: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        self.begin_anew()
        self.items = {FIRST_ITEM + index: _item(index, goods) for index, goods in enumerate(self.goods("en"))}

    def begin_anew(self) -> None:
        """As by the seed."""
        self._draw = Random(f"aliexpress {self.seed}")  # noqa: S311 - must repeat; nothing here is a secret
        self.prices, self.stocks, self.gone = {}, {}, set()

    def goods(self, language: str) -> list[Product]:
        """The goods in a language."""
        if language not in self._goods:
            made = (product_at(index, seed=self.seed, language=language) for index in range(self.count))
            self._goods[language] = list(made)
        return self._goods[language]

    def find(self, number: int) -> Item | None:
        """The item of a number, its own or the one in another country."""
        item = self.items.get(number) or self.items.get(number - FIRST_SUB_ITEM + FIRST_ITEM)
        known = item is not None and number in {item.id, item.us_id} and item.id not in self.gone
        return item if known else None

    def all_items(self) -> list[Item]:
        """All that are on sale."""
        return [item for item in self.items.values() if item.id not in self.gone]

    def price(self, sku: Sku, country: str, currency: str) -> Decimal:
        """What a SKU costs there."""
        tax = Decimal("1.21") if country in TAXED else Decimal(1)
        return (self.prices.get(sku.id, sku.price) * tax * RATES[currency]).quantize(CENT)

    def stock(self, sku: Sku, country: str) -> int | None:
        """How many are sold there; None: it is not told."""
        if sku.stock is None:
            return None
        held = self.stocks.get(sku.id, sku.stock)
        return max(0, held - zlib.crc32(country.encode()) % 5) if held > 5 else held

    def take(self, sku: Sku, quantity: int) -> None:
        """Sell so many."""
        if sku.stock is not None:
            self.stocks[sku.id] = max(0, self.stocks.get(sku.id, sku.stock) - quantity)

    def shrink(self, amount: int) -> None:
        """Take so many items off the front for good."""
        self.gone |= {item.id for item in self.all_items()[:amount]}

    def drift(self, amount: int) -> None:
        """Change price and stock of all SKUs of so many items."""
        items = self.all_items()
        for item in self._draw.sample(items, k=min(amount, len(items))):
            factor = Decimal(self._draw.randint(80, 120)) / 100
            for sku in item.skus:
                self.prices[sku.id] = max(CENT, (self.prices.get(sku.id, sku.price) * factor).quantize(CENT))
                self.stocks[sku.id] = self._draw.randint(0, 100)


def _item(index: int, goods: Product) -> Item:
    warehouses = (CHINA, SPAIN) if index % 4 == 0 else (None,)
    names = goods.option_names if len(goods.variants) > 1 or goods.option_names else ()
    skus = []
    for place, variant in enumerate(goods.variants):
        pairs = tuple(zip(names, variant.options, strict=True))
        for number, warehouse in enumerate(warehouses):
            told = index % 9 != 8 or number == 1
            skus.append(
                Sku(
                    id=FIRST_SKU + index * SKUS_OF_ITEM + place * len(warehouses) + number,
                    place=place,
                    warehouse=warehouse,
                    attr=_attr(pairs, warehouse),
                    price=(variant.cost * Decimal("0.92")).quantize(CENT),
                    stock=variant.stock // len(warehouses) if told else None,
                )
            )
    return Item(
        index=index,
        id=FIRST_ITEM + index,
        us_id=FIRST_SUB_ITEM + index if index % 5 == 0 else None,
        store=FIRST_STORE + BRANDS.index(goods.brand),
        category=goods.category,
        is_food=goods.category.startswith("Food"),
        skus=tuple(skus),
    )


def _attr(pairs: tuple[tuple[str, str], ...], warehouse: tuple[int, str, str] | None) -> str:
    """What orders have to repeat word for word: a colour carries the seller's own name for it."""
    parts = [
        f"{PROPERTY_IDS[name]}:{value_ids()[name, label]}{f'#{label}' if name == 'Color' else ''}"
        for name, label in pairs
    ]
    if warehouse is not None:
        parts.append(f"{SHIPS_FROM}:{warehouse[0]}")
    return ";".join(parts)


@cache
def value_ids() -> Mapping[tuple[str, str], int]:
    """The number of every value, by the English names."""
    pairs = dict.fromkeys(
        (option.name, label) for family in FAMILIES for option in family.options for label, _ in option.values
    )
    return {pair: FIRST_VALUE + place for place, pair in enumerate(pairs)}


@cache
def category_ids() -> Mapping[str, int]:
    """The number of every category and of those above it, by their English paths."""
    paths: dict[str, int] = {}
    for family in FAMILIES:
        names = family.category.split(" > ")
        for depth in range(1, len(names) + 1):
            paths.setdefault(" > ".join(names[:depth]), FIRST_CATEGORY + len(paths))
    return paths
