"""BigBuy's catalogue: our invented goods in its shapes, the same for every account. What an account changes (stock,
prices, goods that vanish) lives in account.py.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from random import Random

from app.sandbox.goods import MAX_VARIANTS, Product, Variant, product_at
from app.sandbox.translations import LANGUAGES, in_language
from app.sandbox.vocabulary import BRANDS, FAMILIES

Json = dict[str, object]
# Products and variations are numbered apart, both from here: one number can be a product and another's variation.
FIRST_ID = 1001
FIRST_TAXONOMY, FIRST_GROUP, FIRST_ATTRIBUTE, FIRST_BRAND, FIRST_TAG = 19_001, 301, 4_001, 801, 601
SITE = "https://www.bigbuy.goods.example"
CDN = "https://cdnbigbuy.goods.example"
ADDED, UPDATED = "2025-11-03 09:12:45", "2026-01-15 08:00:00"
NEAR, FAR = 1, 3
SPREAD_FROM = 20  # a stock this large may lie in two warehouses


@dataclass(frozen=True, slots=True)
class StockLine:
    """So much of an article in one warehouse, leaving it within so many working days."""

    quantity: int
    minimum_days: int
    maximum_days: int
    warehouse: int


@dataclass(frozen=True, slots=True)
class Article:
    """What can be ordered: a product without variations, or one variation."""

    id: int
    sku: str
    is_variation: bool
    product_id: int
    place: int
    kilograms: float
    wholesale: Decimal
    stock: tuple[StockLine, ...]


def stock_lines(draw: Random, quantity: int) -> tuple[StockLine, ...]:
    """Where a quantity lies: near, far, or in both warehouses."""
    near = StockLine(quantity, 0, 1, NEAR)
    if not quantity:
        return ()
    place = draw.random()
    if place < 0.6:
        return (near,)
    if place < 0.8 or quantity < SPREAD_FROM:
        return (StockLine(quantity, 3, 5, FAR),)
    part = quantity // 3
    return StockLine(part, 0, 1, NEAR), StockLine(quantity - part, 3, 5, FAR)


class Catalogue:
    """The goods of one seed. Lists are made when they are first asked for."""

    def __init__(self, seed: int, count: int) -> None:
        self.seed = seed
        self.count = count
        self._goods: dict[str, list[Product]] = {}

    def goods(self, language: str) -> list[Product]:
        """The goods in a language."""
        if language not in self._goods:
            self._goods[language] = [
                product_at(index, seed=self.seed, language=language) for index in range(self.count)
            ]
        return self._goods[language]

    def draw(self, index: int) -> Random:
        """The dice of one product."""
        return Random(f"bigbuy {self.seed} {index}")  # noqa: S311 - must repeat; nothing here is a secret

    @cached_property
    def articles(self) -> dict[str, Article]:
        """Everything that can be ordered, by SKU."""
        found: dict[str, Article] = {}
        for index, goods in enumerate(self.goods("en")):
            draw = self.draw(index)
            varies = len(goods.variants) > 1
            for place, variant in enumerate(goods.variants):
                article = Article(
                    id=variation_id(index, place) if varies else FIRST_ID + index,
                    sku=sku_of_variation(index, place) if varies else sku_of_product(index),
                    is_variation=varies,
                    product_id=FIRST_ID + index,
                    place=place,
                    kilograms=variant.grams / 1000,
                    wholesale=variant.cost,
                    stock=stock_lines(draw, variant.stock),
                )
                found[article.sku] = article
        return found

    @cached_property
    def products(self) -> list[Json]:
        """catalog/products."""
        return [self._product(index, goods) for index, goods in enumerate(self.goods("en"))]

    @cached_property
    def variations(self) -> list[Json]:
        """catalog/productsvariations."""
        return [
            {
                "id": variation_id(index, place),
                "sku": sku_of_variation(index, place),
                "ean13": variant.gtin,
                "extraWeight": (variant.grams - goods.variants[0].grams) / 1000,
                "product": FIRST_ID + index,
                **prices_of(variant.cost, variant.price),
                **_sizes(self.draw(index)),
                "priceLargeQuantities": [],
                "logisticClass": "B",
            }
            for index, goods, place, variant in self._varying()
        ]

    @cached_property
    def variation_attributes(self) -> list[Json]:
        """catalog/variations."""
        return [
            {
                "id": variation_id(index, place),
                "attributes": [
                    {"id": attribute_ids()[pair]} for pair in zip(goods.option_names, variant.options, strict=True)
                ],
            }
            for index, goods, place, variant in self._varying()
        ]

    def information(self, language: str) -> list[Json]:
        """catalog/productsinformation."""
        return [
            {
                "id": FIRST_ID + index,
                "sku": sku_of_product(index),
                "name": goods.title,
                "description": goods.description,
                "url": f"{SITE}/{goods.handle}.html",
                "isoCode": language,
                "dateUpdDescription": UPDATED,
            }
            for index, goods in enumerate(self.goods(language))
        ]

    @cached_property
    def images(self) -> list[Json]:
        """catalog/productsimages."""
        return [
            {"id": FIRST_ID + index, "images": [_image(index, place, goods) for place in range(len(goods.images))]}
            for index, goods in enumerate(self.goods("en"))
        ]

    @cached_property
    def product_taxonomies(self) -> list[Json]:
        """catalog/productstaxonomies."""
        return [
            {"id": 70_001 + index, "taxonomy": taxonomy_ids()[goods.category], "product": FIRST_ID + index}
            for index, goods in enumerate(self.goods("en"))
        ]

    @cached_property
    def product_tags(self) -> list[Json]:
        """catalog/productstags."""
        return [
            {"id": FIRST_ID + index, "sku": sku_of_product(index), "tag": tag(name)}
            for index, goods in enumerate(self.goods("en"))
            for name in goods.tags
            if name in tag_ids()
        ]

    def _varying(self) -> list[tuple[int, Product, int, Variant]]:
        return [
            (index, goods, place, variant)
            for index, goods in enumerate(self.goods("en"))
            if len(goods.variants) > 1
            for place, variant in enumerate(goods.variants)
        ]

    def _product(self, index: int, goods: Product) -> Json:
        draw, first, varies = self.draw(index), goods.variants[0], len(goods.variants) > 1
        prices = prices_of(first.cost, first.price)
        large = [{"id": 50_001 + index, "quantity": 10, "price": round(float(first.cost) * 0.95, 2)}]
        return {
            "id": FIRST_ID + index,
            "sku": sku_of_product(index),
            "active": 1 if goods.status == "active" else 0,
            "attributes": varies,
            "categories": False,
            "tags": True,
            "images": True,
            "canon": None,
            "category": 0,
            "taxonomy": taxonomy_ids()[goods.category],
            "condition": "NEW",
            "dateAdd": ADDED,
            **dict.fromkeys(("dateUpd", "dateUpdDescription", "dateUpdImages", "dateUpdStock"), UPDATED),
            "dateUpdCategories": None,
            "dateUpdProperties": UPDATED,
            "ean13": None if varies or index % 40 == 39 else first.gtin,
            "partNumber": None if index % 3 else f"{goods.brand[:3].upper()}-{index:05d}",
            **_sizes(draw),
            "weight": first.grams / 1000,
            **prices,
            "priceLargeQuantities": large if index % 10 == 0 else [],
            "intrastat": f"{4202 + index % 50}9298",
            "logisticClass": "B",
            "manufacturer": FIRST_BRAND + BRANDS.index(goods.brand),
            "taxId": 1,
            "taxRate": 21,
            "video": "0",
        }


def sku_of_product(index: int) -> str:
    """A product's reference."""
    return f"S{1_000_000 + index}"


