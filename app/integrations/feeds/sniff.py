"""How a delimited file is built: which character parts its cells, whether quotes quote, and which row is the header.
Decided by content, never by the file's name; what can only be known at the end of the file is looked up there.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from app.integrations.contracts.feed import FeedWarning
from app.integrations.feeds.delimited import DelimitedRows, Dialect, count_broken, split_rows
from app.integrations.feeds.encoding import TextScan, look_at_head, scan
from app.integrations.feeds.errors import (
    FeedCutOff,
    FeedEmpty,
    FeedFormatUnsupported,
    FeedHeaderOnly,
    FeedRefused,
    FeedTooManyColumns,
)
from app.integrations.feeds.header_rows import SEARCHED_ROWS, find_header
from app.integrations.feeds.headers import count_known, unique_names
from app.integrations.feeds.records import MAX_COLUMNS, BrokenRow, Position, RowStream, Table

DELIMITERS = (",", ";", "\t", "|")
_SELDOM_QUOTED = "\t|"  # a quote in such files is an inch sign or a name more often than a quote
_SAMPLE_CHARACTERS = 1 << 19
_SAMPLE_ROWS = 200
_TAIL = 1 << 16

Rows = list[tuple[int, list[str]]]


def open_table(path: Path, known: frozenset[str]) -> Table:
    """Looks at a delimited file; `known` are the column names that may stand in its header."""
    found = scan(path)
    with path.open(encoding=found.encoding, newline="") as file:
        text = file.read(_SAMPLE_CHARACTERS)
    if look_at_head(path).is_web_page:
        raise FeedFormatUnsupported(
            "The file is a web page, perhaps the login or error page of the shop.", "Download the feed itself."
        )
    dialect, rows = _best_dialect(text, found, known)
    if not rows:
        raise FeedEmpty("The file holds nothing.", "Export it again and check that it has rows.")
    if '\\"' in text:
        dialect, rows = _settle_escapes(text, dialect, rows)
    if found.quotes % 2 or (found.quotes and dialect.delimiter in _SELDOM_QUOTED):
        dialect, rows = _settle_quotes(path, text, dialect, rows)
    place, header = find_header(rows, known)
    header_line = rows[place][0]
    sample = rows[place + 1 :]
    if len(header) > MAX_COLUMNS:
        raise FeedTooManyColumns(
            f"The header has {len(header)} columns; {MAX_COLUMNS} are read at most.", "Leave out what is not needed."
        )
    if not sample:
        raise FeedHeaderOnly("The file has a header but no rows.", "Export it again and check that it has products.")
    _refuse_cut_off(path, found, dialect, [len(cells) for _, cells in rows[place:]])

    def start(position: Position | None) -> RowStream:
        return _rows_behind_header(path, dialect, header_line, position)

    return Table(
        form="delimited",
        encoding=found.encoding,
        delimiter=dialect.delimiter,
        quotes=dialect.quotes,
        header_line=header_line,
        header=unique_names(_without_empty_end(header, sample)),
        sample=tuple(cells for _, cells in sample),
        rows_estimate=_estimate(found, rows, place),
        size=found.size,
        warnings=_notes_above(header_line),
        open=start,
    )


def _without_empty_end(header: list[str], sample: Rows) -> list[str]:
    """A delimiter at the end of every line makes a column of nothing."""
    end = len(header)
    while end > 1 and not header[end - 1].strip() and not any("".join(cells[end - 1 : end]) for _, cells in sample):
        end -= 1
    return header[:end]


def _rows_behind_header(path: Path, dialect: Dialect, header_line: int, position: Position | None) -> RowStream:
    rows = DelimitedRows(path, dialect, position)
    if position is None:
        for line, _ in rows:
            if line >= header_line:
                break
    return rows


def _best_dialect(text: str, found: TextScan, known: frozenset[str]) -> tuple[Dialect, Rows]:
    best: tuple[tuple[int, float, int], Dialect, Rows] | None = None
    for delimiter in DELIMITERS:
        dialect = Dialect(found.encoding, delimiter, quotes=True)
        rows = _sample(text, dialect)
        score = _score(rows, known)
        if best is None or score > best[0]:
            best = score, dialect, rows
    assert best is not None  # noqa: S101 - DELIMITERS is not empty
    return best[1], best[2]


def _sample(text: str, dialect: Dialect) -> Rows:
    rows = split_rows(text, dialect, _SAMPLE_ROWS + SEARCHED_ROWS)
    is_cut = len(text) == _SAMPLE_CHARACTERS and len(rows) < _SAMPLE_ROWS + SEARCHED_ROWS
    return rows[:-1] if is_cut and len(rows) > 2 else rows


def _score(rows: Rows, known: frozenset[str]) -> tuple[int, float, int]:
    """How well a delimiter fits: names known in a header, then a constant number of cells, then many of them."""
    names = max((count_known(cells, known) for _, cells in rows[:SEARCHED_ROWS]), default=0)
    usual, times = Counter(len(cells) for _, cells in rows).most_common(1)[0] if rows else (0, 0)
    return names, times / len(rows) if usual > 1 else 0.0, usual


def _settle_escapes(text: str, dialect: Dialect, rows: Rows) -> tuple[Dialect, Rows]:
    """Backslashes escape quotes where that mends rows which are broken otherwise."""
    escaping = replace(dialect, escapes=True)
    if count_broken(text, dialect) <= count_broken(text, escaping):
        return dialect, rows
    return escaping, _sample(text, escaping)


def _settle_quotes(path: Path, text: str, dialect: Dialect, rows: Rows) -> tuple[Dialect, Rows]:
    """Reads the whole file where its quotes may not add up: refuses one never closed, unless quotes are text here."""
    may_be_text = dialect.delimiter in _SELDOM_QUOTED
    bare = Dialect(dialect.encoding, dialect.delimiter, quotes=False)
    stream = DelimitedRows(path, dialect)
    try:
        for _, cells in stream:
            if may_be_text and isinstance(cells, BrokenRow):
                return bare, _sample(text, bare)
    except FeedRefused:
        if may_be_text:
            return bare, _sample(text, bare)
        raise
    finally:
        stream.close()
    return dialect, rows


def _refuse_cut_off(path: Path, found: TextScan, dialect: Dialect, widths: list[int]) -> None:
    """A last row without a line end that is shorter than any row before it was not written to its end."""
    if found.ends_with_line_end:
        return
    with path.open("rb") as file:
        file.seek(max(0, found.size - _TAIL) & ~1)
        tail = file.read().decode(found.encoding.removesuffix("-sig"), "replace")
    last = tail.splitlines()[-1] if tail else ""
    before = min(widths[:-1])
    cells = split_rows(last, dialect, 1)
    if not cells or len(cells[0][1]) >= before:
        return
    # The line may be the end of a quoted cell: only the whole file tells how wide its last row is.
    stream = DelimitedRows(path, dialect)
    line, width = 0, before
    try:
        for line, row in stream:  # noqa: B007 - the last one counts
            width = len(row.cells if isinstance(row, BrokenRow) else row)
    finally:
        stream.close()
    if width < before:
        raise FeedCutOff(
            f"The last row (line {line}) ends after {width} of {before} columns, without a line end.",
            "Export or transfer the file again; if it is complete, end its last line.",
        )


def _estimate(found: TextScan, rows: Rows, place: int) -> int:
    if len(rows) < _SAMPLE_ROWS:
        return len(rows) - place - 1
    lines = rows[-1][0] - rows[place][0]
    return max(len(rows), round((found.lines - rows[place][0]) * (len(rows) - 1 - place) / max(lines, 1)))


def _notes_above(header_line: int) -> tuple[FeedWarning, ...]:
    if header_line == 1:
        return ()
    return (FeedWarning("rows_above_header", f"The column names are taken from line {header_line}."),)
