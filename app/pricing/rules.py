"""How a new price comes about: a change, rounding to an ending, a floor by cost. Pure and exact; one variant at a time.

Amounts and steps are in the variant's own currency; nothing is ever converted.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Literal

from app.core.money import MINOR_UNITS

ChangeType = Literal["percent", "amount", "set", "margin"]
PriceField = Literal["price", "compare_at_price", "cost"]
RoundingMode = Literal["nearest", "up", "down"]
RefusalCode = Literal[
    "price_missing",
    "compare_at_price_missing",
    "cost_missing",
    "currency_missing",
    "currency_mismatch",
    "below_zero",
    "rounds_to_zero",
    "too_large",
    "variant_missing",
]

LARGEST = Decimal("99999999999.9999")
STORED_DECIMALS = 4
ONE = Decimal(1)
# Products are exact far below this; a quotient cut here never lands on the wrong side of a price that can be stored.
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_CALLED: dict[PriceField, str] = {"price": "price", "compare_at_price": "compare-at price", "cost": "cost"}
_MISSING: dict[PriceField, RefusalCode] = {
    "price": "price_missing",
    "compare_at_price": "compare_at_price_missing",
    "cost": "cost_missing",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a variant costs now."""

    price: Decimal | None
    compare_at_price: Decimal | None
    cost: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Rounding:
    """Which amounts are wanted: `ending` and whole steps above it, e.g. 0.99 and 1 for 0.99, 1.99, 2.99 …

    Where the currency has no such small coins, its smallest unit is the step and the ending is dropped.
    """

    mode: RoundingMode = "nearest"
    step: Decimal = ONE
    ending: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """A change of one field. `value` is per cent, an amount, the new amount, or a margin as a fraction of the price;
    `currency` is that of the value. `min_margin` is the least margin over cost that may remain.
    """

    type: ChangeType
    value: Decimal
    field: PriceField = "price"
    currency: str | None = None
    rounding: Rounding | None = None
    min_margin: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """The amount that a rule leads to, and whether the floor has raised it."""

    amount: Decimal
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a rule cannot be applied to a variant, and what would mend it."""

    code: RefusalCode
    message: str
    mend: str


def reprice(rule: Rule, terms: Terms) -> Priced | Refused:
    """What a rule makes of a variant's terms."""
    with localcontext(_EXACT):
        if refused := _refuse(rule, terms):
            return refused
        grid = _grid(rule, terms)
        wanted = _changed(rule, terms)
        floor = None
        if rule.min_margin is not None and terms.cost is not None:
            floor = terms.cost / (ONE - rule.min_margin)
        if floor is None and wanted < 0:
            return Refused(
                "below_zero", f"The {_CALLED[rule.field]} would fall below zero.", "Take off less, or set a price."
            )
        amount = round_to(grid, max(wanted, Decimal(0)))
        raised = floor is not None and amount < floor
        if floor is not None and raised:
            amount = round_to(Rounding("up", grid.step, grid.ending), floor)
        if not amount and wanted > 0:
            called = _CALLED[rule.field]
            return Refused(
                "rounds_to_zero", f"The {called} would be rounded down to zero.", "Take off less, or round up."
            )
        if amount > LARGEST:
            return Refused("too_large", f"The {_CALLED[rule.field]} would exceed {LARGEST}.", "Change it by less.")
        return Priced(amount, raised)


def round_to(grid: Rounding, amount: Decimal) -> Decimal:
    """The wanted amount next to this one, never below the first; half-way goes up."""
    with localcontext(_EXACT):
        if amount <= grid.ending:
            return grid.ending
        over = (amount - grid.ending) % grid.step
        below = amount - over
        if not over or grid.mode == "down" or (grid.mode == "nearest" and over * 2 < grid.step):
            return below
        return below + grid.step


def _refuse(rule: Rule, terms: Terms) -> Refused | None:
    if terms.currency is None:
        return Refused("currency_missing", "It has no currency.", "Give the product a currency.")
    present: Decimal | None = getattr(terms, rule.field)
    if rule.type in {"percent", "amount"} and present is None:
        called = _CALLED[rule.field]
        return Refused(_MISSING[rule.field], f"It has no {called} to change.", f"Set its {called} first.")
    if rule.type in {"amount", "set"} and rule.currency not in {None, terms.currency}:
        return Refused(
            "currency_mismatch",
            f"Its prices are in {terms.currency}, the change is in {rule.currency}.",
            f"Choose goods in {rule.currency}, or name the change in {terms.currency}.",
        )
    if terms.cost is None and (rule.type == "margin" or rule.min_margin is not None):
        return Refused("cost_missing", "It has no cost, from which its margin follows.", "Enter its cost.")
    return None


def _changed(rule: Rule, terms: Terms) -> Decimal:
    present = getattr(terms, rule.field) or Decimal(0)
    if rule.type == "percent":
        return Decimal(present + present * rule.value / 100)
    if rule.type == "amount":
        return Decimal(present + rule.value)
    if rule.type == "margin":
        return (terms.cost or Decimal(0)) / (ONE - rule.value)
    return rule.value


def _grid(rule: Rule, terms: Terms) -> Rounding:
    unit = Decimal(1).scaleb(-MINOR_UNITS.get(terms.currency or "", 2))
    if rule.rounding is not None:
        step, ending = rule.rounding.step, rule.rounding.ending
        if step % unit or ending % unit:
            return Rounding(rule.rounding.mode, unit)
        return rule.rounding
    # Where nobody asks for rounding, prices finer than the smallest coin (screws by the piece) stay that fine.
    said = rule.value if rule.type == "set" else getattr(terms, rule.field)
    return Rounding(step=min(unit, Decimal(1).scaleb(-_decimals(said))))


def _decimals(amount: Decimal | None) -> int:
    exponent = 0 if amount is None else amount.normalize().as_tuple().exponent
    return min(max(0, -int(exponent)), STORED_DECIMALS)
