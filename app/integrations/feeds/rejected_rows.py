"""The report of rejected rows as a CSV that opens safely in a spreadsheet, can be corrected there and uploaded again:
the file's own columns plus error_line, error_code and error_message, which reading ignores.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from app.integrations.contracts.catalogue import RejectedRow
from app.integrations.feeds.headers import REPORT_COLUMNS

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_GUARD = "'"
_GUARDED = (*_FORMULA, _GUARD)


class RejectedRowsWriter:
    """Writes the CSV in portions: UTF-8 with a mark (spreadsheets need it), every cell quoted, formulas disarmed."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = [name for name in columns if name not in REPORT_COLUMNS]

    def header(self) -> bytes:
        """The mark and the first row."""
        return b"\xef\xbb\xbf" + _encoded([(*self._columns, *REPORT_COLUMNS)])

    def rows(self, rows: Iterable[RejectedRow]) -> bytes:
        """A portion of rows."""
        return _encoded(
            (*(row.raw.get(name, "") for name in self._columns), str(row.line), row.code, row.message) for row in rows
        )


def _encoded(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    # Every cell is quoted, for a spreadsheet that parts cells at ; would else make a formula of the rest of one.
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows(list(map(guarded, row)) for row in rows)
    return buffer.getvalue().encode()


def guarded(cell: str) -> str:
    """The cell, with a leading apostrophe where a spreadsheet would calculate; `unguarded` is the exact inverse."""
    return f"{_GUARD}{cell}" if cell.startswith(_GUARDED) else cell


def unguarded(cell: str) -> str:
    """What the cell was before `guarded`."""
    return cell[1:] if cell.startswith(_GUARD) and cell[1:].startswith(_GUARDED) else cell
