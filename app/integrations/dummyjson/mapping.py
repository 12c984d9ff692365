"""A product of the API as a source product, by the settings' field map. Pure: in goes JSON, out come goods or words."""

from decimal import Decimal, InvalidOperation

from app.core.money import UnknownCurrency, parse_currency
from app.integrations.contracts.catalogue import (
    Availability,
    RejectedRow,
    RowWarning,
    SourceImage,
    SourceProduct,
    SourceVariant,
)
from app.integrations.dummyjson.payloads import at, text_of, texts_of
from app.integrations.dummyjson.settings import ProductApi, ProductField
from app.integrations.feeds import fields as limits
from app.integrations.feeds.api_items import cell_of, is_web_address, raw_of
from app.integrations.feeds.descriptions import to_html
from app.integrations.feeds.gtin import read_gtin
from app.integrations.feeds.prices import MAX_AMOUNT

_PLACES = Decimal("0.0001")
_AVAILABILITY: dict[str, Availability] = {
    "in stock": "in_stock",
    "instock": "in_stock",
    "in_stock": "in_stock",
    "low stock": "in_stock",
    "available": "in_stock",
    "out of stock": "out_of_stock",
    "outofstock": "out_of_stock",
    "out_of_stock": "out_of_stock",
    "preorder": "preorder",
    "backorder": "backorder",
}


class _Refused(Exception):
    """A product that cannot become goods: the guilty field, a stable code and words with the mend."""

    def __init__(self, field: ProductField, code: str, message: str) -> None:
        self.field, self.code, self.message = field, code, message
        super().__init__(message)


