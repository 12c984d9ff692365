"""Prices of feed cells: units on either side, nothing invented, nothing silently zero."""

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import MINOR_UNITS
from app.integrations.feeds.prices import MAX_AMOUNT, NotAPrice, Price, parse_price
from tests.support.shared import shared

IN_DOUBT = {"320.000", "Rp 221.000", "16.00 ft"}
"""What only the rest of the column tells, and what the corpus takes for feet."""


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("15.00 EUR", Price(Decimal("15.00"), "EUR")),
        ("EUR 15.00", Price(Decimal("15.00"), "EUR")),
        ("EUR15", Price(Decimal(15), "EUR")),
        ("400.0 GBP", Price(Decimal("400.0"), "GBP")),
        ("12,90 €", Price(Decimal("12.90"), "EUR")),
        ("€12.90", Price(Decimal("12.90"), "EUR")),
        ("R$ 1.234,56", Price(Decimal("1234.56"), "BRL")),
        ("1 234,50 Kč", Price(Decimal("1234.50"), "CZK")),
        ("1'234.50", Price(Decimal("1234.50"), None)),
        ("12.-", Price(Decimal(12), None)),
        ("12,-- €", Price(Decimal(12), "EUR")),
        ("$12.00", Price(Decimal(12), None, "$")),
        ("5 000,50", Price(Decimal("5000.50"), None)),
        ("5\u00a0000,50 kr", Price(Decimal("5000.50"), None, "kr")),
        ("1\u2009234,50\u202f€", Price(Decimal("1234.50"), "EUR")),
        ("CHF 1'234.50", Price(Decimal("1234.50"), "CHF")),
        ("12,-", Price(Decimal(12), None)),
        ("1.234,- kr", Price(Decimal(1234), None, "kr")),
        ("1.899,-", Price(Decimal(1899), None)),
        ("1,899.-", Price(Decimal(1899), None)),
        ("Fr. 12.50", Price(Decimal("12.50"), "CHF")),
        ("Rs.500", Price(Decimal(500), None, "rs.")),
        ("$1,190.00 AUD", Price(Decimal(1190), "AUD")),
        ("NZD $100.70", Price(Decimal("100.70"), "NZD")),
        ("CAD$1.23", Price(Decimal("1.23"), "CAD")),
        ("199,00 \u0433\u0440\u043d.", Price(Decimal(199), "UAH")),
        ("135 lei", Price(Decimal(135), "RON")),
        ("2,20 € *", Price(Decimal("2.20"), "EUR")),
        ("12,90 € inkl. MwSt.", Price(Decimal("12.90"), "EUR")),
        ("4,35 € TTC", Price(Decimal("4.35"), "EUR")),
        ("$3,690.00 (ea)", Price(Decimal(3690), None, "$")),
        ("9,90 € / Stk.", Price(Decimal("9.90"), "EUR")),
        ("Preis: 9,90 €", Price(Decimal("9.90"), "EUR")),
        ("0", Price(Decimal(0), None)),
        (" 5 ", Price(Decimal(5), None)),
        ("34.949999999999996", Price(Decimal("34.95"), None)),
        ("100 RUR", Price(Decimal(100), "RUB")),
        ("", None),
        ("   ", None),
    ],
)
def test_a_price_is_read_with_its_unit(text: str, price: Price | None) -> None:
    assert parse_price(text, ".") == price


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("abc", "price_invalid"),
        ("-5", "price_negative"),
        ("-5 EUR", "price_negative"),
        ("1e400", "price_invalid"),
        ("1E5", "price_invalid"),
        ("NaN", "price_invalid"),
        ("Infinity", "price_invalid"),
        ("10 - 15", "price_range"),
        ("10-15", "price_range"),
        ("£6.95 \u2013 £9.95", "price_range"),
        ("ab 12,90", "price_from"),
        ("From: $14.97", "price_from"),
        ("à partir de 11,70 €", "price_from"),
        ("12,90 € zzgl. MwSt.", "price_net"),
        ("0,29 € + iva", "price_net"),
        ("10,00 netto", "price_net"),
        ("$30.56/Month", "price_invalid"),
        ("AED 8000 (USD 2179)", "price_invalid"),
        ("69 TL 41.90 TL", "price_invalid"),
        ("5 EUR $", "price_invalid"),
        ("EUR.50", "price_invalid"),
        ("-", "price_invalid"),
        ("auf Anfrage", "price_invalid"),
        ("EUR 5 EUR", "price_invalid"),
        ("5 XXX", "currency_unknown"),
        ("5 DEM", "currency_unknown"),
        ("99999999999", "price_too_large"),
        ("9" * 59, "price_too_large"),
        ("9" * 1000, "price_invalid"),
        ("a" + " " * 1_000_000 + "5", "price_invalid"),
        ("=1+1", "price_invalid"),
        ("1;2", "price_invalid"),
    ],
)
def test_what_is_no_price_is_refused_and_named(text: str, code: str) -> None:
    with pytest.raises(NotAPrice) as caught:
        parse_price(text, ".")

    assert caught.value.code == code
    assert len(caught.value.message) < 250


@given(st.decimals(min_value=0, max_value=MAX_AMOUNT, places=2), st.sampled_from(sorted(MINOR_UNITS)), st.booleans())
def test_every_currency_is_read_on_either_side(amount: Decimal, currency: str, leads: bool) -> None:
    text = f"{currency} {amount}" if leads else f"{amount} {currency}"

    assert parse_price(text, ".") == Price(amount, currency)


@given(st.text(max_size=70))
def test_any_text_is_an_amount_of_money_nothing_or_refused(text: str) -> None:
    with suppress(NotAPrice):
        price = parse_price(text, ",")
        assert price is None or 0 <= price.amount <= MAX_AMOUNT
        assert price is not None or not text.strip()


def test_price_strings_of_real_shops_are_read_rightly_or_refused() -> None:
    """Half of price-parser's own corpus; it guesses at ranges and starting prices, which are refused here."""
    examples = json.loads(shared("data/extraction/price_strings_dev.json").read_text())
    read = wrong = 0
    for example in examples:
        text, amount = example["price_raw"], example["amount"]
        if text is None or text in IN_DOUBT:
            continue
        with suppress(NotAPrice):
            price = parse_price(text, example["decimal_separator"] or ".")
            read += 1
            wrong += price is not None and (amount is None or price.amount != round(Decimal(amount), 4))

    assert len(examples) == 588
    assert wrong == 0
    assert read >= 455
