"""Rows of sheets that are no goods and no mistakes either: totals below the list, and the header once more on each page
of a print. They are left out with a word.
"""

from collections.abc import Sequence

from app.integrations.contracts.catalogue import RowWarning
from app.integrations.feeds.columns import Columns

_TOTALS = frozenset(
    (
        *("total", "totals", "grand total", "sum", "subtotal", "sub-total", "summe", "gesamt", "gesamtsumme"),
        *("zwischensumme", "endsumme", "total général", "sous-total", "somme", "totale", "totale generale"),
        *("subtotale", "somma", "suma", "subtotaal", "totaal", "celkem", "razem", "totalt"),
    )
)
_TEXTS = ("id", "group_id", "sku", "gtin", "url", "title", "description", "brand")


class OddRows:
    """Tells such rows of one file."""

    def __init__(self, header: Sequence[str], columns: Columns) -> None:
        self._header = [name.strip() for name in header]
        self._texts = [index for field in _TEXTS for index in columns.indexes(field)]

    def skipped(self, line: int, cells: Sequence[str]) -> RowWarning | None:
        """The word about a row that is left out; None for all others."""
        first = cells[0].strip() or next(filter(None, map(str.strip, cells)), "")
        if first == self._header[0] and list(map(str.strip, cells)) == self._header:
            return RowWarning(line, "header_repeated", "The row repeats the column names and is left out.")
        if _is_total(first) and not any(text and not _is_total(text) for text in self._texts_of(cells)):
            return RowWarning(line, "total_row", f"The row is a total ('{first[:40]}') and is left out.")
        return None

    def _texts_of(self, cells: Sequence[str]) -> list[str]:
        return [cells[index].strip() for index in self._texts]


def _is_total(text: str) -> bool:
    return len(text) < 24 and text.rstrip(": ").casefold() in _TOTALS
