"""Our own export: one variant per row, known by our ids, the product's fields on its first row. Values are taken as
they stand, for they are ours; an empty cell leaves alone what the product has. Its columns are listed here alone.
"""

import json
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from pydantic import JsonValue

from app.integrations.contracts.catalogue import SourceImage, SourceProduct, SourceVariant
from app.integrations.feeds import fields
from app.integrations.feeds.cell_lists import LEVELS, TAGS, split_list
from app.integrations.feeds.cells import Cells, currency_reader, status_of, stock_reader, text_reader, weight_reader
from app.integrations.feeds.columns import Columns
from app.integrations.feeds.descriptions import clean_own
from app.integrations.feeds.errors import RowRefused
from app.integrations.feeds.headers import normalised
from app.integrations.feeds.layout import Layout
from app.integrations.feeds.mapping import Context, State, gtin_reader, identity, variant_id
from app.integrations.feeds.numbers import NotANumber, parse_number

# Column of the export -> our field. Those that are ignored when the file comes back are there to be read.
COLUMNS: dict[str, str] = {
    "crossdock_id": "id",
    "crossdock_variant_id": "own_variant_id",
    "title": "title",
    "sku": "sku",
    "price": "price",
    "compare_at_price": "compare_at_price",
    "cost": "cost",
    "currency": "currency",
    "stock": "stock",
    "gtin": "gtin",
    "weight_g": "weight",
    "options": "option_map",
    "variant_image": "variant_image",
    "status": "status",
    "brand": "brand",
    "category": "category",
    "tags": "tags",
    "description": "description",
    "attributes": "attribute_map",
    "images": "image_list",
    "image_texts": "alt_list",
    "product_sku": "product_sku",
    "url": "url",
    "source": "ignore",
    "external_id": "ignore",
    "variant_title": "ignore",
    "variant_attributes": "ignore",
    "locked_fields": "ignore",
    "created_at": "ignore",
    "updated_at": "ignore",
}
_MAX_AMOUNT = Decimal("99999999999.9999")
_PLACES = Decimal("0.0001")
_OF_VARIANT = ("sku", "price", "compare_at_price", "cost", "stock", "gtin", "weight", "option_map", "variant_image")


