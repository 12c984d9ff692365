"""Delimited text (CSV, TSV) as a stream of rows. Memory is bounded by one row, and a row by the limits below; quotes
are taken strictly, so that a stray one costs its own rows and is named, instead of swallowing what follows.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.integrations.feeds.encoding import MAX_LINE
from app.integrations.feeds.errors import FeedFieldTooLarge, FeedLineTooLong, FeedUnbalancedQuotes
from app.integrations.feeds.records import BrokenRow, Position

MAX_FIELD = 1 << 20
csv.field_size_limit(MAX_FIELD)  # the module's own default of 128 KiB refuses honest descriptions

_BUFFER = 1 << 20


class CsvReader(Protocol):
    """What csv.reader makes; the class itself has no public name."""

    @property
    def line_num(self) -> int:
        """How many lines were taken so far."""
        ...

    def __iter__(self) -> Iterator[list[str]]:
        """Itself."""
        ...

    def __next__(self) -> list[str]:
        """The next row, taking as many lines as it needs."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file separates and quotes its cells."""

    encoding: str
    delimiter: str
    quotes: bool
    escapes: bool = False
    """Quotes of the text are written \\" instead of "" (MySQL and its kin)."""

    def parse(self, lines: Iterator[str], *, strict: bool) -> CsvReader:
        """A reader of the csv module over lines that keep their ends."""
        if self.escapes:
            return csv.reader(lines, delimiter=self.delimiter, escapechar="\\", strict=strict)
        if self.quotes:
            return csv.reader(lines, delimiter=self.delimiter, strict=strict)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=strict)


class DelimitedRows:
    """The rows of one delimited file from a position on (see records.RowStream)."""

    def __init__(self, path: Path, dialect: Dialect, position: Position | None = None) -> None:
        self._dialect = dialect
        self._size = path.stat().st_size or 1
        self._raw = path.open("rb", buffering=_BUFFER)
        self._text = io.TextIOWrapper(self._raw, encoding=dialect.encoding, errors="strict", newline="")
        self._line = position.line if position else 1
        self._row_lines: list[str] = []
        self.characters = 0
        if position:
            self._text.seek(int(position.offset))

    def __iter__(self) -> Iterator[tuple[int, list[str] | BrokenRow]]:
        """Yields every row that is not blank with the line where it begins."""
        reader = self._dialect.parse(self._lines(), strict=True)
        first = self._line
        while True:
            begins = first + reader.line_num
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield begins, self._broken(begins, error)
                self._row_lines.clear()
                continue
            if cells is None:
                return
            self._row_lines.clear()
            self._line = first + reader.line_num
            if any(map(str.strip, cells)):
                yield begins, cells

    def position(self) -> Position:
        """Where the next row begins: the csv module takes no line ahead, so the text's own position is exact."""
        return Position(str(self._text.tell()), self._line)

    @property
    def progress(self) -> float:
        """The part of the file that was read."""
        return min(1.0, self._raw.tell() / self._size)

    def close(self) -> None:
        """Closes the file."""
        self._text.close()

    def _lines(self) -> Iterator[str]:
        readline = self._text.readline
        while line := readline(MAX_LINE):
            if len(line) >= MAX_LINE and not line.endswith(("\n", "\r")):
                raise FeedLineTooLong(
                    f"Line {self._line + len(self._row_lines)} runs on for more than {MAX_LINE >> 20} MiB.",
                    "Check that the file is a table with one row per line.",
                )
            self.characters += len(line)
            self._row_lines.append(line)
            yield line

    def _broken(self, begins: int, error: csv.Error) -> BrokenRow:
        """What a row that the csv module refuses means: the end of the file, or a row to be mended."""
        lines = len(self._row_lines)
        self._line = begins + lines
        if "unexpected end" in str(error):
            raise FeedUnbalancedQuotes(
                f"A quote that is opened in the row of line {begins} is never closed.",
                'Close it, or double quotes that belong to the text ("").',
            )
        if "field larger" in str(error):
            if lines > 1:
                raise FeedUnbalancedQuotes(
                    f"A field of the row in line {begins} runs on for more than 1 MiB: its quote is never closed.",
                    'Close it, or double quotes that belong to the text ("").',
                )
            raise FeedFieldTooLarge(f"A field in line {begins} is larger than 1 MiB.", "Shorten it.")
        until = f" to {begins + lines - 1}" if lines > 1 else ""
        return BrokenRow(
            f"Line {begins}{until}: text follows a closing quote. Double quotes that belong to the text ('\"\"').",
            self._guess(),
        )

    def _guess(self) -> list[str]:
        return next(self._dialect.parse(iter(self._row_lines), strict=False), [])


def split_rows(text: str, dialect: Dialect, limit: int) -> list[tuple[int, list[str]]]:
    """The first rows of a sample with their lines, leniently; what the sample cuts off may be the last one."""
    rows: list[tuple[int, list[str]]] = []
    reader = dialect.parse(iter(io.StringIO(text, newline="")), strict=False)
    begins = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                rows.append((begins, cells))
            begins = reader.line_num + 1
            if len(rows) >= limit:
                break
    except csv.Error:
        pass
    return rows


def count_broken(text: str, dialect: Dialect) -> int:
    """How many rows of a sample do not fit the dialect or each other; what the sample's end cuts off does not count."""
    reader = dialect.parse(iter(io.StringIO(text, newline="")), strict=True)
    widths: Counter[int] = Counter()
    broken = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            broken += "unexpected end" not in str(error)
            continue
        if cells is None:
            return broken + widths.total() - max(widths.values(), default=0)
        if any(map(str.strip, cells)):
            widths[len(cells)] += 1
