"""Amounts, weights and quantities of BigBuy's items, checked. Pure; numbers come as the texts that they are written as.
Raises RowRefused for what cannot be true.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from app.integrations.bigbuy.payloads import id_of, objects_of, text_of
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.feeds import fields as limits
from app.integrations.feeds.errors import RowRefused
from app.integrations.feeds.json_records import Json
from app.integrations.feeds.prices import MAX_AMOUNT

Item = Mapping[str, Json]
CENT = Decimal("0.01")
_PLACES = Decimal("0.0001")
_GRAMS_PER_KILO = 1000  # the API names no unit; integrators take kilograms


@dataclass(frozen=True, slots=True)
class Available:
    """What can be ordered of one article, under the settings of a connection."""

    quantity: int
    min_handling_days: int | None = None
    max_handling_days: int | None = None
    warehouse: str | None = None


def variant_id(variation: Item) -> str:
    """The external id of a variation: its numbers are not those of products."""
    return f"v{id_of(variation.get('id'))}"


def amount_in(item: Item, name: str) -> Decimal | None:
    """An amount of euros; None where there is none."""
    number = _number_in(item, name, "price_not_a_number")
    if number is None:
        return None
    if number < 0:
        raise RowRefused("price_negative", f"Field '{name}' is '{number}': a price cannot be negative.")
    if number > MAX_AMOUNT:
        raise RowRefused("price_too_large", f"Field '{name}' is too large: the largest price is {MAX_AMOUNT:,}.")
    return number.quantize(_PLACES, ROUND_HALF_UP).normalize() + 0


def cents_of(value: Json) -> Decimal | None:
    """A total of an order to the cent: it comes with binary noise (9.809999999999999). None for what is no amount."""
    try:
        amount = amount_in({"total": value}, "total")
    except RowRefused:
        return None
    return None if amount is None else amount.quantize(CENT, ROUND_HALF_UP)


def grams_in(product: Item, item: Item) -> int | None:
    """The weight of a product, or of one of its variations, which adds to it; None where nothing is said."""
    kilos = _number_in(product, "weight", "weight_invalid") or Decimal(0)
    extra = Decimal(0) if item is product else _number_in(item, "extraWeight", "weight_invalid") or Decimal(0)
    most = limits.MAX_WEIGHT_G / _GRAMS_PER_KILO
    if not (0 <= kilos <= most and 0 <= kilos + extra <= most):
        raise RowRefused("weight_invalid", f"Field 'weight' is no weight from 0 to {most:,.0f} kg.")
    return int(((kilos + extra) * _GRAMS_PER_KILO).to_integral_value(ROUND_HALF_UP)) or None


def available(stock: Item | None, settings: BigBuy) -> Available:
    """What can be ordered by a line of the stock list; an article that the list lacks is out of stock."""
    if stock is None:
        return Available(0)
    if not isinstance(stock.get("stocks"), list):
        raise RowRefused("stock_invalid", "Field 'stocks' is no list: what is in stock is not known.")
    quantity = 0
    days: list[tuple[int, int]] = []
    warehouses: set[str] = set()
    for part in objects_of(stock["stocks"]):
        warehouse, slowest = _count_in(part, "warehouse"), _count_in(part, "maxHandlingDays")
        is_wanted = not settings.warehouses or warehouse in settings.warehouses
        if settings.max_handling_days is not None and (slowest is None or slowest > settings.max_handling_days):
            is_wanted = False
        here = _count_in(part, "quantity") or 0
        if not is_wanted or here == 0:
            continue
        quantity += here
        warehouses.add(str(warehouse) if warehouse is not None else "")
        if slowest is not None:
            days.append((_count_in(part, "minHandlingDays") or 0, slowest))
    return Available(
        quantity,
        min((fast for fast, _ in days), default=None),
        max((slow for _, slow in days), default=None),
        warehouses.pop() or None if len(warehouses) == 1 else None,
    )


def _count_in(item: Item, name: str) -> int | None:
    number = _number_in(item, name, "stock_invalid")
    if number is None:
        return None
    if not 0 <= number <= limits.MAX_STOCK or number != number.to_integral_value():
        raise RowRefused("stock_invalid", f"Field '{name}' is '{str(number)[:60]}': a whole number is expected.")
    return int(number)


def _number_in(item: Item, name: str, code: str) -> Decimal | None:
    value = item.get(name)
    if value is None or value == "":
        return None
    try:
        number = Decimal(text_of(value) or "")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise RowRefused(code, f"Field '{name}' is '{str(value)[:60]}': a number is expected.")
    return number
