"""Currencies that stand in column names (Preis EUR, price_chf, Price ($)): told apart, so that of several price columns
the one in the seller's currency is read, and the choice is said.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.core.money import MINOR_UNITS
from app.integrations.contracts.feed import FeedColumn, FeedWarning
from app.integrations.feeds import fields
from app.integrations.feeds.prices import NotAPrice, parse_price
from app.integrations.feeds.units import NO_UNIT, Unit

_SIGNS = {"€": "EUR", "£": "GBP", "zł": "PLN", "kč": "CZK", "us$": "USD", "r$": "BRL", "₽": "RUB", "₴": "UAH"}
# Codes that are words too count in capitals only: a column "top price" is not in Tonga's money.
_WORDS = frozenset(["all", "ang", "bob", "cad", "cop", "cup", "gel", "lak", "mad", "mop", "pen", "sos", "top", "try"])
_LEADING = frozenset({"price", "sale_price", "compare_at_price"})
_NO_AMOUNT = Unit(sign="")
_AT_END = re.compile(r"(?P<base>.*?)[\s_\-(\[/]+(?:in[\s_])?(?P<unit>[^\s_\-()\[\]/]{1,3})[)\]]?\s*$", re.IGNORECASE)
_AT_START = re.compile(r"^\s*(?P<unit>[^\s_\-()\[\]/]{1,3})[\s_\-/]+(?P<base>.+)$")


def split_currency(name: str) -> tuple[str, str | None]:
    """A column name without its currency, and that currency."""
    for pattern in (_AT_END, _AT_START):
        found = pattern.match(name[:200])
        if found and (code := _currency(found["unit"])):
            return found["base"].strip(), code
    return name, None


def keep_one(columns: Sequence[FeedColumn], default_currency: str | None) -> tuple[list[FeedColumn], list[FeedWarning]]:
    """Drops columns of money whose name says another currency than the price's, and says so."""
    money = [column for column in columns if fields.KINDS.get(column.field or "") == "price"]
    named = {column.currency: None for column in columns if column.currency and column.is_money}
    leading = next((column for name in ("price", "sale_price") for column in money if column.field == name), None)
    wanted = (leading.currency if leading else None) or default_currency
    strange = {column.index for column in money if column.currency and wanted and column.currency != wanted}
    if len(named) < 2 or leading is None:
        return list(columns) if not strange or leading is None else _without(columns, strange), []
    warning = FeedWarning(
        "several_currencies",
        f"Columns hold prices in {', '.join(named)}; '{leading.name}' is used"
        f"{f' as {wanted}' if wanted else ''}. Send a mapping to use another.",
    )
    return _without(columns, strange), [warning]


def named_currencies(columns: Sequence[FeedColumn], sample: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The currencies that the sample names, in a column of their own or beside prices."""
    found: dict[str, None] = {}
    for column in columns:
        cells = [row[column.index] for row in sample if column.index < len(row)]
        if column.field == "currency":
            found |= dict.fromkeys(code for cell in cells if (code := _unit_of(f"0 {cell}").currency))
        elif column.field in _LEADING:
            found |= {column.currency: None} if column.currency else {}
            found |= dict.fromkeys(code for cell in cells if (code := _unit_of(cell).currency))
    return tuple(found)


def has_bare_prices(columns: Sequence[FeedColumn], sample: Sequence[Sequence[str]]) -> bool:
    """Whether any price of the sample stands without a currency, in its cell, its column's name and its row."""
    own = next((column.index for column in columns if column.field == "currency"), None)
    money = [column.index for column in columns if column.field in _LEADING and column.currency is None]
    return any(
        index < len(row) and row[index].strip() and _unit_of(row[index]) == NO_UNIT
        for row in sample
        if own is None or own >= len(row) or not row[own].strip()
        for index in money
    )


def _unit_of(cell: str) -> Unit:
    """The unit beside an amount; that no amount stands there is no matter of currencies."""
    try:
        price = parse_price(cell, ".")
    except NotAPrice:
        return _NO_AMOUNT
    return _NO_AMOUNT if price is None else Unit(price.currency, price.sign)


def _without(columns: Sequence[FeedColumn], dropped: set[int]) -> list[FeedColumn]:
    return [
        replace(column, field="ignore", confidence=1.0) if column.index in dropped else column for column in columns
    ]


def _currency(unit: str) -> str | None:
    folded = unit.casefold()
    if folded in _SIGNS:
        return _SIGNS[folded]
    code = unit.upper()
    if code not in MINOR_UNITS or (folded in _WORDS and unit != code):
        return None
    return code
