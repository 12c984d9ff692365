"""What a rule makes of a price: exact to the last decimal, on the wanted endings, never below the floor."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pricing.rules import LARGEST, Priced, Refused, Rounding, Rule, Terms, reprice, round_to

D = Decimal
ENDINGS = [Rounding("nearest", D(1), D(ending)) for ending in ("0.99", "0.95", "0")]

prices = st.decimals(0, 100_000, places=2)
costs = st.decimals(0, 100_000, places=4)
margins = st.decimals(0, D("0.95"), places=4)
percents = st.decimals(-100, 500, places=3)
modes = st.sampled_from(["nearest", "up", "down"])


@st.composite
def roundings(draw: st.DrawFn) -> Rounding:
    step = draw(st.sampled_from(["0.01", "0.05", "0.1", "0.5", "1", "5", "10"]))
    ending = draw(st.decimals(0, D(step) - D("0.01"), places=2))
    return Rounding(draw(modes), D(step), ending)


def terms(price: object = None, cost: object = None, currency: str | None = "EUR", was: object = None) -> Terms:
    return Terms(*(None if amount is None else D(str(amount)) for amount in (price, was, cost)), currency)


def amount(rule: Rule, of: Terms) -> Decimal:
    found = reprice(rule, of)
    assert isinstance(found, Priced), found
    return found.amount


@pytest.mark.parametrize(
    ("rule", "of", "expected"),
    [
        (Rule("percent", D(10)), terms("19.99"), "21.99"),
        (Rule("percent", D("-12.5")), terms("0.99"), "0.87"),
        (Rule("percent", D(50)), terms("0.01"), "0.02"),
        (Rule("percent", D(10)), terms("0.0125"), "0.0138"),
        (Rule("percent", D(-100)), terms("5"), "0.00"),
        (Rule("amount", D("-0.50")), terms("3.20"), "2.70"),
        (Rule("set", D("7.1234")), terms(), "7.1234"),
        (Rule("margin", D("0.3")), terms(cost="7"), "10.00"),
        (Rule("margin", D("0.3")), terms(cost="10"), "14.29"),
        (Rule("percent", D(10), "cost"), terms("9", "4"), "4.40"),
        (Rule("percent", D(10), "compare_at_price"), terms("9", was="20"), "22.00"),
        (Rule("percent", D(10)), terms("999", currency="JPY"), "1099.00"),
        (Rule("percent", D(10)), terms("1.005", currency="BHD"), "1.106"),
    ],
)
def test_changes_are_exact(rule: Rule, of: Terms, expected: str) -> None:
    assert amount(rule, of) == D(expected)


@pytest.mark.parametrize(
    ("rounding", "price", "expected"),
    [
        (Rounding("nearest", D(1), D("0.99")), "12.40", "11.99"),
        (Rounding("nearest", D(1), D("0.99")), "12.49", "12.99"),
        (Rounding("up", D(1), D("0.99")), "12.00", "12.99"),
        (Rounding("down", D(1), D("0.99")), "12.98", "11.99"),
        (Rounding("down", D(1), D("0.99")), "0.40", "0.99"),
        (Rounding("up", D(1), D("0.95")), "12.95", "12.95"),
        (Rounding("nearest", D(1)), "12.50", "13.00"),
        (Rounding("nearest", D("0.05")), "12.52", "12.50"),
        (Rounding("up", D(10), D("9.90")), "21.00", "29.90"),
    ],
)
def test_prices_go_to_the_wanted_endings(rounding: Rounding, price: str, expected: str) -> None:
    assert amount(Rule("percent", D(0), rounding=rounding), terms(price)) == D(expected)


@pytest.mark.parametrize("rounding", ENDINGS)
def test_a_currency_without_coins_for_an_ending_gets_whole_units(rounding: Rounding) -> None:
    assert amount(Rule("percent", D(10), rounding=rounding), terms("1234", currency="JPY")) == 1357
    tens = Rounding("up", D(100), D(80))
    assert amount(Rule("percent", D(10), rounding=tens), terms("1234", currency="JPY")) == 1380


@pytest.mark.parametrize(
    ("rule", "of", "code"),
    [
        (Rule("percent", D(10)), terms(cost=1), "price_missing"),
        (Rule("amount", D(10), "compare_at_price"), terms(1), "compare_at_price_missing"),
        (Rule("percent", D(10), "cost"), terms(1), "cost_missing"),
        (Rule("margin", D("0.2")), terms(1), "cost_missing"),
        (Rule("percent", D(10), min_margin=D("0.1")), terms(1), "cost_missing"),
        (Rule("percent", D(10)), terms(1, currency=None), "currency_missing"),
        (Rule("amount", D(1), currency="EUR"), terms(1, currency="USD"), "currency_mismatch"),
        (Rule("set", D(1), currency="EUR"), terms(currency="USD"), "currency_mismatch"),
        (Rule("amount", D(-2)), terms(1), "below_zero"),
        (Rule("percent", D("-99.99")), terms(10), "rounds_to_zero"),
        (Rule("percent", D(-1), rounding=Rounding("down", D(10))), terms(7), "rounds_to_zero"),
        (Rule("percent", D(100)), terms(LARGEST), "too_large"),
        (Rule("margin", D("0.9999")), terms(cost="99999999.99"), "too_large"),
    ],
)
def test_what_cannot_be_reckoned_is_refused_with_a_mend(rule: Rule, of: Terms, code: str) -> None:
    refused = reprice(rule, of)
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert refused.message.endswith(".")
    assert refused.mend.endswith(".")


def test_a_price_may_be_made_zero_on_purpose() -> None:
    assert amount(Rule("set", D(0)), terms(10)) == amount(Rule("percent", D(-100)), terms(10)) == 0


def test_per_cent_needs_no_currency_of_its_own() -> None:
    assert amount(Rule("percent", D(10), currency="EUR"), terms(10, currency="USD")) == 11


def test_the_floor_raises_what_would_fall_below_it_and_says_so() -> None:
    rule = Rule("amount", D(-50), rounding=Rounding("down", D(1), D("0.99")), min_margin=D("0.2"))
    assert reprice(rule, terms(30, 16)) == Priced(D("20.99"), raised=True)
    assert reprice(rule, terms(200, 16)) == Priced(D("149.99"), raised=False)


@given(prices, percents, roundings())
def test_the_ending_always_holds(price: Decimal, percent: Decimal, rounding: Rounding) -> None:
    found = reprice(Rule("percent", percent, rounding=rounding), terms(price))
    if isinstance(found, Refused):
        assert found.code == "rounds_to_zero"
        assert not round_to(rounding, price * (1 + percent / 100))
        return
    assert (found.amount - rounding.ending) % rounding.step == 0
    assert found.amount >= rounding.ending


@given(prices, roundings())
def test_rounding_goes_no_further_than_it_must(price: Decimal, rounding: Rounding) -> None:
    found = round_to(rounding, price)
    assert round_to(rounding, found) == found
    if price <= rounding.ending:
        assert found == rounding.ending
    elif rounding.mode == "up":
        assert price <= found < price + rounding.step
    elif rounding.mode == "down":
        assert price - rounding.step < found <= price
    else:
        assert abs(found - price) * 2 <= rounding.step


@given(prices, costs, percents, margins, st.none() | roundings())
def test_a_price_never_falls_below_the_floor(
    price: Decimal, cost: Decimal, percent: Decimal, margin: Decimal, rounding: Rounding | None
) -> None:
    found = reprice(Rule("percent", percent, rounding=rounding, min_margin=margin), terms(price, cost))
    if isinstance(found, Refused):
        assert (found.code, cost == 0) == ("rounds_to_zero", True)
        return
    assert found.amount * (1 - margin) >= cost
    if found.raised and rounding is None:
        assert (found.amount - D("0.01")) * (1 - margin) < cost, "raised further than needed"


@given(st.tuples(prices, prices), costs, percents, margins, st.none() | roundings())
def test_the_dearer_of_two_stays_at_least_as_dear(
    pair: tuple[Decimal, Decimal], cost: Decimal, percent: Decimal, margin: Decimal, rounding: Rounding | None
) -> None:
    rule = Rule("percent", percent, rounding=rounding, min_margin=margin)
    low, high = (reprice(rule, terms(price, cost)) for price in sorted(pair))
    assert _or_nothing(low) <= _or_nothing(high)


def _or_nothing(found: Priced | Refused) -> Decimal:
    if isinstance(found, Refused):
        assert found.code == "rounds_to_zero"
        return D(0)
    return found.amount


@given(st.decimals(0, LARGEST, places=4), st.decimals(-1000, 10_000, places=6))
def test_a_percentage_is_exact_to_half_a_unit(price: Decimal, percent: Decimal) -> None:
    found = reprice(Rule("percent", percent), terms(price))
    exact = price.as_integer_ratio(), (100 + percent).as_integer_ratio()
    numerator, denominator = exact[0][0] * exact[1][0], exact[0][1] * exact[1][1] * 100
    if isinstance(found, Refused):
        is_next_to_nothing = 0 < numerator * 200 < denominator
        assert numerator < 0 or numerator > int(LARGEST) * denominator or is_next_to_nothing
        return
    top, bottom = found.amount.as_integer_ratio()
    assert abs(top * denominator - numerator * bottom) * 200 <= bottom * denominator
    assert found.amount == round(found.amount, 4)


@given(costs, margins)
def test_a_margin_is_what_was_asked_for_up_to_a_unit(cost: Decimal, margin: Decimal) -> None:
    found = reprice(Rule("margin", margin, rounding=Rounding("up", D("0.01"))), terms(cost=cost))
    assert isinstance(found, Priced)
    assert found.amount * (1 - margin) >= cost
    assert max(D(0), found.amount - D("0.01")) * (1 - margin) <= cost
