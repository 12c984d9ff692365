"""Prices of feed cells: an amount with or without a currency unit on either side. Empty is no price, never zero."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

from app.core.money import UnknownCurrency, parse_currency
from app.integrations.contracts.feed import DecimalMark
from app.integrations.feeds.numbers import NotANumber, parse_number

MAX_LENGTH = 60  # longer is no price, and the pattern below need not face it
MAX_AMOUNT = Decimal("9999999999.9999")
_PLACES = Decimal("0.0001")

# A sign that several currencies share ($, kr, ¥) names none of them: the seller's currency applies.
_SYMBOLS: dict[str, str | None] = {
    "€": "EUR", "£": "GBP", "zł": "PLN", "kč": "CZK", "ft": "HUF", "₽": "RUB", "₴": "UAH",
    "\u0440\u0443\u0431": "RUB", "\u0440\u0443\u0431.": "RUB",
    "₹": "INR", "₺": "TRY", "₸": "KZT", "₩": "KRW", "₪": "ILS", "₫": "VND", "฿": "THB", "₱": "PHP", "₦": "NGN",
    "r$": "BRL", "us$": "USD", "ca$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD",
    "s$": "SGD", "mx$": "MXN", "fr.": "CHF", "sfr.": "CHF", "sfr": "CHF", "euro": "EUR", "rur": "RUB",
    "$": None, "kr": None, "kr.": None, "¥": None, ",-": None, ".-": None,
}  # fmt: skip
_PLAIN = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,4})?")
_PLAIN_COMMA = re.compile(r"[0-9]{1,10}(?:,[0-9]{1,4})?")
_WITH_UNIT = re.compile(
    r"(?P<lead>[^0-9.,+\-]*?)\s*(?P<number>[+\-]?\s?[0-9.,][0-9.,'\u2019 \u00a0\u202f\u2009]*?)"
    r"(?:[.,][-\u2013]{1,2})?\s*(?P<trail>[^0-9.,+\-\s][^0-9]*)?"
)


class Price(NamedTuple):
    """An amount >= 0 and the currency that stood beside it, if any."""

    amount: Decimal
    currency: str | None


class NotAPrice(ValueError):
    """The cell holds something else: a stable code and words that end in the mend."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


def parse_price(text: str, mark: DecimalMark) -> Price | None:
    """Reads one cell; None when it is empty. Raises NotAPrice for anything that is not one amount >= 0."""
    # Nine of ten cells are plain digits; the two patterns keep them off the slow path below.
    if mark == "." and _PLAIN.fullmatch(text):
        return Price(Decimal(text), None)
    if mark == "," and _PLAIN_COMMA.fullmatch(text):
        return Price(Decimal(text.replace(",", ".")), None)
    text = text.strip()
    if not text:
        return None
    parts = _WITH_UNIT.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if parts is None:
        raise _invalid(text)
    lead, trail = parts["lead"].strip(), (parts["trail"] or "").strip()
    if lead and trail:
        raise _invalid(text)
    try:
        amount = parse_number(parts["number"].replace("- ", "-"), mark)
    except NotANumber:
        raise _invalid(text) from None
    unit = lead or trail
    try:
        return Price(_checked(amount, text), currency_of_unit(unit))
    except UnknownCurrency:
        raise unknown_currency(unit) if len(unit) == 3 and unit.isalpha() else _invalid(text) from None


@lru_cache(maxsize=1024)
def currency_of_unit(unit: str) -> str | None:
    """The currency that a code or sign names; None for none and for a sign that several currencies share."""
    folded = unit.casefold()
    if not folded or folded in _SYMBOLS:
        return _SYMBOLS.get(folded)
    return parse_currency(unit)


def unknown_currency(unit: str) -> NotAPrice:
    """The refusal of a currency that does not exist."""
    return NotAPrice(
        "currency_unknown",
        f"names the currency '{_short(unit)}', which ISO 4217 does not know. Use a code such as EUR, USD or GBP.",
    )


def _checked(amount: Decimal, text: str) -> Decimal:
    if amount < 0:
        raise NotAPrice("price_negative", f"holds '{_short(text)}'. A price cannot be below zero.")
    if amount > MAX_AMOUNT:
        raise NotAPrice(
            "price_too_large", f"holds '{_short(text)}'. A price has at most ten digits before the decimal mark."
        )
    if -int(amount.as_tuple().exponent) > 4:
        return amount.quantize(_PLACES, ROUND_HALF_UP)  # 34.949999999999996: what spreadsheets make of 34.95
    return amount


def _invalid(text: str) -> NotAPrice:
    return NotAPrice(
        "price_invalid",
        f"holds '{_short(text)}', which is not a price. Write one amount such as 12.90 or 12.90 EUR, "
        "or leave it empty.",
    )


def _short(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:57]}..."
