"""JSON and JSON lines as a table: a first look over the records collects the columns, then rows come record by record.
A cursor names the byte of a record and the variant in it.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from app.integrations.contracts.feed import FeedWarning
from app.integrations.feeds.encoding import Head, scan_utf8
from app.integrations.feeds.errors import FeedHeaderOnly, FeedIsOurJson, FeedJsonUnusable, FeedTooManyColumns
from app.integrations.feeds.headers import normalised, unique_names
from app.integrations.feeds.heads import cut_behind, cut_to_head
from app.integrations.feeds.json_records import Place, Record, RecordReader
from app.integrations.feeds.json_search import has_lines, search
from app.integrations.feeds.json_shape import Flat, rows_of
from app.integrations.feeds.records import MAX_COLUMNS, BrokenRow, Position, RowStream, Table
from app.integrations.feeds.storable import checked, storable

FURTHER = "further fields"
"""The column of what appears only behind the part of the file that was looked over."""

LOOK_BYTES = 32 << 20
_SAMPLE_ROWS = 200
_VARIANTS_PER_RECORD = 4096  # in a cursor: byte * this + variant
_OURS = frozenset(("id", "variants", "sources", "locked_fields", "version"))
_LEAVES = frozenset(("sku", "barcode", "ean", "gtin", "upc", "mpn", "stock", "quantity", "price", "currency"))


def recognises(head: Head) -> bool:
    """Whether the text begins as JSON; a sheet may begin with a bracket too, as in [id]."""
    text = head.text[:200]
    rest = text[1:].lstrip()
    if text.startswith("{"):
        return not rest or rest[0] in '"}'
    return text.startswith("[") and (not rest or rest[0] in '{["]-0123456789tfn') and not text.startswith("[[]")


def cut(path: Path) -> None:
    """Shortens a large file to its first records; the last of them may be a part."""
    with path.open("rb") as file:
        first = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
    if has_lines(path, first):
        cut_to_head(path)
    else:
        cut_behind(path, b"}")


def open_table(path: Path, known: frozenset[str], *, is_head: bool = False) -> Table:
    """Looks at a JSON file, or at what `cut` left of it; refuses it where no list of objects can be found."""
    scanned = scan_utf8(path)
    place = search(path, len(codecs.BOM_UTF8) if scanned.encoding == "utf-8-sig" else 0)
    place = replace(place, is_head=is_head)
    look = _look_over(path, place)
    keys = [*look.names, *((FURTHER,) if not look.is_whole else ())]
    header = unique_names([storable(name) for name in _with_leaves(keys, known)])
    is_counted = place.kind != "lines" or look.has_variants or not look.is_whole
    columns = {key: index for index, key in enumerate(keys)}

    def start(position: Position | None) -> RowStream:
        return JsonRows(path, place, columns, position, is_counted=is_counted)

    return Table(
        form="ndjson" if place.kind == "lines" else "json",
        encoding=scanned.encoding,
        delimiter=None,
        quotes=None,
        header_line=0,
        header=header,
        sample=tuple(_cells(row, columns) for row in look.sample),
        rows_estimate=look.rows if look.is_whole else look.rows * scanned.size // max(1, look.seen),
        size=scanned.size,
        warnings=_warnings(look, is_counted=is_counted),
        open=start,
        is_typed=True,
    )


@dataclass(slots=True)
class _Look:
    """What the first look found."""

    names: dict[str, None] = field(default_factory=dict)
    sample: list[Flat] = field(default_factory=list)
    rows: int = 0
    seen: int = 0
    has_variants: bool = False
    is_whole: bool = True
    left_out: set[str] = field(default_factory=set)


def _look_over(path: Path, place: Place) -> _Look:
    look = _Look()
    reader = RecordReader(path, place)
    try:
        for record in reader:
            if isinstance(record.value, dict):
                if record.value.keys() >= _OURS:
                    raise FeedIsOurJson("The file holds products as this API answers them.", FeedIsOurJson.mend)
                _take(look, rows_of(record.value, look.left_out))
            look.seen = record.offset
            if record.offset > LOOK_BYTES:
                look.is_whole = False
                break
    finally:
        reader.close()
    if not look.names:
        if look.seen and not look.rows:
            raise FeedJsonUnusable("The JSON holds no object that can be read.", "Send an array of products.")
        raise FeedHeaderOnly("The list of products is empty.", "Export it again and check that it has products.")
    return look


def _take(look: _Look, rows: list[Flat]) -> None:
    look.has_variants |= len(rows) > 1
    look.rows += len(rows)
    for row in rows:
        if row.keys() - look.names.keys():
            look.names |= dict.fromkeys(row)
        if len(look.sample) < _SAMPLE_ROWS:
            look.sample.append(row)
    if len(look.names) > MAX_COLUMNS:
        raise FeedTooManyColumns(
            f"The objects have more than {MAX_COLUMNS} different fields; that many columns are read at most.",
            "Send a list of products with the same fields, and leave out what is not needed.",
        )


class JsonRows:
    """The rows of one JSON file from a position on (see records.RowStream)."""

    def __init__(
        self, path: Path, place: Place, columns: dict[str, int], position: Position | None, *, is_counted: bool
    ) -> None:
        byte, self._skipped = divmod(int(position.offset), _VARIANTS_PER_RECORD) if position else (place.offset, 0)
        line = position.line if position else 1
        self._records = RecordReader(path, place, byte, line)
        self._columns, self._is_counted = columns, is_counted
        self._next_line = line
        self._next = byte * _VARIANTS_PER_RECORD + self._skipped
        self._size = path.stat().st_size or 1
        self.characters = 0

    def __iter__(self) -> Iterator[tuple[int, list[str] | BrokenRow]]:
        """Yields every row with its line, or its number where rows are counted."""
        for record in self._records:
            line = self._records.line
            self.characters += len(record.text)
            rows = self._rows(record)
            after = self._records.offset * _VARIANTS_PER_RECORD
            skipped, self._skipped = self._skipped, 0
            for place, row in islice(enumerate(rows, start=1), skipped, None):
                self._next = after if place == len(rows) else record.offset * _VARIANTS_PER_RECORD + place
                number = self._next_line if self._is_counted else line
                self._next_line = number + 1
                yield number, row

    def position(self) -> Position:
        """Where the next row begins."""
        return Position(str(self._next), self._next_line if self._is_counted else self._records.line + 1)

    @property
    def progress(self) -> float:
        """The part of the file that was read."""
        return min(1.0, self._records.read_bytes / self._size)

    def close(self) -> None:
        """Closes the file."""
        self._records.close()

    def _rows(self, record: Record) -> list[list[str] | BrokenRow]:
        if record.problem:
            message = f"The object is no valid JSON: {record.problem}. Correct it."
            return [BrokenRow(message, [], "json_malformed")]
        if not isinstance(record.value, dict):
            return [BrokenRow("The value is no object. Write products as objects.", [], "not_an_object")]
        rows = [_cells(row, self._columns) for row in rows_of(record.value, set())]
        if "\\u" not in record.text:
            return list(rows)
        return [checked(row) for row in rows]


def _cells(row: Flat, columns: dict[str, int]) -> list[str]:
    cells = [""] * len(columns)
    further = []
    for name, cell in row.items():
        index = columns.get(name)
        if index is None:
            further.append(f"{name}: {cell}")
        else:
            cells[index] = cell
    if further:
        cells[columns[FURTHER]] = "; ".join(further)
    return cells


def _with_leaves(names: list[str], known: frozenset[str]) -> list[str]:
    """Names of nested fields cut to their last part where only that is known: meta.barcode is the barcode."""
    plain = {normalised(name) for name in names}
    found = []
    for name in names:
        leaf = normalised(name.rpartition(".")[2])
        is_leaf = "." in name and normalised(name) not in known and leaf in _LEAVES & known and leaf not in plain
        found.append(leaf if is_leaf else name)
        plain |= {leaf} if is_leaf else set()
    return found


def _warnings(look: _Look, *, is_counted: bool) -> tuple[FeedWarning, ...]:
    warnings = []
    if is_counted:
        warnings.append(
            FeedWarning("rows_counted", "Several rows can share a line of this file: reports count rows, from 1.")
        )
    if look.left_out:
        names = ", ".join(f"'{storable(name)[:60]}'" for name in sorted(look.left_out)[:20])
        warnings.append(FeedWarning("lists_left_out", f"Lists of objects that are not read: {names}."))
    return tuple(warnings)
