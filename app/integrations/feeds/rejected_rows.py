"""The report of rejected rows as a CSV that opens safely in a spreadsheet, can be corrected there and uploaded again:
the file's own columns plus error_line, error_code and error_message, which reading ignores.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from app.integrations.contracts.catalogue import RejectedRow
from app.integrations.feeds.headers import REPORT_COLUMNS

# What a spreadsheet takes for a formula at the start of a cell; an apostrophe of the text's own is guarded too, so that
# the guard can be taken off again. Where a spreadsheet parts cells at another delimiter than ours (or at a line's end,
# having lost count of the quotes) any place behind one, and behind a quote there,
# may become the start of a cell.
_STARTS = "=+\\-@'\uff1d\uff0b\uff0d\uff20"
_PLACE = rf"(?:^(?=[{_STARTS}\t\r\n])|(?<=[;,\t\r\n])(?=\"*[{_STARTS}]))"
_DANGEROUS_PLACE = re.compile(_PLACE)
MARK = b"\xef\xbb\xbf"
_GUARD = re.compile(_PLACE.replace("(?=", "'(?="))


class RejectedRowsWriter:
    """Writes the CSV in portions: UTF-8 with a mark (spreadsheets need it), every cell quoted, formulas disarmed."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = [name for name in columns if name not in REPORT_COLUMNS]

    def header(self) -> bytes:
        """The mark and the first row."""
        return MARK + encoded([(*self._columns, *REPORT_COLUMNS)])

    def rows(self, rows: Iterable[RejectedRow]) -> bytes:
        """A portion of rows."""
        return encoded(
            (*(row.raw.get(name, "") for name in self._columns), str(row.line), row.code, row.message) for row in rows
        )


def encoded(rows: Iterable[Sequence[str]], delimiter: str = ",") -> bytes:
    """Rows of a CSV for people and their spreadsheets."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n", delimiter=delimiter)
    writer.writerows(list(map(guarded, row)) for row in rows)
    return buffer.getvalue().encode()


def guarded(cell: str) -> str:
    """The cell with an apostrophe wherever a spreadsheet would calculate; `unguarded` is the exact inverse."""
    return _DANGEROUS_PLACE.sub("'", cell)


def unguarded(cell: str) -> str:
    """What the cell was before `guarded`."""
    return _GUARD.sub("", cell) if "'" in cell else cell
