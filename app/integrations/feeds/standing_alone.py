"""Rejected rows in a file of their own: what a cell meant by its neighbours (the decimal mark of its column, the
currency that the other prices name) is written into it, so that it means the same when it comes back by itself.
"""

from collections.abc import Callable

from app.integrations.feeds import fields, numbers
from app.integrations.feeds.cells import Cells
from app.integrations.feeds.columns import Columns
from app.integrations.feeds.prices import NotAPrice, parse_price


def spelled_out(columns: Columns, currency: str | None) -> Callable[[Cells], Cells]:
    """Writes such cells out; `currency` is the one that prices without any have from the others of the file."""
    kinds = {
        column.index: fields.KINDS[column.field]
        for column in columns.all
        if column.field and column.field not in fields.UNUSED
    }
    counted = [index for index, kind in kinds.items() if kind != "text"]
    money = [index for index, kind in kinds.items() if kind == "price"]
    bare = [index for index in money if columns.currency(index) is None] if currency else []
    own = columns.index("currency")

    def write(cells: Cells) -> Cells:
        written = list(cells)
        for index in counted:
            written[index] = numbers.made_clear(cells[index], columns.mark(index))
        if not bare or (own >= 0 and cells[own].strip()):
            return written
        for index in bare:
            if _is_bare(cells[index]) and own < 0:
                written[index] = f"{written[index].strip()} {currency}"
        if own >= 0 and any(cells[index].strip() for index in bare):
            written[own] = currency or ""
        return written

    return write


def _is_bare(cell: str) -> bool:
    try:
        price = parse_price(cell, ".")
    except NotAPrice:
        return False
    return price is not None and price.currency is None and price.sign is None