class ExportMapper:
    """Maps each row to a fragment of its product (see mapping.RowMapper)."""

    may_pause = True

    def __init__(self, context: Context) -> None:
        columns = context.columns
        self._columns, self._default_currency = columns, context.default_currency
        self._id, self._variant_id = text_reader(columns, "id"), text_reader(columns, "own_variant_id")
        self._sku, self._product_sku = text_reader(columns, "sku"), text_reader(columns, "product_sku")
        self._title, self._brand = text_reader(columns, "title"), text_reader(columns, "brand")
        self._description = text_reader(columns, "description")
        self._description_index = columns.index("description")
        self._status, self._url = text_reader(columns, "status"), text_reader(columns, "url")
        self._category, self._tags = _list_reader(columns, "category", LEVELS), _list_reader(columns, "tags", TAGS)
        self._images, self._alts = _list_reader(columns, "image_list", TAGS), _list_reader(columns, "alt_list", TAGS)
        self._attributes, self._options = _map_reader(columns, "attribute_map"), _map_reader(columns, "option_map")
        self._variant_image = text_reader(columns, "variant_image")
        self._price, self._cost = _amount_reader(columns, "price"), _amount_reader(columns, "cost")
        self._compare_at_price = _amount_reader(columns, "compare_at_price")
        self._currency, self._gtin = currency_reader(columns), gtin_reader(context)
        self._stock, self._weight = stock_reader(columns), weight_reader(columns, unit="g")
        self._says_variant = [index for field in _OF_VARIANT if (index := columns.index(field)) >= 0]

    def map_row(self, line: int, cells: Cells) -> SourceProduct:
        """The part of a product that a row is."""
        name = self._id(cells) or self._sku(cells)
        if name is None:
            raise RowRefused(
                "identity_missing",
                "Neither crossdock_id nor sku is filled in. Leave crossdock_id as it was exported; give new products "
                "a SKU.",
                self._columns.index("id"),
            )
        own_id = _uuid_of(self._id(cells))
        variant = self._variant(line, cells, identity(name, self._columns.index("id")), is_known=own_id is not None)
        return SourceProduct(
            external_id=name,
            line=line,
            title=self._title(cells),
            sku=self._product_sku(cells) or (variant.sku if variant and self._title(cells) else None),
            description_html=self._description_of(cells),
            brand=self._brand(cells),
            category_path=tuple(filter(None, self._category(cells))),
            tags=self._tags_of(cells),
            url=self._url(cells),
            images=self._images_of(cells),
            options=tuple(variant.options) if variant else (),
            attributes=self._attributes(cells),
            status=status_of(self._status(cells)),
            variants=(variant,) if variant else (),
            fragment=True,
            own_id=own_id,
        )

    def raw(self, cells: Cells) -> Cells:
        """A row stands on its own: the ids say whose it is."""
        return cells

    def state(self) -> State:
        """Rows leave nothing behind."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to restore."""

    def _variant(self, line: int, cells: Cells, product: str, *, is_known: bool) -> SourceVariant | None:
        """The variant of a row; None for a product that has none."""
        own = self._variant_id(cells)
        sku = self._sku(cells)
        options = {name: str(value) for name, value in self._options(cells).items()}
        if own is None and not any(cells[index].strip() for index in self._says_variant):
            return None
        if own is None and is_known and not sku and not options:
            raise RowRefused(
                "variant_unnamed",
                "The row does not say which variant it is. Leave crossdock_variant_id as it was exported; give a new "
                "variant a SKU or options.",
                self._columns.index("own_variant_id"),
            )
        price, compare_at_price, cost = self._price(cells), self._compare_at_price(cells), self._cost(cells)
        has_money = not (price is compare_at_price is cost is None)
        stock, availability = self._stock(cells)
        gtin, gtin_raw = self._gtin(line, cells)
        return SourceVariant(
            external_id=identity(own, -1) if own else sku or variant_id(product, list(options.values())),
            line=line,
            sku=sku,
            gtin=gtin,
            gtin_raw=gtin_raw,
            price=price,
            compare_at_price=compare_at_price,
            cost=cost,
            currency=self._currency(cells) or (self._default_currency if has_money else None),
            stock=stock,
            availability=availability,
            weight_g=self._weight(cells),
            image_url=self._variant_image(cells),
            options=options,
            own_id=_uuid_of(own) if is_known else None,
        )

    def _description_of(self, cells: Cells) -> str | None:
        # Not trimmed: blanks around it are part of what was stored.
        return clean_own(cells[self._description_index]) if self._description(cells) else None

    def _tags_of(self, cells: Cells) -> tuple[str, ...]:
        tags = dict.fromkeys(filter(None, self._tags(cells)))
        if long := next((tag for tag in tags if len(tag) > fields.MAX_TAG), None):
            raise RowRefused(
                "tag_too_long",
                f"Column 'tags' holds '{long[:40]}...', which is longer than {fields.MAX_TAG} characters. Shorten it.",
                self._columns.index("tags"),
            )
        return tuple(tags)[: fields.MAX_TAGS]

    def _images_of(self, cells: Cells) -> tuple[SourceImage, ...]:
        urls, alts = self._images(cells), self._alts(cells)
        for url in urls:
            if not url.lower().startswith(("http://", "https://")) or len(url) > fields.MAX_LENGTH["url"]:
                raise RowRefused(
                    "image_invalid",
                    f"Column 'images' holds '{url[:60]}', which is not a web address. Write addresses that begin with "
                    "https://, parted by commas.",
                    self._columns.index("image_list"),
                )
        texts = [alt[:500] or None for alt in alts] + [None] * len(urls)
        pictures = {url: SourceImage(url, alt) for url, alt in reversed(list(zip(urls, texts, strict=False)))}
        return tuple(pictures[url] for url in dict.fromkeys(urls))[: fields.MAX_IMAGES]


def _list_reader(columns: Columns, field: str, separator: str) -> Callable[[Cells], list[str]]:
    index = columns.index(field)
    return lambda cells: split_list(cells[index], separator) if index >= 0 else []


def _map_reader(columns: Columns, field: str) -> Callable[[Cells], dict[str, JsonValue]]:
    index = columns.index(field)
    if index < 0:
        return lambda _cells: {}

    def read(cells: Cells) -> dict[str, JsonValue]:
        text = cells[index].strip()
        if not text:
            return {}
        try:
            found = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or len(found) > fields.MAX_ATTRIBUTES:
            raise RowRefused(
                "object_invalid",
                f"Column '{columns.name(index)}' holds '{text[:60]}', which is not an object of names and values. "
                f'Write it as {{"Size": "M"}}, with at most {fields.MAX_ATTRIBUTES} names.',
                index,
            )
        return found

    return read


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _amount_reader(columns: Columns, field: str) -> Callable[[Cells], Decimal | None]:
    index = columns.index(field)
    mark = columns.mark(index) if index >= 0 else "."

    def read(cells: Cells) -> Decimal | None:
        text = cells[index].strip() if index >= 0 else ""
        if not text:
            return None
        try:
            amount = parse_number(text, mark)
        except NotANumber:
            amount = Decimal(-1)
        if not 0 <= amount <= _MAX_AMOUNT:
            raise RowRefused(
                "price_invalid",
                f"Column '{columns.name(index)}' holds '{text[:60]}', which is not an amount. Write a number such as "
                "12.50 without a currency, or leave it empty.",
                index,
            )
        return amount.quantize(_PLACES, ROUND_HALF_UP)

    return read


def _uuid_of(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text and len(text) == 36 else None
    except ValueError:
        return None


LAYOUT = Layout(
    "crossdock",
    {normalised(name): field for name, field in COLUMNS.items()},
    lambda names: normalised("crossdock_id") in names,
    lambda context, _rows: ExportMapper(context),
    is_guarded=True,
)