class Mapper:
    """Maps the products of one API. `line` is the position in its list, from 1."""

    def __init__(self, settings: ProductApi) -> None:
        self._settings = settings

    def external_id(self, item: object) -> str | None:
        """The identity of a product; None for what has none. 5 and "5" are the same product."""
        value = at(item, self._settings.fields["id"])
        text = text_of(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
        return text if text and len(text) <= limits.MAX_LENGTH["id"] else None

    def map(self, item: object, line: int) -> tuple[SourceProduct | RejectedRow, list[RowWarning]]:
        """The product, or why it is none, and what was left out of it."""
        warnings: list[RowWarning] = []
        try:
            return self._product(item, line, warnings), warnings
        except _Refused as refused:
            place = self._settings.fields.get(refused.field)
            return RejectedRow(line, refused.code, refused.message, raw_of(item), place), []

    def _product(self, item: object, line: int, warnings: list[RowWarning]) -> SourceProduct:
        external_id = self.external_id(item)
        if external_id is None:
            place = self._settings.fields["id"]
            raise _Refused("id", "no_identity", f"Field '{place}' names no product: give it a text or a whole number.")
        category = self._text(item, "category")
        description = self._text(item, "description")
        images = [SourceImage(url) for url in self._image_urls(item, line, warnings)]
        sku = self._text(item, "sku")
        return SourceProduct(
            external_id=external_id,
            line=line,
            title=" ".join(title.split()) if (title := self._text(item, "title")) else None,
            sku=sku,
            description_html=to_html(description) if description else None,
            brand=self._text(item, "brand"),
            category_path=(category[: limits.MAX_OPTION_VALUE],) if category else (),
            tags=tuple(dict.fromkeys(tag[: limits.MAX_TAG] for tag in self._texts(item, "tags")))[: limits.MAX_TAGS],
            url=self._text(item, "url"),
            images=tuple(images),
            attributes=self._attributes(item),
            variants=(self._variant(item, line, external_id, sku, warnings),),
        )

    def _variant(
        self, item: object, line: int, external_id: str, sku: str | None, warnings: list[RowWarning]
    ) -> SourceVariant:
        gtin, gtin_raw = self._gtin(item, line, warnings)
        return SourceVariant(
            external_id=external_id,
            line=line,
            sku=sku,
            gtin=gtin,
            gtin_raw=gtin_raw,
            price=self._amount(item, "price"),
            compare_at_price=self._amount(item, "compare_at_price"),
            cost=self._amount(item, "cost"),
            currency=self._currency(item),
            stock=self._count(item, "stock", limits.MAX_STOCK),
            availability=_AVAILABILITY.get((self._text(item, "availability") or "").lower(), "unknown"),
            weight_g=self._count(item, "weight_g", limits.MAX_WEIGHT_G),
        )

    def _at(self, item: object, field: ProductField) -> object:
        place = self._settings.fields.get(field)
        return at(item, place) if place else None

    def _text(self, item: object, field: ProductField) -> str | None:
        text = text_of(self._at(item, field))
        longest = limits.MAX_LENGTH.get(field, limits.MAX_ATTRIBUTE_VALUE)
        if text and len(text) > longest:
            raise self._wrong(field, "too_long", f"has {len(text):,} characters: shorten it to {longest:,}.")
        if text and "\0" in text:
            raise self._wrong(field, "nul_character", "holds a NUL character: remove it.")
        return text

    def _texts(self, item: object, field: ProductField) -> list[str]:
        return [text for text in texts_of(self._at(item, field)) if "\0" not in text]

    def _image_urls(self, item: object, line: int, warnings: list[RowWarning]) -> list[str]:
        urls = list(dict.fromkeys(self._texts(item, "images")))
        good = [url for url in urls if is_web_address(url)][: limits.MAX_IMAGES]
        if len(good) < len(urls):
            place = self._settings.fields.get("images")
            words = f"Field '{place}': {len(urls) - len(good)} of {len(urls)} are no web addresses and were left out."
            warnings.append(RowWarning(line, "image_left_out", words, place))
        return good

    def _amount(self, item: object, field: ProductField) -> Decimal | None:
        value = self._at(item, field)
        if value is None or value == "":
            return None
        amount = _number(value)
        if amount is None:
            raise self._wrong(field, "price_not_a_number", f"is {_shown(value)}: give a number.")
        if amount < 0:
            raise self._wrong(field, "price_negative", f"is {_shown(value)}: a price cannot be negative.")
        if amount > MAX_AMOUNT:
            raise self._wrong(field, "price_too_large", f"is {_shown(value)}: the largest price is {MAX_AMOUNT:,}.")
        return amount.quantize(_PLACES).normalize() + 0

    def _count(self, item: object, field: ProductField, most: int) -> int | None:
        value = self._at(item, field)
        if value is None or value == "":
            return None
        number = _number(value)
        if number is None or not 0 <= number <= most or number != number.to_integral_value():
            code = f"{field.removesuffix('_g')}_invalid"
            raise self._wrong(field, code, f"is {_shown(value)}: give a whole number from 0 to {most:,}.")
        return int(number)

    def _currency(self, item: object) -> str:
        text = self._text(item, "currency")
        try:
            return parse_currency(text) if text else self._settings.currency
        except UnknownCurrency as unknown:
            raise self._wrong("currency", "currency_unknown", f"is {unknown}.") from None

    def _gtin(self, item: object, line: int, warnings: list[RowWarning]) -> tuple[str | None, str | None]:
        text = self._text(item, "gtin")
        if text is None:
            return None, None
        gtin, raw, problem = read_gtin(text)
        if problem:
            code, words = problem
            place = self._settings.fields.get("gtin")
            warnings.append(RowWarning(line, code, f"Field '{place}': {words}; it is kept but not matched on.", place))
        return gtin, raw[:100] if raw else None

    def _attributes(self, item: object) -> dict[str, str]:
        found = {name: ", ".join(texts_of(at(item, place))) for name, place in self._settings.attributes.items()}
        return {name: text[: limits.MAX_ATTRIBUTE_VALUE] for name, text in found.items() if text and "\0" not in text}

    def _wrong(self, field: ProductField, code: str, words: str) -> _Refused:
        return _Refused(field, code, f"Field '{self._settings.fields.get(field)}' {words}")


def _number(value: object) -> Decimal | None:
    """The finite number that a value is or spells."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _shown(value: object) -> str:
    return f"'{cell_of(value)[:60]}'"
