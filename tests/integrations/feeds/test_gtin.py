"""Article numbers: canonical when sure, kept raw when not, never matched on by accident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from app.integrations.feeds.gtin import has_valid_check_digit, read_gtin


@given(st.text("0123456789", min_size=13, max_size=13) | st.text("0123456789", min_size=8, max_size=8))
def test_check_digits_are_those_of_the_standard(digits: str) -> None:
    assert has_valid_check_digit(digits) == ean.is_valid(digits)


@given(st.integers(10**6, 10**12 - 1).map(lambda body: f"{body:012d}"))
def test_an_article_number_survives_lost_zeros_and_spreadsheet_marks(body: str) -> None:
    number = body + ean.calc_check_digit(body)
    gtin = read_gtin(number).gtin

    for spoilt in (number.lstrip("0"), f"'{number}", f'="{number}"', f"{number}.0", f" {number} ", f"0{number}"):
        assert read_gtin(spoilt).gtin == gtin
    assert gtin is None or gtin.lstrip("0") == number.lstrip("0")


@pytest.mark.parametrize(
    ("cell", "gtin"),
    [
        ("4260084340416", "4260084340416"),
        ("613008730758", "0613008730758"),
        ("305398867571", "0305398867571"),
        ("96385074", "96385074"),
        ("4 260084 340416", "4260084340416"),
        ("978-3-16-148410-0", "9783161484100"),
    ],
)
def test_equal_articles_get_equal_numbers(cell: str, gtin: str) -> None:
    assert read_gtin(cell) == (gtin, None, None)


@pytest.mark.parametrize("cell", ["", " ", "-", "n/a", "None", "0", "0000000000000", "Does not apply"])
def test_a_placeholder_is_absent_and_not_wrong(cell: str) -> None:
    assert read_gtin(cell) == (None, None, None)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("4.26E+12", "gtin_digits_lost"),
        ("4,2600E+12", "gtin_digits_lost"),
        ("4260084340417", "gtin_check_digit"),
        ("12", "gtin_invalid"),
        ("ABC-123", "gtin_invalid"),
        ("42600843404161234", "gtin_invalid"),
        ("٤٢٦٠٠٨٤٣٤٠٤١٦", "gtin_invalid"),
    ],
)
def test_a_number_that_cannot_be_trusted_is_kept_raw(cell: str, code: str) -> None:
    gtin, raw, problem = read_gtin(cell)

    assert (gtin, raw) == (None, cell)
    assert problem is not None
    assert problem[0] == code


@pytest.mark.parametrize("body", ["200123456789", "020123456789"])
def test_a_number_for_use_inside_one_company_is_not_matched_on_and_is_no_fault(body: str) -> None:
    number = body + ean.calc_check_digit(body)

    assert read_gtin(number) == (None, number, None)
