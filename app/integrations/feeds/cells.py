"""Readers of single fields, compiled once per file: each takes a row's cells and gives our value, or refuses the row in
words that name the column, the value and the mend. What a whole row means is the layouts' business.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from app.core.money import UnknownCurrency
from app.integrations.contracts.catalogue import Availability, SourceImage, StatusHint
from app.integrations.feeds import fields, json_cells
from app.integrations.feeds.columns import Columns
from app.integrations.feeds.errors import RowRefused
from app.integrations.feeds.numbers import NotANumber, parse_number
from app.integrations.feeds.prices import NotAPrice, Price, parse_price, unknown_currency
from app.integrations.feeds.units import Unit, read_unit

Cells = list[str]
TextReader = Callable[[Cells], str | None]
PriceReader = Callable[[Cells], Price | None]

_GRAMS = {
    **dict.fromkeys(("g", "gr", "gram", "grams", "gramm"), Decimal(1)),
    **dict.fromkeys(("kg", "kgs", "kilo", "kilogram", "kilograms", "kilogramm"), Decimal(1000)),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), Decimal("453.59237")),
    **dict.fromkeys(("oz", "ounce", "ounces"), Decimal("28.349523125")),
    "mg": Decimal("0.001"),
}
_WEIGHT = re.compile(r"([0-9.,]{1,20})\s{0,3}([A-Za-z]{1,10})?\.?")
_COUNT = re.compile(
    r"(?:[<>]|ca\.?)?\s{0,3}(-?[0-9][0-9.,' ]{0,20})\+?(?:\s{0,3}(?:pcs|pc|st|stk|stück|x)\.?)?", re.IGNORECASE
)
_ONE_URL = re.compile(r"https?://[^\s,;|]{1,2000}")
_NEXT_URL = re.compile(r"[,;|\s]{1,5}(?=(?:https?:)?//)", re.IGNORECASE)

_AVAILABILITY: dict[str, Availability] = {
    **dict.fromkeys(
        (
            *("in stock", "instock", "in_stock", "available", "yes", "true", "1", "y", "limited availability"),
            *("auf lager", "lieferbar", "sofort lieferbar", "verfügbar", "vorrätig", "ja"),
            *("en stock", "disponible", "disponibile", "oui", "sí", "si", "skladem", "op voorraad"),
        ),
        "in_stock",
    ),
    **dict.fromkeys(
        (
            *("out of stock", "outofstock", "out_of_stock", "sold out", "soldout", "unavailable", "discontinued"),
            *("no", "false", "0", "n", "nicht lieferbar", "nicht verfügbar", "nicht vorrätig", "ausverkauft", "nein"),
            *("agotado", "esaurito", "non disponibile", "épuisé", "rupture de stock", "rupture"),
        ),
        "out_of_stock",
    ),
    **dict.fromkeys(("preorder", "pre order", "pre-order", "pre_order", "vorbestellung", "vorbestellbar"), "preorder"),
    **dict.fromkeys(("backorder", "back order", "available for order", "nachbestellung"), "backorder"),
}
_STATUS: dict[str, StatusHint] = {
    **dict.fromkeys(
        ("active", "published", "publish", "true", "1", "yes", "ja", "aktiv", "visible", "enabled"), "published"
    ),
    **dict.fromkeys(
        ("draft", "false", "0", "-1", "no", "nein", "inactive", "inaktiv", "entwurf", "hidden", "disabled", "private"),
        "draft",
    ),
    **dict.fromkeys(("archived", "archiviert", "deleted"), "archived"),
}


def text_reader(columns: Columns, field: str) -> TextReader:
    """The trimmed text of a field; None where it is empty or the file lacks the column."""
    index, limit = columns.index(field), fields.MAX_LENGTH.get(field, fields.MAX_ATTRIBUTE_VALUE)
    if index < 0:
        return _nothing

    def read(cells: Cells) -> str | None:
        cell = cells[index]
        if not cell:
            return None
        text = cell.strip()
        if text[:1] in {"{", "["}:
            text = json_cells.plain(text)
        if len(text) > limit:
            raise RowRefused(
                "text_too_long",
                f"Column '{columns.name(index)}' holds {len(text):,} characters ('{text[:40]}...'). "
                f"Shorten it to {limit:,}.",
                index,
            )
        return text or None

    return read


def price_reader(columns: Columns, field: str) -> PriceReader:
    """The price of a field; None where it is empty."""
    index = columns.index(field)
    if index < 0:
        return _nothing
    mark, currency = columns.mark(index), columns.currency(index)

    def read(cells: Cells) -> Price | None:
        text = cells[index]
        if not text:
            return None
        try:
            price = parse_price(text, mark)
        except NotAPrice as error:
            raise RowRefused(error.code, f"Column '{columns.name(index)}' {error.message}", index) from None
        return price if currency is None or price is None else _in_currency(price, currency, text)

    def _in_currency(price: Price, named: str, text: str) -> Price:
        if not Unit(price.currency, price.sign).allows(named):
            raise RowRefused(
                "currency_conflict",
                f"Column '{columns.name(index)}' is in {named} by its name, but holds '{text[:60]}'. Write {named}.",
                index,
            )
        return Price(price.amount, named)

    return read


def currency_reader(columns: Columns) -> TextReader:
    """The currency of the file's own currency column."""
    index = columns.index("currency")
    if index < 0:
        return _nothing

    def read(cells: Cells) -> str | None:
        text = cells[index].strip()
        try:
            return read_unit(text).currency if text else None
        except UnknownCurrency:
            refusal = unknown_currency(text)
            raise RowRefused(refusal.code, f"Column '{columns.name(index)}' {refusal.message}", index) from None

    return read