def sku_of_variation(index: int, place: int) -> str:
    """A variation's reference."""
    return f"V{1_000_000 + index * MAX_VARIANTS + place}"


def variation_id(index: int, place: int) -> int:
    """A variation's number."""
    return FIRST_ID + index * MAX_VARIANTS + place


def prices_of(wholesale: Decimal, retail: Decimal) -> Json:
    """The three prices: what we pay without tax, the recommended one, and the one common in shops."""
    in_shops = round(float(retail) * 0.97, 2)
    return {"wholesalePrice": float(wholesale), "retailPrice": float(retail), "inShopsPrice": in_shops}


def _sizes(draw: Random) -> Json:
    return {side: float(draw.randint(3, 60)) for side in ("width", "height", "depth")}


def _image(index: int, place: int, goods: Product) -> Json:
    name = f"{goods.handle}_{place + 1}"
    url = f"{CDN}/images/{name}.jpg"
    return {"id": 900_001 + index * 10 + place, "isCover": place == 0, "name": name, "url": url}


@cache
def taxonomy_ids() -> dict[str, int]:
    """The number of every category and of those above it, by their English paths."""
    paths: dict[str, int] = {}
    for family in FAMILIES:
        names = family.category.split(" > ")
        for depth in range(1, len(names) + 1):
            paths.setdefault(" > ".join(names[:depth]), FIRST_TAXONOMY + len(paths))
    return paths


