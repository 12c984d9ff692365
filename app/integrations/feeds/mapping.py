"""What every layout's mapper is made of: the row mapper's contract, and the parts of a variant that are read alike in
all layouts (identity, money, article number).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from app.core import clock
from app.integrations.contracts.catalogue import RowWarning, SourceProduct
from app.integrations.feeds import fields, json_cells
from app.integrations.feeds.cells import Cells, currency_reader, price_reader, text_reader
from app.integrations.feeds.columns import Columns
from app.integrations.feeds.errors import RowRefused
from app.integrations.feeds.gtin import read_gtin
from app.integrations.feeds.headers import normalised
from app.integrations.feeds.prices import Price
from app.integrations.feeds.units import Unit

State = dict[str, str]

_BAGS = frozenset(
    ("attributes", "attribute", "specs", "specifications", "properties", "features", "eigenschaften", "merkmale")
)
"""Columns that hold names and values of attributes as JSON."""


class RowMapper(Protocol):
    """One file's rows to goods, row by row; keeps at most what the rows of one product share."""

    def map_row(self, line: int, cells: Cells) -> SourceProduct | None:
        """The product or fragment of a row; None when the row is folded into another. Raises RowRefused."""
        ...

    def raw(self, cells: Cells) -> Cells:
        """The cells of a refused row, filled up so that they stand on their own when sent again."""
        ...

    @property
    def may_pause(self) -> bool:
        """Whether a page may end here without losing what a refused row said about the rows after it."""
        ...

    def state(self) -> State:
        """What the rows so far leave for those to come: small, for a cursor."""
        ...

    def restore(self, state: State) -> None:
        """Goes on where `state` was taken."""
        ...


@dataclass(slots=True)
class Context:
    """What a mapper works under. `warnings` is emptied by the reader with every page."""

    columns: Columns
    default_currency: str | None
    now: datetime = field(default_factory=clock.now)
    warnings: list[RowWarning] = field(default_factory=list)

    def warn(self, line: int, code: str, message: str, column: int) -> None:
        """Notes something that was left out of an accepted row."""
        name = self.columns.name(column)
        self.warnings.append(RowWarning(line, code, f"Column '{name}': {message}", name))


class Offer(NamedTuple):
    """What a unit costs. `compare_at_price` is only ever above `price`."""

    price: Decimal | None
    compare_at_price: Decimal | None
    cost: Decimal | None
    currency: str | None


NO_OFFER = Offer(None, None, None, None)


def offer_reader(context: Context, is_on_sale: Callable[[Cells], bool]) -> Callable[[Cells], Offer]:
    """Price, former price, cost and their one currency; a sale price that is on is the price."""
    columns = context.columns
    read_price, read_sale = price_reader(columns, "price"), price_reader(columns, "sale_price")
    read_compare, read_cost = price_reader(columns, "compare_at_price"), price_reader(columns, "cost")
    read_currency, default = currency_reader(columns), context.default_currency

    def read(cells: Cells) -> Offer:
        regular, sale = read_price(cells), read_sale(cells)
        compare, cost = read_compare(cells), read_cost(cells)
        now = sale if sale is not None and (regular is None or is_on_sale(cells)) else regular
        former = compare or regular
        currency = read_currency(cells)
        for money in (regular, sale, compare, cost):
            if money is not None and money.currency is not None and money.currency != currency:
                currency = _one_currency(currency, money, columns)
        currency = currency or (default if now or former or cost else None)
        for money in (regular, sale, compare, cost):
            if money is not None and money.sign is not None and currency is not None:
                _check_sign(money, currency, columns)
        return Offer(
            now.amount if now else None,
            former.amount if now and former and former.amount > now.amount else None,
            cost.amount if cost else None,
            currency,
        )

    return read