def stock_reader(columns: Columns) -> Callable[[Cells], tuple[int | None, Availability]]:
    """Quantity and availability; below zero is none left, and a quantity column may hold words of availability."""
    stock, availability = columns.index("stock"), columns.index("availability")
    mark = columns.mark(stock) if stock >= 0 else "."

    def read(cells: Cells) -> tuple[int | None, Availability]:
        said = availability_of(cells[availability]) if availability >= 0 else "unknown"
        text = cells[stock].strip() if stock >= 0 else ""
        if not text:
            return None, said
        if text.isascii() and text.isdigit() and len(text) < 10:
            count = int(text)
        elif (words := availability_of(text)) != "unknown":
            return None, words
        else:
            count = _count(text, stock)
        if said == "unknown":
            said = "in_stock" if count else "out_of_stock"
        return count, said

    def _count(text: str, index: int) -> int:
        found = _COUNT.fullmatch(text)
        try:
            number = parse_number(found[1], mark) if found else None
        except NotANumber:
            number = None
        if number is None or number != int(number) or number > fields.MAX_STOCK:
            raise RowRefused(
                "stock_invalid",
                f"Column '{columns.name(index)}' holds '{text[:60]}', which is not a quantity. "
                "Write a whole number, or leave it empty.",
                index,
            )
        return max(0, int(number))

    return read


def availability_of(text: str) -> Availability:
    """The availability that a word of some shop means; also the address of a schema.org value."""
    word = text.strip().casefold().removeprefix("https://schema.org/").removeprefix("http://schema.org/")
    return _AVAILABILITY.get(word, "unknown")


def status_of(text: str | None) -> StatusHint | None:
    """The status that a word of some shop means."""
    return _STATUS.get(text.casefold()) if text else None


def weight_reader(columns: Columns, *, unit: str | None = None) -> Callable[[Cells], int | None]:
    """Grams, where the cell, the unit column or the column's name says the unit; a bare number says nothing."""
    index, unit_index = columns.index("weight"), columns.index("weight_unit")
    if index < 0:
        return _nothing
    mark = columns.mark(index)
    usual = unit or unit_in_name(columns.name(index))
    usual_factor = _GRAMS[usual] if usual else None

    def read(cells: Cells) -> int | None:
        text = cells[index]
        if not text:
            return None
        if usual_factor and len(text) < 9 and text.isascii() and text.isdigit():
            return round(int(text) * usual_factor) or None
        found = _WEIGHT.fullmatch(text.strip())
        if found is None:
            return None
        named = found[2] or usual or (cells[unit_index].strip() if unit_index >= 0 else "")
        factor = _GRAMS.get(named.casefold()) if named else None
        try:
            grams = parse_number(found[1], mark) * factor if factor else None
        except NotANumber:
            return None
        return round(grams) or None if grams is not None and grams <= fields.MAX_WEIGHT_G else None

    return read


def images_reader(columns: Columns) -> Callable[[Cells], tuple[SourceImage, ...]]:
    """All pictures of a row in order: the main one, then the others; only absolute web addresses."""
    main, alt = columns.index("image"), columns.index("image_alt")
    indexes = (*((main,) if main >= 0 else ()), *columns.indexes("more_images"))
    if not indexes:
        return lambda _cells: ()

    def read(cells: Cells) -> tuple[SourceImage, ...]:
        urls = [url for index in indexes if cells[index] for url in urls_in(cells[index])]
        if not urls:
            return ()
        if len(urls) > 1:
            urls = list(dict.fromkeys(urls))
        text = cells[alt].strip()[:500] or None if alt >= 0 else None
        return (SourceImage(urls[0], text), *map(SourceImage, urls[1 : fields.MAX_IMAGES]))

    return read


def urls_in(text: str) -> list[str]:
    """The web addresses in a cell that may hold several."""
    if _ONE_URL.fullmatch(text):
        return [text]
    text = text.strip()
    decoded = json_cells.decode(text)
    parts = _NEXT_URL.split(text) if isinstance(decoded, str) else json_cells.urls_in(decoded)
    found = []
    for part in parts:
        url = f"https:{part}" if part.startswith("//") else part.strip().rstrip(",;|")
        if url[:8].lower().startswith(("http://", "https://")) and len(url) <= 2048 and not any(map(str.isspace, url)):
            found.append(url)
    return found


@lru_cache(maxsize=1024)  # few distinct values, read in every row
def tags_of(text: str | None) -> tuple[str, ...]:
    """Tags parted by comma, semicolon or bar."""
    if not text:
        return ()
    decoded = json_cells.decode(text)
    parts = (
        text.replace(";", ",").replace("|", ",").split(",")
        if isinstance(decoded, str)
        else json_cells.texts_in(decoded)
    )
    tags = dict.fromkeys(tag for part in parts if (tag := part.strip()) and len(tag) <= fields.MAX_TAG)
    return tuple(tags)[: fields.MAX_TAGS]


@lru_cache(maxsize=1024)
def category_path_of(text: str | None) -> tuple[str, ...]:
    """The levels of a category path."""
    if not text:
        return ()
    for separator in (">", "|", "\u00bb", " / "):
        if separator in text:
            return tuple(level for part in text.split(separator) if (level := part.strip()))
    return (text,)


def unit_in_name(name: str) -> str | None:
    """The unit of weight that a column's name says."""
    words = re.findall(r"[a-z]+", name.casefold())
    return next((word for word in reversed(words) if word in _GRAMS), None)


def _nothing(_cells: Cells) -> None:
    return None
