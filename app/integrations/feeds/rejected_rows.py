"""The report of rejected rows as a CSV that opens safely in a spreadsheet, can be corrected there and uploaded again:
the file's own columns plus error_line, error_code and error_message, which reading ignores.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from app.integrations.contracts.catalogue import RejectedRow
from app.integrations.feeds.headers import REPORT_COLUMNS

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_GUARD = "'"
_GUARDED = (*_FORMULA, _GUARD)
_CHUNK = 64 << 10


def write_rejected_rows(header: Sequence[str], rows: Iterable[RejectedRow]) -> Iterator[bytes]:
    """Yields the CSV in chunks: UTF-8 with a mark (spreadsheets need it), every cell quoted, formulas disarmed."""
    columns = [name for name in header if name not in REPORT_COLUMNS]
    buffer = io.StringIO(newline="")
    # Every cell is quoted, for a spreadsheet that parts cells at ; would else make a formula of the rest of one.
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    yield b"\xef\xbb\xbf"
    writer.writerow(map(guarded, (*columns, *REPORT_COLUMNS)))
    for row in rows:
        cells = (*(row.raw.get(name, "") for name in columns), str(row.line), row.code, row.message)
        writer.writerow(map(guarded, cells))
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def guarded(cell: str) -> str:
    """The cell, with a leading apostrophe where a spreadsheet would calculate; `unguarded` is the exact inverse."""
    return f"{_GUARD}{cell}" if cell.startswith(_GUARDED) else cell


def unguarded(cell: str) -> str:
    """What the cell was before `guarded`."""
    return cell[1:] if cell.startswith(_GUARD) and cell[1:].startswith(_GUARDED) else cell
