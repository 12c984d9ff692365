"""Which currencies exist: the active codes of ISO 4217 and their minor units. Amounts are plain `Decimal`s beside a
code; sums, rates and prices live in the features.
"""

_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

MINOR_UNITS: dict[str, int] = {
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}


class UnknownCurrency(ValueError):
    """The text is not an active ISO 4217 code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"{code!r} is not a currency code of ISO 4217 (such as EUR, USD or GBP)")


def parse_currency(code: str) -> str:
    """The code in upper case; raises UnknownCurrency for anything that is not an active ISO 4217 currency."""
    upper = code.strip().upper()
    if upper not in MINOR_UNITS:
        raise UnknownCurrency(code)
    return upper
