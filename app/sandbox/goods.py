"""Invented but realistic goods: the same seed makes the same product at the same index, on every machine, streaming.

Also the files a seller would upload: the Shopify layout with variants over rows, and a sheet of one row per product.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, product
from random import Random
from typing import TextIO

from app.sandbox.mistakes import Mistake, mistaken_row
from app.sandbox.translations import CLOSINGS, MADE_OF, TITLES, in_language
from app.sandbox.vocabulary import BRANDS, FAMILIES, STYLES, Family

DEFAULT_SEED = 1
MAX_VARIANTS = 32
IMAGE_HOST = "https://images.goods.example"
# GS1 reserves the prefix 952 for demonstrations: valid numbers that no real article carries.
GTIN_PREFIX = "952"
GTIN_SPACE = 10**9
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Variant:
    """What is sold: one combination of option values, with its own SKU, GTIN, price and stock."""

    sku: str
    gtin: str
    options: tuple[str, ...]
    price: Decimal
    compare_at_price: Decimal | None
    cost: Decimal
    stock: int
    grams: int


@dataclass(frozen=True, slots=True)
class Product:
    """One article with its variants; a product without options has exactly one variant."""

    handle: str
    title: str
    description: str
    brand: str
    category: str
    tags: tuple[str, ...]
    status: str
    option_names: tuple[str, ...]
    variants: tuple[Variant, ...]
    images: tuple[str, ...]


def gtin13(number: int) -> str:
    """The GTIN-13 of a demonstration article, with its check digit."""
    digits = f"{GTIN_PREFIX}{number % GTIN_SPACE:09d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def product_at(index: int, *, seed: int = DEFAULT_SEED, language: str = "en") -> Product:
    """The product at an index, made without making those before it. A language changes its words and nothing else."""
    draw = Random(seed * 1_000_003 + index)  # noqa: S311 - goods must repeat; nothing here is a secret
    family = FAMILIES[draw.randrange(len(FAMILIES))]
    brand, style, noun = draw.choice(BRANDS), draw.choice(STYLES), draw.choice(family.nouns)
    title = f"{style} {noun} {index + 1} by {brand}"
    handle = _slug(title)
    words = {"style": in_language(style, language), "noun": in_language(noun, language)}
    return Product(
        handle=handle,
        title=TITLES[language].format(**words, number=index + 1, brand=brand),
        description=_description(draw, family, language),
        brand=brand,
        category=" > ".join(in_language(name, language) for name in family.category.split(" > ")),
        tags=(*family.tags, style.lower()) if draw.random() < 0.8 else family.tags,
        status="draft" if draw.random() < 0.05 else "active",
        option_names=tuple(in_language(option.name, language) for option in family.options),
        variants=tuple(_variants(draw, family, index, seed, language)),
        images=tuple(f"{IMAGE_HOST}/{handle}/{place}.jpg" for place in range(1, draw.randint(1, 4) + 1)),
    )


def generate_products(count: int, *, seed: int = DEFAULT_SEED, start: int = 0) -> Iterator[Product]:
    """Products one by one; none is held."""
    return (product_at(index, seed=seed) for index in range(start, start + count))


def _slug(text: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")


def _description(draw: Random, family: Family, language: str) -> str:
    features = draw.sample(family.features, k=min(len(family.features), draw.randint(2, 4)))
    points = "".join(f"<li>{_escape(in_language(feature, language))}</li>" for feature in features)
    material = _escape(in_language(draw.choice(family.materials), language))
    closing = draw.choice(CLOSINGS[language])
    return f"<p>{MADE_OF[language]} <strong>{material}</strong>, {closing}</p><ul>{points}</ul>"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _variants(draw: Random, family: Family, index: int, seed: int, language: str) -> Iterator[Variant]:
    base = Decimal(draw.randint(*family.price)) + draw.choice((Decimal("0.99"), Decimal("0.95"), Decimal("0.49")))
    markup = Decimal(draw.randint(45, 72)) / 100
    on_sale = draw.random() < 0.25
    grams = draw.randint(*family.grams)
    for place, values in enumerate(islice(_combinations(draw, family), MAX_VARIANTS)):
        price = base + 2 * (place % 3)
        yield Variant(
            sku="-".join((f"{family.code}{seed}", f"{index + 1:06d}", *(code for _, code in values))),
            gtin=gtin13(seed * 7_919_000 + index * MAX_VARIANTS + place),
            options=tuple(in_language(label, language) for label, _ in values),
            price=price,
            compare_at_price=(price * Decimal("1.25")).quantize(CENT) if on_sale else None,
            cost=(price * markup).quantize(CENT),
            stock=0 if draw.random() < 0.08 else draw.randint(1, 250),
            grams=grams + 10 * place,
        )


def _combinations(draw: Random, family: Family) -> Iterator[tuple[tuple[str, str], ...]]:
    carried = []
    for option in family.options:
        width = draw.randint(1, min(3, len(option.values)))
        first = draw.randint(0, len(option.values) - width)
        carried.append(option.values[first : first + width])
    return product(*carried)


GOOGLE = "Google Shopping / "
SHOPIFY_HEADER = (
    *("Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published"),
    *(f"Option{number} {part}" for number in (1, 2, 3) for part in ("Name", "Value")),
    *("Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty"),
    *("Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price", "Variant Compare At Price"),
    *("Variant Requires Shipping", "Variant Taxable", "Variant Barcode"),
    *("Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description"),
    *(f"{GOOGLE}{name}" for name in ("Google Product Category", "Gender", "Age Group", "MPN", "AdWords Grouping")),
    *(f"{GOOGLE}{name}" for name in ("AdWords Labels", "Condition", "Custom Product")),
    *(f"{GOOGLE}Custom Label {number}" for number in range(5)),
    *("Variant Image", "Variant Weight Unit", "Variant Tax Code", "Cost per item", "Status"),
)


def shopify_rows(item: Product) -> Iterator[dict[str, str]]:
    """The rows of one product as the platform exports them: variants first, then the images that are left over."""
    for place in range(max(len(item.variants), len(item.images))):
        row = {"Handle": item.handle}
        if place == 0:
            row |= _product_cells(item)
        if place < len(item.variants):
            row |= _variant_cells(item, item.variants[place])
        if place < len(item.images):
            row |= {
                "Image Src": item.images[place],
                "Image Position": str(place + 1),
                "Image Alt Text": f"{item.title}, view {place + 1}",
            }
        yield row


def _product_cells(item: Product) -> dict[str, str]:
    return {
        "Title": item.title,
        "Body (HTML)": item.description,
        "Vendor": item.brand,
        "Type": item.category,
        "Tags": ", ".join(item.tags),
        "Published": "true" if item.status == "active" else "false",
        "Gift Card": "false",
        "Status": item.status,
        "SEO Title": f"{item.title} | {item.brand}",
    } | {f"Option{number} Name": name for number, name in enumerate(item.option_names or ("Title",), start=1)}


def _variant_cells(item: Product, variant: Variant) -> dict[str, str]:
    values = variant.options if item.option_names else ("Default Title",)
    return {
        "Variant SKU": variant.sku,
        "Variant Grams": str(variant.grams),
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": str(variant.stock),
        "Variant Inventory Policy": "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": str(variant.price),
        "Variant Compare At Price": "" if variant.compare_at_price is None else str(variant.compare_at_price),
        "Variant Requires Shipping": "true",
        "Variant Taxable": "true",
        "Variant Barcode": variant.gtin,
        "Variant Weight Unit": "g",
        "Cost per item": str(variant.cost),
    } | {f"Option{number} Value": value for number, value in enumerate(values, start=1)}


def write_shopify_csv(
    stream: TextIO, *, products: int = 2000, seed: int = DEFAULT_SEED, mistakes: int = 0
) -> list[Mistake]:
    """Write the goods in the older Shopify layout and return the wrong rows planted between them, in file order.

    Open the stream with newline="": lines end in CRLF. Wrong rows come on top of the sound products.
    """
    if mistakes and not products:
        raise ValueError("mistakes stand between sound products: ask for at least one product")
    writer = csv.DictWriter(stream, SHOPIFY_HEADER, restval="", lineterminator="\r\n")
    writer.writeheader()
    planted: list[Mistake] = []
    line = 1
    for done, item in enumerate(generate_products(products, seed=seed), start=1):
        rows = list(shopify_rows(item))
        writer.writerows(rows)
        line += len(rows)
        while len(planted) < mistakes * done // products:
            kind, row = mistaken_row(len(planted), earlier=rows[0])
            writer.writerow(row)
            line += 1
            planted.append(Mistake(kind.name, kind.outcome, line, row["Handle"], kind.column, row[kind.column]))
    return planted


SIMPLE_HEADER = "sku,title,description,brand,category,price,compare_at_price,cost,currency,stock,gtin,weight_grams,tags"
SIMPLE_BATCH = 2000


def write_simple_csv(stream: TextIO, *, rows: int, seed: int = DEFAULT_SEED) -> None:
    """Write a sheet of one article per row, fast enough for a million rows; no cell needs quoting."""
    stream.write(f"{SIMPLE_HEADER}\r\n")
    brands = [brand for brand in BRANDS if not set(brand) & set(',"')]
    for first in range(0, rows, SIMPLE_BATCH):
        numbers = range(first, min(first + SIMPLE_BATCH, rows))
        stream.write("".join([_simple_row(number, seed, brands) for number in numbers]))


def _simple_row(number: int, seed: int, brands: list[str]) -> str:
    # A multiplicative hash instead of a random generator: a million rows take seconds.
    mixed = (number + 1 + seed * 7_919) * 2_654_435_761 & 0xFFFFFFFF
    family = FAMILIES[mixed % len(FAMILIES)]
    style = STYLES[(mixed >> 5) % len(STYLES)]
    noun = family.nouns[(mixed >> 9) % len(family.nouns)]
    brand = brands[(mixed >> 12) % len(brands)]
    cents = family.price[0] * 100 + (mixed >> 8) % ((family.price[1] - family.price[0]) * 100)
    compare_at = f"{cents * 5 // 400}.{cents * 5 // 4 % 100:02d}" if mixed & 64 else ""
    return (
        f"{family.code}{seed}-{number + 1:07d},{style} {noun} {number + 1},"
        f"<p>Made of {family.materials[0]}.</p>,{brand},{family.category},"
        f"{cents // 100}.{cents % 100:02d},{compare_at},{cents * 3 // 500}.{cents * 3 // 5 % 100:02d},EUR,"
        f"{(mixed >> 3) % 200},{gtin13(seed * 7_919_000 + number)},"
        f"{family.grams[0] + (mixed >> 7) % 300},{family.tags[0]}|{style.lower()}\r\n"
    )