def gtin_reader(context: Context) -> Callable[[int, Cells], tuple[str | None, str | None]]:
    """The article number and what stood there instead of one."""
    index = context.columns.index("gtin")
    if index < 0:
        return lambda _line, _cells: (None, None)

    def read(line: int, cells: Cells) -> tuple[str | None, str | None]:
        if not cells[index]:
            return None, None
        gtin, raw, problem = read_gtin(cells[index])
        if problem:
            code, message = problem
            context.warn(line, code, f"{message}; it is kept but not matched on.", index)
        return gtin, raw[:100] if raw else None

    return read


def attributes_reader(indexes: Mapping[str, int]) -> Callable[[Cells], dict[str, str]]:
    """The non-empty cells among columns that are kept under a name of their own."""
    kept = [(name[: fields.MAX_ATTRIBUTE_NAME], index) for name, index in indexes.items()][: fields.MAX_ATTRIBUTES]
    bags = [index for name, index in kept if normalised(name) in _BAGS]
    single = [(name, index) for name, index in kept if index not in bags]

    def read(cells: Cells) -> dict[str, str]:
        found = {
            name: text
            for name, index in single
            if (cell := cells[index]) and (text := cell.strip()) and len(text) <= fields.MAX_ATTRIBUTE_VALUE
        }
        for name, index in kept if bags else ():
            if index in bags and (text := cells[index].strip()):
                found |= json_cells.pairs_in(text) or {name: text}
        return _bounded(found) if bags else found

    return read


def _bounded(attributes: dict[str, str]) -> dict[str, str]:
    """The attributes of a bag of them, as many and as long as others may be."""
    fitting = {
        name[: fields.MAX_ATTRIBUTE_NAME]: text
        for name, text in attributes.items()
        if name.strip() and len(text) <= fields.MAX_ATTRIBUTE_VALUE
    }
    return dict(list(fitting.items())[: fields.MAX_ATTRIBUTES])


def identity_reader(columns: Columns) -> Callable[[Cells], str]:
    """The row's identity within its source: the layout's id, else SKU, URL, article number. A title is none."""
    readers = [text_reader(columns, name) for name in ("id", "sku", "url", "gtin") if columns.index(name) >= 0]
    first = columns.index("id") if columns.index("id") >= 0 else columns.index("sku")

    def read(cells: Cells) -> str:
        for reader in readers:
            if text := reader(cells):
                return identity(text, first)
        empty = f"Column '{columns.name(first)}' is empty, and " if first >= 0 else ""
        raise RowRefused(
            "identity_missing",
            f"{empty}no id, SKU, web address or article number stands in its place. Give the row one: "
            "a title alone identifies nothing.",
            first,
        )

    return read


def identity(text: str, column: int) -> str:
    """The text, if it is short enough to identify something."""
    if len(text) > fields.MAX_LENGTH["id"]:
        raise RowRefused(
            "identity_too_long", f"'{text[:40]}...' is too long to identify a product. Give the row an id.", column
        )
    return text


def variant_id(parent: str, values: list[str], column: int = -1) -> str:
    """The identity of a variant that has neither id nor SKU: its parent and its option values."""
    return identity("#".join((parent, *(value.replace("#", "%23") for value in values))), column)


def one_line(text: str | None) -> str | None:
    """A title or name without line breaks and runs of blanks."""
    return None if text is None else " ".join(text.split())


def _one_currency(currency: str | None, money: Price, columns: Columns) -> str | None:
    if currency is None:
        return money.currency
    raise RowRefused(
        "currency_conflict",
        f"The row names two currencies, {currency} and {money.currency}. Write all its prices in one.",
        columns.index("price"),
    )


def _check_sign(money: Price, currency: str, columns: Columns) -> None:
    """A price in $ is not taken for euros because the seller's account is in euros."""
    if not Unit(sign=money.sign).allows(currency):
        raise RowRefused(
            "currency_unclear",
            f"A price is in '{money.sign}', which several currencies share, and {currency} is none of them. "
            "Write the code, such as USD, or add a column with the currency.",
            columns.index("price"),
        )
