"""Which rows of a table are its header: below notes, one row or two (groups above names, or names above units or
technical names), decided by what the rows hold.
"""

from collections import Counter
from collections.abc import Sequence

from app.core.money import UnknownCurrency
from app.integrations.feeds.headers import count_known, is_known
from app.integrations.feeds.units import read_unit

SEARCHED_ROWS = 30

_UNIT_WORDS = frozenset(
    (
        *(
            "g",
            "kg",
            "mg",
            "lb",
            "lbs",
            "oz",
            "mm",
            "cm",
            "m",
            "in",
            "inch",
            "l",
            "ml",
            "stk",
            "stück",
            "st",
            "pcs",
            "pc",
        ),
        *(
            "%",
            "text",
            "string",
            "str",
            "number",
            "integer",
            "int",
            "decimal",
            "float",
            "zahl",
            "url",
            "html",
            "boolean",
        ),
        *("bool", "date", "datum", "required", "optional", "pflicht", "pflichtfeld", "mandatory", "netto", "brutto"),
        *("net", "gross", "einheit", "unit"),
    )
)
Rows = Sequence[tuple[int, list[str]]]


def find_header(rows: Rows, known: frozenset[str]) -> tuple[int, list[str]]:
    """The place of the header's last row among the rows, and the names of the columns."""
    main = _main_place(rows, known)
    names = rows[main][1]
    if main + 1 < len(rows) and _goes_on(rows[main + 1][1], known):
        return main + 1, _combined(names, rows[main + 1][1], known, plain_below=False)
    if main > 0 and _is_group_row(rows[main - 1][1], names):
        return main, _combined(rows[main - 1][1], names, known, plain_below=True)
    return main, names


def _main_place(rows: Rows, known: frozenset[str]) -> int:
    """The row with the most known names, of equals the one with more cells; without any, the first as wide as most."""
    counts = [(count_known(cells, known), _filled(cells)) for _, cells in rows[:SEARCHED_ROWS]]
    if counts and max(counts)[0] > 0:
        best = max(counts)
        first = next(place for place, count in enumerate(counts) if count[0] == best[0])
        # Of a row of names and a row of technical names the upper one leads; a note with one known word does not.
        return first if counts[first][1] * 2 > best[1] else counts.index(best)
    usual = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
    return next(place for place, (_, cells) in enumerate(rows) if len(cells) >= usual)


def _goes_on(cells: list[str], known: frozenset[str]) -> bool:
    """Whether the row below the names is header too: units, types or names, and no digit anywhere."""
    filled = [text for cell in cells if (text := cell.strip())]
    if not filled or any(character.isdigit() for text in filled for character in text):
        return False
    units = sum(map(_is_unit, filled))
    names = sum(is_known(text, known) for text in filled)
    if len(filled) == 1:
        return units == 1
    return (units + names) * 10 >= len(filled) * 6


def _is_group_row(cells: list[str], names: list[str]) -> bool:
    filled = _filled(cells)
    return 2 <= filled <= len(names) and len(cells) <= len(names) + 1 and not any(map(_has_digit, cells))


def _combined(upper: list[str], lower: list[str], known: frozenset[str], *, plain_below: bool) -> list[str]:
    """One name per column of two rows; what stands in the upper row goes on over the empty cells right of it."""
    width = max(len(upper), len(lower))
    upper, lower = [*upper, *[""] * (width - len(upper))], [*lower, *[""] * (width - len(lower))]
    repeated = {text for text, times in Counter(map(str.strip, lower)).items() if times > 1}
    names, group = [], ""
    for above, below in zip(map(str.strip, upper), map(str.strip, lower), strict=True):
        group = above or group
        both = f"{group} {below}".strip()
        if not below:
            names.append(above)
        elif is_known(both, known):
            names.append(both)
        elif is_known(below, known) or not group:
            names.append(below)
        elif above and is_known(above, known) and not plain_below:
            names.append(above)
        else:
            names.append(below if plain_below and below not in repeated else both)
    return names


def _is_unit(text: str) -> bool:
    bare = text.strip("()[] ").casefold()
    if bare in _UNIT_WORDS:
        return True
    try:
        return len(bare) <= 4 and bool(read_unit(bare).currency or read_unit(bare).sign)
    except UnknownCurrency:
        return False


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _filled(cells: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)
