"""Excel workbooks as a table: the first visible sheet with a usable header, its cells as text the way people see them.

calamine reads them: 65,000 rows a second of ten cells where openpyxl's read-only mode made 3,500 in the same run. It
holds a sheet in memory, which xlsx_package bounds first. A cursor is a row's number.
"""

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from app.integrations.contracts.feed import FeedWarning
from app.integrations.feeds import xlsx_package
from app.integrations.feeds.encoding import Head
from app.integrations.feeds.errors import (
    FeedBinary,
    FeedEmpty,
    FeedFormatUnsupported,
    FeedHeaderOnly,
    FeedTooManyColumns,
)
from app.integrations.feeds.header_rows import SEARCHED_ROWS, find_header
from app.integrations.feeds.headers import count_known, unique_names
from app.integrations.feeds.records import MAX_COLUMNS, BrokenRow, Position, RowStream, Table
from app.integrations.feeds.storable import checked

_SAMPLE_ROWS = 200
_ZIP = b"PK\x03\x04"
_PARTS = (b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/", b"customXml/", b"mimetype")
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_EXACT = 10**15  # Excel keeps 15 digits

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
Rows = list[tuple[int, list[str]]]


def recognises(head: Head) -> bool:
    """Whether a ZIP begins with a part of an office document, or the file is a compound file of older Office."""
    if head.raw.startswith(_COMPOUND):
        return True
    return head.raw.startswith(_ZIP) and head.raw[30:60].startswith(_PARTS)


def open_table(path: Path, known: frozenset[str]) -> Table:
    """Looks at a workbook; refuses those that are protected, of another kind, damaged or too large."""
    with path.open("rb") as file:
        _refuse_other_kinds(file.read(4096), file.read(1 << 20))
    xlsx_package.check(path)
    sheet, rows, warnings = _choose_sheet(_open(path), known)
    place, header = find_header(rows, known)
    header_line = rows[place][0]
    while header and not header[-1].strip():
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise FeedTooManyColumns(
            f"The header has {len(header)} columns; {MAX_COLUMNS} are read at most.", "Leave out what is not needed."
        )
    if place + 1 == len(rows):
        raise FeedHeaderOnly("The sheet has a header but no rows.", "Export it again and check that it has products.")

    def start(position: Position | None) -> RowStream:
        return SheetRows(sheet, int(position.offset) if position else header_line)

    return Table(
        form="xlsx",
        encoding="utf-8",
        delimiter=None,
        quotes=None,
        header_line=header_line,
        header=unique_names(header),
        sample=tuple(cells for _, cells in rows[place + 1 :][:_SAMPLE_ROWS]),
        rows_estimate=max(1, sheet.total_height - header_line),
        size=path.stat().st_size,
        warnings=warnings,
        open=start,
        is_typed=True,
    )


class SheetRows:
    """The rows of one sheet from a row on (see records.RowStream)."""

    def __init__(self, sheet: CalamineSheet, done: int) -> None:
        self._rows = sheet.iter_rows()
        self._merged = _merged_down(sheet)
        self._height = sheet.total_height or 1
        self._done = done
        self.characters = 0

    def __iter__(self) -> Iterator[tuple[int, list[str] | BrokenRow]]:
        """Yields every row that is not blank with its number in the sheet."""
        above: dict[int, str] = {}
        for line, row in enumerate(self._rows, start=1):
            cells = list(map(text_of, row))
            self._fill(line, cells, above)
            if line <= self._done:
                continue
            self._done = line
            if any(map(str.strip, cells)):
                self.characters += sum(map(len, cells))
                yield line, checked(cells)

    def position(self) -> Position:
        """Behind the last row."""
        return Position(str(self._done), self._done + 1)

    @property
    def progress(self) -> float:
        """The part of the sheet that was read."""
        return min(1.0, self._done / self._height)

    def close(self) -> None:
        """Lets the sheet go."""
        self._rows = iter(())

    def _fill(self, line: int, cells: list[str], above: dict[int, str]) -> None:
        """A cell that is merged over several rows counts for each of them."""
        for first, column in self._merged.get(line, ()):
            if column < len(cells):
                if line == first:
                    above[column] = cells[column]
                else:
                    cells[column] = above.get(column, "")


def text_of(cell: Cell) -> str:
    """A cell as people see it: no float noise, dates in ISO form, truth in lower case."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)


def _number(cell: float) -> str:
    if not math.isfinite(cell):
        return ""
    if abs(cell) >= _EXACT:
        return f"{cell:.14E}"  # its last digits are lost: said, not made up
    return str(int(cell)) if cell.is_integer() else f"{Decimal(f'{cell:.15g}'):f}"


def _choose_sheet(book: CalamineWorkbook, known: frozenset[str]) -> tuple[CalamineSheet, Rows, tuple[FeedWarning, ...]]:
    """The first visible sheet whose header has known names, else the first that holds anything; says which others are
    left.
    """
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    chosen: tuple[CalamineSheet, Rows] | None = None
    for name in visible:
        sheet = _read(book, name)
        rows = _first_rows(sheet)
        is_usable = max((count_known(cells, known) for _, cells in rows), default=0) >= 2
        if rows and (chosen is None or is_usable):
            chosen = sheet, rows
        if is_usable:
            break
    if chosen is None:
        raise FeedEmpty("No visible sheet of the workbook holds anything.", "Check which sheet holds the products.")
    others = [sheet.name for sheet in book.sheets_metadata if sheet.name != chosen[0].name]
    if not others:
        return *chosen, ()
    left = ", ".join(f"'{name[:40]}'" for name in others[:20])
    return *chosen, (FeedWarning("sheets_left_out", f"The sheet '{chosen[0].name[:40]}' is read. Not read: {left}."),)


def _first_rows(sheet: CalamineSheet) -> Rows:
    rows = enumerate(sheet.iter_rows(), start=1)
    filled = ((line, cells) for line, row in rows if any(map(str.strip, cells := list(map(text_of, row)))))
    return list(islice(filled, _SAMPLE_ROWS + SEARCHED_ROWS))


def _merged_down(sheet: CalamineSheet) -> dict[int, list[tuple[int, int]]]:
    """Which columns are merged over which rows: {line: [(first line, column as its row is yielded)]}."""
    merged: dict[int, list[tuple[int, int]]] = {}
    first_column = sheet.start[1] if sheet.start else 0
    left = xlsx_package.MAX_CELLS // 10
    for (top, column, *_), (bottom, *_rest) in ((start, end) for start, end in sheet.merged_cell_ranges or ()):
        left -= bottom - top
        if bottom > top and column >= first_column and left > 0:
            for line in range(top + 1, bottom + 2):
                merged.setdefault(line, []).append((top + 1, column - first_column))
    return merged


def _open(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except CalamineError as error:
        raise _damaged(error) from None


def _read(book: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return book.get_sheet_by_name(name)
    except CalamineError as error:
        raise _damaged(error) from None


def _damaged(error: CalamineError) -> FeedBinary:
    return FeedBinary(
        f"The workbook cannot be read ({str(error)[:120]}).", "Open it in Excel, save it again and upload that."
    )


def _refuse_other_kinds(head: bytes, more: bytes) -> None:
    if head.startswith(_COMPOUND):
        if "EncryptedPackage".encode("utf-16-le") in head + more:
            raise FeedFormatUnsupported("The workbook is protected by a password.", "Save it without one.")
        raise FeedFormatUnsupported("The file is an Excel workbook of the old kind (.xls).", "Save it as XLSX or CSV.")
    if b"application/vnd.oasis.opendocument" in head[:120]:
        raise FeedFormatUnsupported("The file is an OpenDocument sheet (.ods).", "Save it as XLSX or CSV.")
    if b"word/" in head and b"xl/" not in head:
        raise FeedFormatUnsupported("The file is a Word document.", "Put the products into a sheet.")
