"""Currencies are the active codes of ISO 4217 and nothing else."""

import pytest

from app.core.money import MINOR_UNITS, UnknownCurrency, parse_currency


def test_a_code_is_read_in_any_case() -> None:
    assert [parse_currency(code) for code in ("EUR", "usd", " Gbp ")] == ["EUR", "USD", "GBP"]


@pytest.mark.parametrize("code", ["", "EURO", "€", "XXX", "DEM", "HRK", "E", "EUR USD"])
def test_anything_else_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        parse_currency(code)


def test_minor_units_are_those_of_the_standard() -> None:
    assert [MINOR_UNITS[code] for code in ("EUR", "JPY", "KWD", "CLP", "HUF")] == [2, 0, 3, 0, 2]
    assert all(len(code) == 3 and code.isupper() for code in MINOR_UNITS)
