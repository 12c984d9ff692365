"""One sellable unit per row, the shape of product sheets and of Google's feeds: rows of one group are the variants of
one product. Which column is what comes from the layout; this maps.
"""

from collections.abc import Callable
from datetime import datetime

from app.integrations.contracts.catalogue import SourceProduct, SourceVariant
from app.integrations.contracts.feed import FeedColumn
from app.integrations.feeds import fields
from app.integrations.feeds.cells import (
    Cells,
    category_path_of,
    images_reader,
    status_of,
    stock_reader,
    tags_of,
    text_reader,
    unit_in_name,
    weight_reader,
)
from app.integrations.feeds.columns import Columns
from app.integrations.feeds.descriptions import to_html
from app.integrations.feeds.mapping import (
    Context,
    State,
    attributes_reader,
    gtin_reader,
    identity_reader,
    offer_reader,
    one_line,
    variant_id,
)

_OPTIONS = {"color": "Color", "size": "Size", "material": "Material", "pattern": "Pattern"}


class OneRowMapper:
    """Maps each row by itself (see mapping.RowMapper)."""

    may_pause = True

    def __init__(self, context: Context, *, unused: frozenset[int] = frozenset()) -> None:
        columns = context.columns
        self._identity = identity_reader(columns)
        self._id, self._group = text_reader(columns, "id"), text_reader(columns, "group_id")
        self._sku, self._title = text_reader(columns, "sku"), text_reader(columns, "title")
        self._description = _description_reader(columns)
        self._brand, self._url = text_reader(columns, "brand"), text_reader(columns, "url")
        self._category = _category_reader(columns)
        self._tags, self._status = text_reader(columns, "tags"), text_reader(columns, "status")
        self._images = images_reader(columns)
        self._offer = offer_reader(context, _sale_window(context))
        self._stock, self._weight = stock_reader(columns), weight_reader(columns)
        self._gtin = gtin_reader(context)
        self._attributes = attributes_reader(_kept(columns, unused))
        self._named_options = _named_options(columns)
        self._options = {name: columns.index(field) for field, name in _OPTIONS.items() if columns.index(field) >= 0}

    def map_row(self, line: int, cells: Cells) -> SourceProduct:
        """The product of a row, or the part of a group that the row is."""
        group = self._group(cells)
        description = self._description(cells)
        images = self._images(cells)
        options = self._options_of(cells)
        attributes = self._attributes(cells)
        if group is None:
            attributes |= options
            variant = self._variant(line, cells, self._identity(cells), {}, None)
        else:
            own_id = self._id(cells) or self._sku(cells) or variant_id(group, list(options.values()))
            variant = self._variant(line, cells, own_id, options, images[0].url if images else None)
        return SourceProduct(
            external_id=group or variant.external_id,
            line=line,
            title=one_line(self._title(cells)),
            sku=None if group else variant.sku,
            description_html=to_html(description) if description else None,
            brand=self._brand(cells),
            category_path=self._category(cells),
            tags=tags_of(self._tags(cells)),
            url=self._url(cells),
            images=images,
            options=tuple(variant.options),
            attributes=attributes,
            status=status_of(self._status(cells)),
            variants=(variant,),
            fragment=group is not None,
        )

    def raw(self, cells: Cells) -> Cells:
        """A row stands on its own."""
        return cells

    def state(self) -> State:
        """Rows leave nothing behind."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to restore."""

    def _variant(
        self, line: int, cells: Cells, own_id: str, options: dict[str, str], image: str | None
    ) -> SourceVariant:
        price, compare_at_price, cost, currency = self._offer(cells)
        stock, availability = self._stock(cells)
        gtin, gtin_raw = self._gtin(line, cells)
        return SourceVariant(
            external_id=own_id,
            line=line,
            sku=self._sku(cells),
            gtin=gtin,
            gtin_raw=gtin_raw,
            price=price,
            compare_at_price=compare_at_price,
            cost=cost,
            currency=currency,
            stock=stock,
            availability=availability,
            weight_g=self._weight(cells),
            image_url=image,
            options=options,
        )

    def _options_of(self, cells: Cells) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, index in self._options.items():
            if cells[index] and (value := cells[index].strip()):
                found[name] = value[: fields.MAX_OPTION_VALUE]
        for name_index, value_index in self._named_options:
            name, value = cells[name_index].strip(), cells[value_index].strip()
            if name and value:
                found[name[: fields.MAX_ATTRIBUTE_NAME]] = value[: fields.MAX_OPTION_VALUE]
        return found


def _named_options(columns: Columns) -> list[tuple[int, int]]:
    """Columns that name an option and hold its value beside."""
    pairs = [(columns.index(f"option{number}_name"), columns.index(f"option{number}_value")) for number in (1, 2, 3)]
    return [(name, value) for name, value in pairs if name >= 0 and value >= 0]


def _description_reader(columns: Columns) -> Callable[[Cells], str | None]:
    long, short = text_reader(columns, "description"), text_reader(columns, "short_description")
    return lambda cells: long(cells) or short(cells)


def _category_reader(columns: Columns) -> Callable[[Cells], tuple[str, ...]]:
    own, below = text_reader(columns, "category"), text_reader(columns, "subcategory")
    taxonomy = text_reader(columns, "taxonomy")

    def read(cells: Cells) -> tuple[str, ...]:
        path = category_path_of(own(cells))
        if deeper := below(cells):
            return (*path, *category_path_of(deeper))
        if path:
            return path
        named = taxonomy(cells)
        return () if named is None or named.isdigit() else category_path_of(named)

    return read


def _sale_window(context: Context) -> Callable[[Cells], bool]:
    """Whether the row's sale price is on now; a window that cannot be read is closed."""
    index = context.columns.index("sale_dates")
    if index < 0:
        return lambda _cells: True

    def is_on(cells: Cells) -> bool:
        text = cells[index].strip()
        if not text:
            return True
        begins, _, ends = text.partition("/")
        try:
            first, last = _moment(begins, context.now), _moment(ends, context.now)
        except ValueError:
            return False
        return first <= context.now <= last

    return is_on


def _moment(text: str, now: datetime) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def _has_bare_numbers(column: FeedColumn) -> bool:
    return bool(column.samples) and all(sample[-1].isdigit() for sample in column.samples)


def _kept(columns: Columns, unused: frozenset[int]) -> dict[str, int]:
    """Columns that become attributes: those that mean nothing else to us, and weights without a unit."""
    kept = {}
    for column in columns.all:
        if column.index in unused:
            continue
        is_bare_weight = column.field == "weight" and not unit_in_name(column.name) and _has_bare_numbers(column)
        if column.field in {None, "attribute", "mpn", "condition"} or is_bare_weight:
            kept[column.name] = column.index
    return kept
