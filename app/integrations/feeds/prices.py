"""Prices of feed cells: an amount with or without a currency unit on either side. Empty is no price, never zero."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from app.core.money import MINOR_UNITS, UnknownCurrency
from app.integrations.contracts.feed import DecimalMark
from app.integrations.feeds.numbers import NotANumber, parse_number
from app.integrations.feeds.units import read_units

MAX_LENGTH = 60  # longer is no price, and the pattern below need not face it
MAX_AMOUNT = Decimal("9999999999.9999")
_PLACES = Decimal("0.0001")

_PLAIN = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,4})?")
_PLAIN_COMMA = re.compile(r"[0-9]{1,10}(?:,[0-9]{1,4})?")
# A lead with a dot (Fr. 12) is tried first, or "Rs.500" would be half a rupee; read_unit knows which units have one.
_WITH_UNIT = re.compile(
    r"(?P<lead>[^0-9.,+\-]*[^\W\d_]\.\s*|[^0-9.,+\-]*?)\s*"
    r"(?P<number>[+\-]?\s?[0-9.,][0-9.,'\u2019 \u00a0\u202f\u2009]*?)"
    r"(?P<dashes>[.,]\s?[-\u2013\u2014]{1,2})?\s*(?P<trail>[^0-9.,+\-\s][^0-9]*)?"
)
_TAX = r"(?:mwst|ust|vat|tax|taxes|gst|btw|iva|tva|moms|mva|dph|pdv)\b\.?"
_LABEL = re.compile(
    r"(?:unser\s|our\s)?(?:price|preis|prix|precio|prezzo|pre\u00e7o|prijs|pris|cena|\u0446\u0435\u043d\u0430|nur|only)\s*:?\s+"
    r"(?=\S)",
    re.IGNORECASE,
)
_NOTE = re.compile(  # what may stand behind an amount without changing it: gross, per piece, a footnote's star
    r"\s*(?:\*{1,3}|\(?(?:(?:inkl|incl|inc|including|einschl)\b\.?\s*(?:der\s)?(?:gesetzl\.?\s)?"
    rf"(?:[0-9]{{1,2}}\s?%\s)?{_TAX}|{_TAX}\s*(?:incl|inkl|inc|inclus[ao]?|incluid[ao])\b\.?|ttc|brutto|gross|s\sdph)\)?"
    r"|(?:\s?/\s?|\s(?:per|pro|je)\s)(?:1\s)?(?:ea|each|st|stk|stck|st\u00fcck|pc|pcs|piece|unit|szt|ks)\b\.?"
    r"|\s?\((?:ea|each|stk|st\u00fcck|pc|\u0448\u0442)\.?\))$",
    re.IGNORECASE,
)
_NET = re.compile(
    rf"(?:\+|\b(?:zzgl|exkl|excl|exc|ex|ohne|plus|sin|bez|senza|zuz\u00fcglich)\b\.?)\s*(?:der\s)?(?:[0-9]{{1,2}}\s?%\s)?{_TAX}"
    rf"|\bnett?o\b|\bht\b|\bnet\b|{_TAX}\s(?:esclus[ao]|exclu)",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?:(?:price|preis|prix|precio|prezzo|pris|cena)\s:?\s?)?(?:ab|from|starting (?:at|from)|as low as|vanaf|desde|da|"
    r"a partire da|a partir de|\u00e0 partir de|d\u00e8s|fr\u00e5n|fra|od|\u043e\u0442)\s*:?\s*"
    r"(?=[0-9$\u20ac\u00a3]|[A-Z]{3}\s)",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"[^0-9]{0,12}[0-9][0-9.,' ]*[^0-9]{0,6}?(?:-|\u2013|\u2014|\bto\b|\bbis\b|\ba\b|\u00e0|\u0434\u043e)"
    r"[^0-9]{0,6}[0-9][0-9.,' ]*[^0-9]{0,12}",
    re.IGNORECASE,
)


class Price(NamedTuple):
    """An amount >= 0 and the currency that stood beside it, if any; `sign` is one that several currencies share."""

    amount: Decimal
    currency: str | None
    sign: str | None = None


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
    if len(text) > MAX_LENGTH:
        raise _invalid(text)
    parts = _WITH_UNIT.fullmatch(text)
    try:
        return _read(parts, text, mark)
    except (NotANumber, UnknownCurrency):
        bare = _without_notes(text)
        parts = _WITH_UNIT.fullmatch(bare) if bare != text else None
        if parts is None:
            raise _refusal(text) from None
    try:
        return _read(parts, text, mark)
    except (NotANumber, UnknownCurrency):
        raise _refusal(text) from None


def _read(parts: re.Match[str] | None, text: str, mark: DecimalMark) -> Price:
    if parts is None:
        raise NotANumber(text)
    number = parts["number"].replace("- ", "-")
    if parts["dashes"]:
        mark = "," if "." in number else "."  # 1.899,-: no decimals are to come, so the mark before groups
    lead, trail = parts["lead"].strip(), (parts["trail"] or "").strip()
    amount = parse_number(number, mark)
    unit = read_units(lead, trail)
    return Price(_checked(amount, text), unit.currency, unit.sign)


def _without_notes(text: str) -> str:
    text = _LABEL.sub("", text, count=1) if _LABEL.match(text) else text
    for _ in range(3):  # "12,90 € / Stk. inkl. MwSt. *"
        shorter = _NOTE.sub("", text)
        if shorter == text:
            break
        text = shorter
    return text.rstrip()


def _refusal(text: str) -> NotAPrice:
    """Why a text is no price, as exactly as it can be told; a guess would be somebody's money."""
    if _NET.search(text):
        return NotAPrice(
            "price_net", f"holds '{_short(text)}', a price without tax. Write the price that customers pay."
        )
    if _FROM.match(text):
        return NotAPrice(
            "price_from", f"holds '{_short(text)}', the lowest of several prices. Write the price of this article."
        )
    if _RANGE.fullmatch(text):
        return NotAPrice("price_range", f"holds '{_short(text)}', a range of prices. Write the price of this article.")
    letters = "".join(filter(str.isalpha, text))
    is_code = len(letters) == 3 and letters.isascii() and letters.upper() not in MINOR_UNITS
    if is_code and _WITH_UNIT.fullmatch(text):
        return unknown_currency(letters)
    return _invalid(text)


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
