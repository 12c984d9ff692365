"""Numbers as people write them, and the decision per column what a mark means."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.contracts.feed import DecimalMark
from app.integrations.feeds.numbers import NotANumber, is_ambiguous, parse_number, vote

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)
MARKS = st.sampled_from([".", ","])


def written(amount: Decimal, group: str, mark: str) -> str:
    return f"{amount:,.2f}".replace(",", "G").replace(".", mark).replace("G", group)


@given(AMOUNTS, MARKS, st.sampled_from(["", " ", "\u00a0", "\u202f", "\u2009", "'", "\u2019", "other"]))
def test_an_amount_with_two_decimals_is_read_however_it_is_written(
    amount: Decimal, mark: DecimalMark, group: str
) -> None:
    group = {".": ",", ",": "."}[mark] if group == "other" else group

    for column_mark in (".", ","):
        assert parse_number(written(amount, group, mark), column_mark) == amount


@given(st.integers(1, 999), st.integers(0, 999), MARKS)
def test_three_digits_behind_one_mark_mean_what_the_column_says(whole: int, rest: int, mark: DecimalMark) -> None:
    other = "," if mark == "." else "."

    assert parse_number(f"{whole}{mark}{rest:03d}", mark) == Decimal(f"{whole}.{rest:03d}")
    assert parse_number(f"{whole}{other}{rest:03d}", mark) == whole * 1000 + rest


@given(st.integers(0, 10**12), MARKS)
def test_an_integer_is_itself(number: int, mark: DecimalMark) -> None:
    assert parse_number(str(number), mark) == number
    assert parse_number(f"-{number}", mark) == -number


@given(st.text(max_size=40), MARKS)
def test_any_text_is_a_finite_number_or_refused(text: str, mark: DecimalMark) -> None:
    with suppress(NotANumber):
        assert parse_number(text, mark).is_finite()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        ",",
        "-",
        "abc",
        "1e5",
        "1e400",
        "NaN",
        "Infinity",
        "1,2,3",
        "1.23.456",
        "12 34",
        "٣",
        "--5",
        "0x10",
        "1_000",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        parse_number(text, ".")


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["34,95", "7", "1.234"], ","),
        (["34.95", "1,234"], "."),
        (["1.234,50"], ","),
        (["1,234.50"], "."),
        (["1.234.567"], ","),
        (["0.125"], "."),
        (["1 234,5 Kč"], ","),
        (["1.234", "2.500"], None),
        (["12", "", "abc"], None),
        (["9.99", "9,99"], None),
        (["15.00 EUR", "400.0 GBP"], "."),
    ],
)
def test_a_column_votes_with_its_unambiguous_cells(cells: list[str], mark: DecimalMark | None) -> None:
    assert vote(cells) == mark


def test_only_a_number_that_can_be_read_in_two_ways_is_ambiguous() -> None:
    assert [cell for cell in ("1.234", "1,234 EUR", "12", "1.23", "0.125", "1234.567") if is_ambiguous(cell)] == [
        "1.234",
        "1,234 EUR",
    ]
