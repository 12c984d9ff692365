"""Shopify's product CSV in both generations of its header: a product is the run of rows of one handle. Product fields
and option names stand on the first row only; rows without values and price carry a further picture. No currency.
"""

from collections.abc import Mapping
from typing import NamedTuple

from app.integrations.contracts.catalogue import SourceImage, SourceProduct, SourceVariant, StatusHint
from app.integrations.feeds import fields
from app.integrations.feeds.cells import (
    Cells,
    category_path_of,
    images_reader,
    status_of,
    stock_reader,
    tags_of,
    text_reader,
    urls_in,
    weight_reader,
)
from app.integrations.feeds.descriptions import to_html
from app.integrations.feeds.errors import RowRefused
from app.integrations.feeds.layout import Layout
from app.integrations.feeds.mapping import (
    Context,
    State,
    attributes_reader,
    gtin_reader,
    identity,
    identity_reader,
    offer_reader,
    one_line,
    variant_id,
)

_NAMES = {
    "handle": "id",
    "url handle": "id",
    "title": "title",
    "body html": "description",
    "description": "description",
    "vendor": "brand",
    "type": "category",
    "custom product type": "category",
    "product category": "taxonomy",
    "standard product type": "taxonomy",
    "tags": "tags",
    "status": "status",
    "published": "published",
    "published on online store": "published",
    "variant sku": "sku",
    "sku": "sku",
    "variant barcode": "gtin",
    "barcode": "gtin",
    "variant grams": "weight",
    "weight value grams": "weight",
    "variant inventory qty": "stock",
    "inventory quantity": "stock",
    "variant inventory policy": "availability_policy",
    "continue selling when out of stock": "availability_policy",
    "variant price": "price",
    "price": "price",
    "variant compare at price": "compare_at_price",
    "compare at price": "compare_at_price",
    "cost per item": "cost",
    "image src": "image",
    "product image url": "image",
    "image alt text": "image_alt",
    "variant image": "variant_image",
    "variant image url": "variant_image",
    **{f"option{number} {part}": f"option{number}_{part}" for number in (1, 2, 3) for part in ("name", "value")},
}
_TELLING = frozenset(
    {
        *("variant price", "variant sku", "body html", "option1 name", "option1 value", "variant grams", "image src"),
        *("product image url", "inventory quantity", "published on online store", "variant inventory qty"),
    }
)
_SEPARATOR = "\x1f"


class _Lead(NamedTuple):
    """What the first row of a handle says about the product as a whole."""

    title: str | None
    description: str | None = None
    brand: str | None = None
    category_path: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] | None = None
    status: StatusHint | None = None


_NO_LEAD = _Lead(None)


