"""Which currency the sign or word beside an amount means. A sign that several currencies share ($, kr, ¥) names none of
them by itself: it says which ones it can be.
"""

from functools import lru_cache
from typing import NamedTuple

from app.core.money import MINOR_UNITS, UnknownCurrency, parse_currency

_DOLLARS = frozenset(
    (
        *("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "DOP", "BBD", "BMD"),
        *("BND", "BSD", "BZD", "FJD", "GYD", "JMD", "KYD", "LRD", "NAD", "SBD", "SRD", "TTD", "XCD", "XCG", "CVE"),
    )
)
_SHARED: dict[str, frozenset[str]] = {
    "$": _DOLLARS,
    **dict.fromkeys(("kr", "kr."), frozenset({"SEK", "NOK", "DKK", "ISK"})),
    **dict.fromkeys(("¥", "\uffe5"), frozenset({"JPY", "CNY"})),
    **dict.fromkeys(("rs", "rs."), frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"})),
    **dict.fromkeys(("dh", "dhs", "\u062f\u0631\u0647\u0645"), frozenset({"AED", "MAD"})),
    **dict.fromkeys(("fcfa", "cfa"), frozenset({"XOF", "XAF"})),
    "br": frozenset({"ETB", "BYN"}),
    "bs": frozenset({"BOB", "VES"}),
    **dict.fromkeys(("\ufdfc", "\u0631\u06cc\u0627\u0644"), frozenset({"IRR", "SAR", "OMR", "QAR", "YER"})),
}
_SIGNS = {
    **dict.fromkeys(("€", "euro", "euros"), "EUR"),
    **dict.fromkeys(("£", "stg"), "GBP"),
    **dict.fromkeys(("fr.", "sfr.", "sfr", "chf."), "CHF"),
    **dict.fromkeys(("zł", "zl"), "PLN"),
    "kč": "CZK",
    "ft": "HUF",
    **dict.fromkeys(("lei", "leu"), "RON"),
    **dict.fromkeys(("₽", "rur", "\u0440", "\u0440.", "\u0440\u0443\u0431", "\u0440\u0443\u0431."), "RUB"),
    **dict.fromkeys(("₴", "\u0433\u0440\u043d", "\u0433\u0440\u043d."), "UAH"),
    **dict.fromkeys(("\u0434\u0435\u043d", "\u0434\u0435\u043d."), "MKD"),
    **dict.fromkeys(("\u0434\u0438\u043d", "\u0434\u0438\u043d.", "din", "din."), "RSD"),
    "lek": "ALL",
    **dict.fromkeys(("₺", "tl"), "TRY"),
    **dict.fromkeys(("yen", "\u5186"), "JPY"),
    **dict.fromkeys(("\u5143", "rmb", "cn¥"), "CNY"),
    **dict.fromkeys(("₩", "\uc6d0"), "KRW"),
    **dict.fromkeys(("₫", "vnđ"), "VND"),
    **dict.fromkeys(("rp", "rp."), "IDR"),
    **dict.fromkeys(("us$", "u.s.$"), "USD"),
    **dict.fromkeys(("ca$", "c$", "can$"), "CAD"),
    **dict.fromkeys(("a$", "au$"), "AUD"),
    "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "mx$": "MXN", "nt$": "TWD", "bz$": "BZD", "t$": "TOP", "gy$": "GYD",
    "r$": "BRL", "r": "ZAR", "s/": "PEN", "s/.": "PEN", "q": "GTQ", "e£": "EGP", "kd": "KWD", "bd": "BHD",
    "₹": "INR", "₸": "KZT", "₪": "ILS", "฿": "THB", "₱": "PHP", "₦": "NGN", "₡": "CRC", "₲": "PYG", "₵": "GHS",
    "₭": "LAK", "₼": "AZN", "₾": "GEL", "₮": "MNT", "៛": "KHR", "؋": "AFN", "֏": "AMD", "৳": "BDT",
    "dt": "TND", "ksh": "KES", "tsh": "TZS", "ush": "UGX", "fbu": "BIF", "frw": "RWF", "gfr": "GNF", "mk": "MWK",
}  # fmt: skip
_NAMED: dict[str, str] = {**_SIGNS, **{f"{code.casefold()}$": code for code in _DOLLARS if code in MINOR_UNITS}}


class Unit(NamedTuple):
    """A currency, or the currencies that a shared sign can mean; neither where no unit stood."""

    currency: str | None = None
    sign: str | None = None

    def allows(self, currency: str) -> bool:
        """Whether an amount with this unit can be in the currency."""
        if self.currency is not None:
            return currency == self.currency
        return self.sign is None or currency in _SHARED[self.sign.casefold()]


NO_UNIT = Unit()


@lru_cache(maxsize=1024)
def read_unit(text: str) -> Unit:
    """The unit that a code, word or sign names; raises UnknownCurrency."""
    folded = text.casefold().replace(" ", "").replace("\u00a0", "")
    if not folded:
        return NO_UNIT
    if folded in _SHARED:
        return Unit(sign=folded)
    named = _NAMED.get(folded)
    return Unit(named if named is not None else parse_currency(text))


def read_units(lead: str, trail: str) -> Unit:
    """The unit of an amount between two; they must agree, as in "$1,190.00 AUD". Raises UnknownCurrency."""
    first, last = read_unit(lead), read_unit(trail)
    if not lead or not trail:
        return last if trail else first
    for shared, named in ((first, last), (last, first)):
        if shared.sign and named.currency and shared.allows(named.currency):
            return named
    raise UnknownCurrency(f"{lead} {trail}")
