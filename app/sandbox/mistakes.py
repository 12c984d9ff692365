"""Wrong rows for files in the Shopify layout, one of each kind in turn, each known by line and cell.

Whoever imports such a file can be held to naming every one of them. Writing the file is goods.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Row = dict[str, str]
Outcome = Literal["rejected", "cleaned", "drafted"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A planted row: what is wrong with it, where, and what an import has to do about it."""

    kind: str
    outcome: Outcome
    line: int
    handle: str
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to be wrong; `spoil` gets a sound row of its own and the first row of an earlier product."""

    name: str
    column: str
    spoil: Callable[[Row, Row], Row]
    outcome: Outcome = "rejected"


def _cell(column: str, value: str) -> Callable[[Row, Row], Row]:
    return lambda own, _earlier: own | {column: value}


def _without(*columns: str) -> Callable[[Row, Row], Row]:
    return lambda own, _earlier: own | dict.fromkeys(columns, "")


def _again(column: str) -> Callable[[Row, Row], Row]:
    return lambda own, earlier: own | {column: earlier[column]}


KINDS = (
    Kind("price_not_a_number", "Variant Price", _cell("Variant Price", "abc")),
    Kind("price_negative", "Variant Price", _cell("Variant Price", "-5")),
    Kind("price_too_large", "Variant Price", _cell("Variant Price", "1e400")),
    Kind("duplicate_sku", "Variant SKU", _again("Variant SKU")),
    Kind("duplicate_product", "Handle", lambda _own, earlier: dict(earlier)),
    Kind("no_identity", "Handle", _without("Handle", "Variant SKU", "Variant Barcode")),
    Kind("no_title", "Title", _without("Title"), outcome="drafted"),
    Kind(
        "script_in_description",
        "Body (HTML)",
        _cell("Body (HTML)", "<p>Sound text</p><script>alert(1)</script>"),
        outcome="cleaned",
    ),
)


def mistaken_row(number: int, earlier: Row) -> tuple[Kind, Row]:
    """The wrong row with this number (from 0) and its kind; kinds take turns."""
    own = earlier | {
        "Handle": f"mistaken-article-{number + 1}",
        "Title": f"Mistaken article {number + 1}",
        "Variant SKU": f"MISTAKE-{number + 1:04d}",
        "Variant Barcode": "",
    }
    kind = KINDS[number % len(KINDS)]
    return kind, kind.spoil(own, earlier)