class ShopifyMapper:
    """Maps each row to a fragment of its handle's product (see mapping.RowMapper)."""

    def __init__(self, context: Context) -> None:
        columns = context.columns
        self._handle, self._fallback = text_reader(columns, "id"), identity_reader(columns)
        self._title, self._description = text_reader(columns, "title"), text_reader(columns, "description")
        self._brand, self._tags = text_reader(columns, "brand"), text_reader(columns, "tags")
        self._type, self._taxonomy = text_reader(columns, "category"), text_reader(columns, "taxonomy")
        self._status, self._published = text_reader(columns, "status"), text_reader(columns, "published")
        self._attributes = attributes_reader(
            {column.name: column.index for column in columns.all if "product.metafields." in column.name}
            | {columns.name(index): index for index in columns.indexes("attribute")}
        )
        self._images, self._variant_image = images_reader(columns), text_reader(columns, "variant_image")
        self._sku, self._gtin = text_reader(columns, "sku"), gtin_reader(context)
        self._offer = offer_reader(context, lambda _cells: True)
        self._stock, self._policy = stock_reader(columns), text_reader(columns, "availability_policy")
        self._weight = weight_reader(columns, unit="g")
        self._option_names = [text_reader(columns, f"option{number}_name") for number in (1, 2, 3)]
        self._option_values = [text_reader(columns, f"option{number}_value") for number in (1, 2, 3)]
        self._price_index = columns.index("price")
        self._carried = [columns.index(field) for field in ("title", *(f"option{n}_name" for n in (1, 2, 3)))]
        self._current = ""
        self._names: list[str] = []
        self._first_title: str | None = None
        self._refused: _Lead | None = None

    @property
    def may_pause(self) -> bool:
        """Not while the product fields of a refused first row wait for the next row of their handle."""
        return self._refused is None

    def map_row(self, line: int, cells: Cells) -> SourceProduct | None:
        """The fragment of a row; None for a picture of a product whose only variants so far were refused."""
        handle = identity(self._handle(cells) or self._fallback(cells), 0)
        title = one_line(self._title(cells))
        is_first = handle != self._current
        lead = _NO_LEAD
        if is_first or title:
            self._begin(handle, title, cells)
            lead = self._lead(title, cells)
        values = [reader(cells) for reader in self._option_values]
        is_variant = (is_first and title) or any(values) or self._sku(cells) or self._has_price(cells)
        if not is_variant and self._refused is not None:
            return None
        try:
            variants = (self._variant(line, cells, handle, values),) if is_variant else ()
        except RowRefused:
            self._refused = lead if lead is not _NO_LEAD else self._refused
            raise
        if self._refused is not None:
            lead, self._refused = self._refused if lead is _NO_LEAD else lead, None
        return self._fragment(line, cells, handle, lead, variants)

    def raw(self, cells: Cells) -> Cells:
        """Gives a later row of a handle the title and option names of the first one."""
        if self._handle(cells) != self._current:
            return cells
        filled = list(cells)
        for index, text in zip(self._carried, [self._first_title, *self._names], strict=False):
            if index >= 0 and text and not filled[index].strip():
                filled[index] = text
        return filled

    def state(self) -> State:
        """The present handle, its option names and title, and whether its first row was refused."""
        if not self._current:
            return {}
        return {
            "handle": self._current,
            "names": _SEPARATOR.join(self._names),
            "title": self._first_title or "",
            "refused": "yes" if self._refused is not None else "",
        }

    def restore(self, state: State) -> None:
        """Goes on within a handle."""
        self._current = state.get("handle", "")
        self._names = state["names"].split(_SEPARATOR) if state.get("names") else []
        self._first_title = state.get("title") or None
        self._refused = _Lead(self._first_title) if state.get("refused") else None

    def _begin(self, handle: str, title: str | None, cells: Cells) -> None:
        names = [reader(cells) or "" for reader in self._option_names]
        if handle != self._current or any(names):
            self._names = [name[: fields.MAX_ATTRIBUTE_NAME] for name in names]
        if handle != self._current:
            self._refused = None
        self._current, self._first_title = handle, title

    def _lead(self, title: str | None, cells: Cells) -> _Lead:
        description = self._description(cells)
        status = status_of(self._status(cells))
        if status in {None, "published"} and (published := status_of(self._published(cells))):
            status = published
        return _Lead(
            title,
            to_html(description) if description else None,
            self._brand(cells),
            category_path_of(self._type(cells)) or category_path_of(self._taxonomy(cells)),
            tags_of(self._tags(cells)),
            self._attributes(cells),
            status,
        )

    def _has_price(self, cells: Cells) -> bool:
        return self._price_index >= 0 and bool(cells[self._price_index].strip())

    def _variant(self, line: int, cells: Cells, handle: str, values: list[str | None]) -> SourceVariant:
        said = [value[: fields.MAX_OPTION_VALUE] for value in values if value]
        options = {
            (self._names[place] if place < len(self._names) else "") or f"Option {place + 1}": value
            for place, value in enumerate(values)
            if value
        }
        price, compare_at_price, cost, currency = self._offer(cells)
        stock, availability = self._stock(cells)
        if availability == "out_of_stock" and (self._policy(cells) or "").casefold() == "continue":
            availability = "backorder"
        gtin, gtin_raw = self._gtin(line, cells)
        sku = self._sku(cells)
        return SourceVariant(
            external_id=sku or variant_id(handle, said),
            line=line,
            sku=sku,
            gtin=gtin,
            gtin_raw=gtin_raw,
            price=price,
            compare_at_price=compare_at_price,
            cost=cost,
            currency=currency,
            stock=stock,
            availability=availability,
            weight_g=self._weight(cells),
            image_url=next(iter(urls_in(self._variant_image(cells) or "")), None),
            options=options,
        )

    def _fragment(
        self, line: int, cells: Cells, handle: str, lead: _Lead, variants: tuple[SourceVariant, ...]
    ) -> SourceProduct:
        images: tuple[SourceImage, ...] = self._images(cells)
        return SourceProduct(
            external_id=handle,
            line=line,
            title=lead.title,
            description_html=lead.description,
            brand=lead.brand,
            category_path=lead.category_path,
            tags=lead.tags,
            images=images,
            options=tuple(variants[0].options) if variants else (),
            attributes=lead.attributes or {},
            status=lead.status,
            variants=variants,
            fragment=True,
        )


def _recognises(names: frozenset[str]) -> bool:
    return bool(names & {"handle", "url handle"}) and bool(names & _TELLING)


LAYOUT = Layout("shopify", _NAMES, _recognises, lambda context, _rows: ShopifyMapper(context))
