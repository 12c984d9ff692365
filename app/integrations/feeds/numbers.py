"""Numbers as people write them: whether a column writes 1.234 for a thousand or for one and a bit (decided per column,
by vote), and reading one cell under that decision. Knows neither currency nor column names.
"""

import re
from collections.abc import Iterable
from decimal import Decimal

from app.integrations.contracts.feed import DecimalMark

_GROUP_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'\u2019")
_DIGIT = "[0-9]"  # \d also takes the digits of other scripts, which Decimal would read
_NUMBER = re.compile(rf"[-+]?(?:{_DIGIT}[0-9.,]*|[.,]{_DIGIT}+)")
_SPACED = re.compile(r"[-+]?[0-9]{1,3}(?:[ \u00a0\u202f\u2009'\u2019][0-9]{3})+(?:[.,][0-9]*)?")
_NUMBER_IN_CELL = re.compile(r"[0-9][0-9.,]*")


class NotANumber(ValueError):
    """The text is not one plain number."""


def vote(cells: Iterable[str]) -> DecimalMark | None:
    """The decimal mark that the unambiguous numbers of a column show; None when none of them shows one."""
    commas = dots = 0
    for cell in cells:
        found = _NUMBER_IN_CELL.search(cell.translate(_GROUP_SPACES))
        mark = _sure_mark(found.group()) if found else None
        commas += mark == ","
        dots += mark == "."
    if commas == dots:
        return None
    return "," if commas > dots else "."


def is_ambiguous(cell: str) -> bool:
    """Whether the cell's number means different amounts under the two decimal marks ("1.234")."""
    found = _NUMBER_IN_CELL.search(cell.translate(_GROUP_SPACES))
    return found is not None and bool(re.search("[.,]", found.group())) and _sure_mark(found.group()) is None


def made_clear(cell: str, mark: DecimalMark) -> str:
    """The cell, its number written so that it has one reading: of "1.234" either "1.234,00" or "1.2340"."""
    if not is_ambiguous(cell):
        return cell
    return _NUMBER_IN_CELL.sub(lambda found: f"{found[0]}0" if mark in found[0] else f"{found[0]}{mark}00", cell, 1)


def parse_number(text: str, mark: DecimalMark) -> Decimal:
    """The amount of one cell; `mark` decides only what the digits themselves leave open."""
    text = text.strip()
    if _SPACED.fullmatch(text):
        text = text.translate(_GROUP_SPACES)
    if not _NUMBER.fullmatch(text):
        raise NotANumber(text)
    unsigned = text.lstrip("+-").rstrip(".,")
    actual = _sure_mark(unsigned) or mark
    whole, _, fraction = unsigned.partition(actual)
    group = "," if actual == "." else "."
    if group in fraction or actual in fraction or not _well_grouped(whole, group):
        raise NotANumber(text)
    amount = Decimal(f"{whole.replace(group, '')}.{fraction}" if fraction else whole.replace(group, ""))
    return -amount if text[0] == "-" else amount


def _sure_mark(number: str) -> DecimalMark | None:
    number = number.rstrip(".,")
    comma, dot = number.rfind(","), number.rfind(".")
    if comma >= 0 and dot >= 0:
        return "," if comma > dot else "."
    if comma < 0 and dot < 0:
        return None
    marks: tuple[DecimalMark, DecimalMark] = (",", ".") if comma >= 0 else (".", ",")
    mark, other = marks
    whole, _, rest = number.partition(mark)
    if mark in rest:
        return other  # 1.234.567: a mark that repeats groups thousands
    grouping_possible = len(rest) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
    return None if grouping_possible else mark


def _well_grouped(whole: str, group: str) -> bool:
    if group not in whole:
        return True
    first, *rest = whole.split(group)
    return 1 <= len(first) <= 3 and all(len(part) == 3 for part in rest)
