"""A product of BigBuy as a source product. Pure: in go the items of its lists, out come goods or words.

A product with variations is sold by its variations alone; its own stock and prices are not those of anything sellable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.integrations.bigbuy.names import Names
from app.integrations.bigbuy.payloads import id_of, objects_of, text_of
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.bigbuy.values import amount_in, available, grams_in, variant_id
from app.integrations.contracts.catalogue import RejectedRow, RowWarning, SourceImage, SourceProduct, SourceVariant
from app.integrations.feeds import fields as limits
from app.integrations.feeds.api_items import is_web_address, raw_of
from app.integrations.feeds.descriptions import to_html
from app.integrations.feeds.errors import RowRefused
from app.integrations.feeds.gtin import read_gtin
from app.integrations.feeds.json_records import Json
from app.integrations.feeds.storable import storable

Item = Mapping[str, Json]
Mapped = tuple[SourceProduct | RejectedRow, list[RowWarning]]
# What has no field of ours. The units of sizes are not told: centimetres, integrators assume.
ATTRIBUTES = {
    "Part number": "partNumber",
    "Condition": "condition",
    "Width": "width",
    "Height": "height",
    "Depth": "depth",
    "Intrastat": "intrastat",
    "Tax rate": "taxRate",
    "Video": "video",
}


@dataclass(frozen=True, slots=True)
class Variation:
    """A variation with its stock, and the ids of the attributes that set it apart."""

    item: Item
    stock: Item | None
    attributes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """A product and what the other lists have of it."""

    product: Json
    information: Item | None
    images: Item | None
    stock: Item | None
    variations: Sequence[Variation]


@dataclass(frozen=True, slots=True)
class _Notes:
    """What is left out of the product of a line."""

    line: int
    warnings: list[RowWarning] = field(default_factory=list)

    def add(self, code: str, words: str, column: str) -> None:
        self.warnings.append(RowWarning(self.line, code, words, column))


class Mapper:
    """Maps the products of one connection. `line` is the position in the order of ids, from 1."""

    def __init__(self, settings: BigBuy, names: Names) -> None:
        self._settings = settings
        self._names = names

    def map(self, parts: Parts, line: int) -> Mapped:
        """The product, or why it is none, and what was left out of it."""
        notes = _Notes(line)
        try:
            return self._product(parts, notes), notes.warnings
        except RowRefused as refused:
            return RejectedRow(line, refused.code, refused.message, raw_of(parts.product)), []

    def _product(self, parts: Parts, notes: _Notes) -> SourceProduct:
        item = parts.product if isinstance(parts.product, dict) else {}
        product_id = id_of(item.get("id"))
        if product_id is None:
            raise RowRefused("no_identity", "Field 'id' names no product: a positive whole number is expected.")
        told = parts.information or {}
        url = text_in(told, "url")
        return SourceProduct(
            external_id=str(product_id),
            line=notes.line,
            title=self._title(told),
            sku=_sku(item),
            description_html=_description(told, notes),
            brand=self._names.manufacturers.get(id_of(item.get("manufacturer")) or 0),
            category_path=self._names.categories.get(id_of(item.get("taxonomy")) or 0, ()),
            url=url if url and is_web_address(url) else None,
            images=_images(parts.images, notes),
            options=self._options(parts.variations),
            attributes=_attributes(item),
            status="archived" if text_of(item.get("active")) == "0" else None,
            variants=self._variants(item, product_id, parts, notes),
        )

    def _title(self, told: Item) -> str | None:
        title = " ".join((text_in(told, "name") or "").split())
        if len(title) > limits.MAX_LENGTH["title"]:
            raise RowRefused(
                "too_long", f"Field 'name' has {len(title):,} characters: shorten it to {limits.MAX_LENGTH['title']}."
            )
        return title or None

    def _variants(self, item: Item, product_id: int, parts: Parts, notes: _Notes) -> tuple[SourceVariant, ...]:
        if parts.variations:
            return tuple(self._variant(one.item, variant_id(one.item), one, item, notes) for one in parts.variations)
        if item.get("attributes") is True:
            words = "BigBuy says that it has variations and lists none: there is nothing of it to sell yet."
            notes.add("variations_missing", words, "attributes")
            return ()
        alone = Variation(item, parts.stock, ())
        return (self._variant(item, str(product_id), alone, item, notes),)

    def _variant(self, item: Item, external_id: str, one: Variation, product: Item, notes: _Notes) -> SourceVariant:
        gtin, gtin_raw = _gtin(item, notes)
        level = available(one.stock, self._settings)
        retail = amount_in(item, "retailPrice")
        role = self._settings.retail_price
        is_active = text_of(product.get("active")) != "0"
        return SourceVariant(
            external_id=external_id,
            line=notes.line,
            sku=_sku(item),
            gtin=gtin,
            gtin_raw=gtin_raw,
            price=retail if role == "price" else None,
            compare_at_price=retail if role == "compare_at_price" else None,
            cost=amount_in(item, "wholesalePrice"),
            currency="EUR",
            stock=level.quantity if is_active else 0,
            availability="in_stock" if level.quantity and is_active else "out_of_stock",
            weight_g=grams_in(product, item),
            options=self._options_of(one, notes),
        )

    def _options(self, variations: Sequence[Variation]) -> tuple[str, ...]:
        names = self._names.attributes
        return tuple(dict.fromkeys(names[key][0] for one in variations for key in one.attributes if key in names))

    def _options_of(self, one: Variation, notes: _Notes) -> dict[str, str]:
        found: dict[str, str] = {}
        for key in one.attributes:
            if key not in self._names.attributes:
                words = f"Attribute {key} of variation {text_of(one.item.get('id'))} has no name and was left out."
                notes.add("attribute_unknown", words, "attributes")
                continue
            group, value = self._names.attributes[key]
            found[group] = f"{found[group]} / {value}" if group in found else value
        return {group: value[: limits.MAX_OPTION_VALUE] for group, value in found.items()}


def text_in(item: Item, name: str) -> str | None:
    """A text of an item as it can be stored."""
    text = text_of(item.get(name))
    return storable(text) if text else None


def _sku(item: Item) -> str | None:
    sku = text_in(item, "sku")
    if sku and len(sku) > limits.MAX_LENGTH["sku"]:
        raise RowRefused("too_long", f"Field 'sku' has {len(sku):,} characters: {limits.MAX_LENGTH['sku']} are taken.")
    return sku


def _description(told: Item, notes: _Notes) -> str | None:
    text = text_in(told, "description")
    try:
        return to_html(text) or None if text else None
    except RowRefused as refused:
        words = f"Field 'description' was left out: {refused.message}"
        notes.add(refused.code, words, "description")
        return None


def _images(item: Item | None, notes: _Notes) -> tuple[SourceImage, ...]:
    """The pictures, the cover first."""
    listed = sorted(objects_of((item or {}).get("images")), key=lambda image: image.get("isCover") is not True)
    urls = list(dict.fromkeys(url for image in listed if (url := text_in(image, "url"))))
    good = [url for url in urls if is_web_address(url)][: limits.MAX_IMAGES]
    if len(good) < len(urls):
        words = f"Field 'images': {len(urls) - len(good)} of {len(urls)} are no web addresses and were left out."
        notes.add("image_left_out", words, "images")
    return tuple(SourceImage(url) for url in good)


def _gtin(item: Item, notes: _Notes) -> tuple[str | None, str | None]:
    text = text_in(item, "ean13")
    if text is None:
        return None, None
    gtin, raw, problem = read_gtin(text)
    if problem:
        code, words = problem
        notes.add(code, f"Field 'ean13': {words}; it is kept but not matched on.", "ean13")
    return gtin, raw[:100] if raw else None


def _attributes(item: Item) -> dict[str, str]:
    found = {name: text_in(item, place) for name, place in ATTRIBUTES.items()}
    return {name: text[: limits.MAX_ATTRIBUTE_VALUE] for name, text in found.items() if text and not _is_nothing(text)}


def _is_nothing(text: str) -> bool:
    return not Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() and len(text) < 20 else False