def taxonomies(language: str) -> list[Json]:
    """catalog/taxonomies: the tree, in a language; 0 stands above its roots."""
    return [
        {
            "id": number,
            "name": in_language(path.rpartition(" > ")[2], language),
            "url": path.lower().replace(" > ", "/").replace(" ", "-"),
            "parentTaxonomy": taxonomy_ids().get(path.rpartition(" > ")[0], 0),
            "dateAdd": ADDED,
            "dateUpd": UPDATED,
            "urlImages": f"{CDN}/taxonomies/{number}.jpg",
            "isoCode": language,
        }
        for path, number in taxonomy_ids().items()
    ]


@cache
def group_ids() -> dict[str, int]:
    """The number of every way to differ, by its English name."""
    names = dict.fromkeys(option.name for family in FAMILIES for option in family.options)
    return {name: FIRST_GROUP + place for place, name in enumerate(names)}


@cache
def attribute_ids() -> dict[tuple[str, str], int]:
    """The number of every value, by the English names of the way and the value."""
    pairs = dict.fromkeys(
        (option.name, label) for family in FAMILIES for option in family.options for label, _ in option.values
    )
    return {pair: FIRST_ATTRIBUTE + place for place, pair in enumerate(pairs)}


def attribute_groups(language: str) -> list[Json]:
    """catalog/attributegroups."""
    return [
        {"id": number, "name": in_language(name, language), "isoCode": language} for name, number in group_ids().items()
    ]


def attributes(language: str) -> list[Json]:
    """catalog/attributes."""
    return [
        {
            "id": number,
            "attributeGroup": group_ids()[group],
            "name": in_language(label, language),
            "isoCode": language,
        }
        for (group, label), number in attribute_ids().items()
    ]


def manufacturers() -> list[Json]:
    """catalog/manufacturers."""
    return [
        {"id": FIRST_BRAND + place, "name": name, "urlImage": f"{CDN}/brands/{place}.jpg", "reference": None}
        for place, name in enumerate(BRANDS)
    ]


@cache
def tag_ids() -> dict[str, int]:
    """The number of every tag."""
    names = dict.fromkeys(name for family in FAMILIES for name in family.tags)
    return {name: FIRST_TAG + place for place, name in enumerate(names)}


def tag(name: str) -> Json:
    """One tag."""
    return {"id": tag_ids()[name], "name": name, "linkRewrite": name, "language": "en"}


def languages() -> list[Json]:
    """catalog/languages."""
    names = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}
    return [{"name": names[code], "isoCode": code} for code in LANGUAGES]
