"""Prices of feed cells: units on either side, nothing invented, nothing silently zero."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import MINOR_UNITS
from app.integrations.feeds.prices import MAX_AMOUNT, NotAPrice, Price, parse_price


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
        ("$12.00", Price(Decimal(12), None)),
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
        ("10 - 15", "price_invalid"),
        ("10-15", "price_invalid"),
        ("ab 12,90", "price_invalid"),
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
