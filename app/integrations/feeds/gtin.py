"""Article numbers (GTIN, EAN, UPC, ISBN-13) as spreadsheets leave them: undone where nothing was lost, and made
canonical, so that equal numbers are equal texts. A number that cannot be trusted is kept raw and never matched on.
"""

import re
from typing import NamedTuple

_DIGITS = re.compile(r"[0-9]{6,14}")
_EXPONENT = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,2}", re.IGNORECASE)
_PLACEHOLDERS = frozenset({"n/a", "na", "none", "null", "-", "does not apply", "nicht zutreffend", "0"})
_SEPARATORS = str.maketrans("", "", " -\u00a0")


class GtinReading(NamedTuple):
    """`gtin` is canonical and valid or None; then `raw` is what stood there and `problem` a stable code with words."""

    gtin: str | None
    raw: str | None = None
    problem: tuple[str, str] | None = None


_ABSENT = GtinReading(None)


def read_gtin(cell: str) -> GtinReading:
    """Reads one cell; an empty cell or a placeholder is absent, not wrong."""
    text = cell.strip()
    if _DIGITS.fullmatch(text) is None:
        if not text or text.casefold() in _PLACEHOLDERS:
            return _ABSENT
        text = _undo_spreadsheet(text)
        if _EXPONENT.fullmatch(text):
            return GtinReading(
                None, cell.strip(), ("gtin_digits_lost", f"'{cell.strip()}' lost its last digits in a spreadsheet")
            )
        if _DIGITS.fullmatch(text) is None:
            return GtinReading(None, cell.strip(), ("gtin_invalid", f"'{cell.strip()}' is not an article number"))
    return _canonical(text, cell.strip())


def _undo_spreadsheet(text: str) -> str:
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    text = text.lstrip("'\u2019").translate(_SEPARATORS)
    return text.removesuffix(".0")


def _canonical(digits: str, raw: str) -> GtinReading:
    digits = digits.lstrip("0")
    if not digits:
        return _ABSENT
    padded = digits.rjust(8 if len(digits) <= 8 else 13, "0")
    if not has_valid_check_digit(padded):
        return GtinReading(None, raw, ("gtin_check_digit", f"'{raw}' has a wrong check digit"))
    if len(padded) == 13 and (padded[0] == "2" or padded.startswith("02")):
        return GtinReading(None, raw)  # numbers for use inside one company mean different goods elsewhere
    return GtinReading(padded)


def has_valid_check_digit(digits: str) -> bool:
    """The GS1 check digit. By hand: stdnum.ean needs ten times as long; the tests hold both together."""
    code = digits.encode()  # summing bytes instead of digits: each counts 48 too much
    weighted = sum(code[-1::-2]) + 3 * sum(code[-2::-2])
    return (weighted - 48 * ((len(code) + 1) // 2 + 3 * (len(code) // 2))) % 10 == 0
