"""XML as a table: one row per product, one column per thing that any product of the file says. The columns are known
only when the whole file was seen, so it is read once before the first row; that also finds every fault of its XML
before anything is imported.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.integrations.contracts.feed import FeedWarning
from app.integrations.feeds.encoding import Head, look_at_head
from app.integrations.feeds.errors import FeedTooManyColumns, FeedWithoutItems
from app.integrations.feeds.heads import cut_behind
from app.integrations.feeds.records import MAX_COLUMNS, Position, RowStream, Table
from app.integrations.feeds.xml_cells import CellReader, CellTuple
from app.integrations.feeds.xml_items import Element, items_of, line_of
from app.integrations.feeds.xml_shape import Shape, find_shape
from app.integrations.feeds.xml_text import XmlText, find_encoding

_MAX_NAMES = 20_000
_MAX_REPEATS = 100
_MAX_CATEGORIES = 100_000
_MAX_DEPTH = 20
_SAMPLE_ROWS = 200
_SAMPLE_CHARACTERS = 4 << 20
CATEGORY_ID = "categoryId"
CATEGORY_PATH = "category path"


@dataclass(slots=True)
class _Survey:
    """What reading the whole file once has found."""

    items: int = 0
    lines_shared: bool = False
    controls: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    categories: dict[str, tuple[str, str]] = field(default_factory=dict)
    sample: list[list[CellTuple]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the file's elements become rows."""

    path: Path
    encoding: str
    is_head: bool
    shape: Shape
    places: dict[str, int]
    width: int
    counts_rows: bool
    categories: dict[str, str]


def recognises(head: Head) -> bool:
    """Whether the file begins as XML does; a web page may do so too (XHTML), and is known by its root then."""
    return head.text.startswith("<") and not head.is_web_page


def cut(path: Path) -> None:
    """Shortens a large file to its first products; the last of them may be a part."""
    cut_behind(path, b">")


def open_table(path: Path, known: frozenset[str], *, is_head: bool = False) -> Table:
    """Looks at an XML file, or at what `cut` left of it; `known` are the names by which its products are told from
    whatever else repeats.
    """
    encoding, warnings = find_encoding(path, look_at_head(path))
    shape = find_shape(XmlText(path, encoding, is_head=is_head), known)
    if shape is None:
        raise FeedWithoutItems(
            "No element of the file could be a product.", "Export it again and check that it has products."
        )
    survey = _survey(XmlText(path, encoding, is_head=is_head), shape)
    header = _header(survey)
    plan = _Plan(
        path=path,
        encoding=encoding,
        is_head=is_head,
        shape=shape,
        places={name: index for index, name in enumerate(header)},
        width=len(header),
        counts_rows=survey.lines_shared,
        categories=_paths(survey.categories),
    )

    def start(position: Position | None) -> RowStream:
        return XmlRows(plan, position)

    return Table(
        form="xml",
        encoding=encoding,
        delimiter=None,
        quotes=None,
        header_line=0,
        header=tuple(header),
        sample=tuple(_row(plan, cells) for cells in survey.sample),
        rows_estimate=survey.items,
        size=path.stat().st_size,
        warnings=(*warnings, *_warnings(survey, header)),
        open=start,
    )


class XmlRows:
    """The rows of one XML file from a position on (see records.RowStream); a position is the number of a product."""

    def __init__(self, plan: _Plan, position: Position | None = None) -> None:
        self._plan = plan
        self._text = XmlText(plan.path, plan.encoding, is_head=plan.is_head)
        self._skipped = int(position.offset) if position else 0
        self._done = 0
        self._items = items_of(self._text, plan.shape.root, (plan.shape.items,))

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yields every product that says anything."""
        plan, reader, line = self._plan, CellReader(), 0
        for _, item in self._items:
            self._done += 1
            line = self._done if plan.counts_rows else line_of(item)
            if self._done <= self._skipped:
                continue
            row = _row(plan, reader.cells(item))
            if any(map(str.strip, row)):
                yield line, row

    def position(self) -> Position:
        """How many products were read."""
        return Position(str(self._done), self._done + 1)

    @property
    def characters(self) -> int:
        """How much text was read so far."""
        return self._text.characters

    @property
    def progress(self) -> float:
        """The part of the file that was read."""
        return self._text.progress

    def close(self) -> None:
        """Closes the file."""
        self._items.close()


def _survey(text: XmlText, shape: Shape) -> _Survey:
    found, reader, last, sampled = _Survey(), CellReader(), 0, 0
    for path, item in items_of(text, shape.root, (shape.items, *((shape.categories,) if shape.categories else ()))):
        if path != shape.items:
            _note_category(found, item)
            continue
        found.items += 1
        line = line_of(item)
        found.lines_shared = found.lines_shared or line <= last
        last = line
        cells = reader.cells(item)
        _note_columns(found, cells)
        if len(found.sample) < _SAMPLE_ROWS and sampled < _SAMPLE_CHARACTERS:
            found.sample.append(cells)
            sampled += sum(len(text) for _, text, _ in cells)
    if not found.columns:
        raise FeedWithoutItems(
            f"No {shape.items[-1]} with anything in it stands in {'/'.join(shape.items[:-1])}.",
            "Export the feed again and check that it has products.",
        )
    found.controls = text.controls
    return found


def _note_columns(found: _Survey, cells: list[CellTuple]) -> None:
    columns = found.columns
    times: dict[str, int] = {}
    for column, text, is_named in cells:
        name = column
        if is_named:
            found.named.add(name)
        elif text:
            times[name] = count = times.get(name, 0) + 1
            if count > 1:
                if count > _MAX_REPEATS:
                    continue
                name = f"{name} ({count})"
        columns[name] = columns.get(name, 0) + 1
    if len(columns) > _MAX_NAMES:
        raise FeedTooManyColumns(
            f"The products say more than {_MAX_NAMES:,} different things.", "Leave out what is not needed."
        )


def _header(survey: _Survey) -> list[str]:
    """The columns in the order in which they came up; of too many, those that most products have."""
    names = [*survey.columns, *((CATEGORY_PATH,) if survey.categories else ())]
    if len(names) <= MAX_COLUMNS:
        return names
    kept = set(sorted(names, key=lambda name: (name in survey.named, -survey.columns.get(name, 0)))[:MAX_COLUMNS])
    return [name for name in names if name in kept]


def _row(plan: _Plan, cells: Iterable[CellTuple]) -> list[str]:
    row, places = [""] * plan.width, plan.places
    for column, text, is_named in cells:
        if not text:
            continue
        index = places.get(column)
        if index is None:
            continue
        if not row[index]:
            row[index] = text
        elif is_named:
            row[index] += f", {text}"
        else:
            _place_repeated(row, places, column, text)
    if plan.categories and (number := row[places[CATEGORY_ID]].strip() if CATEGORY_ID in places else ""):
        row[places[CATEGORY_PATH]] = plan.categories.get(number, "")
    return row


def _place_repeated(row: list[str], places: dict[str, int], column: str, text: str) -> None:
    for count in range(2, _MAX_REPEATS + 1):
        index = places.get(f"{column} ({count})")
        if index is None:
            return
        if not row[index]:
            row[index] = text
            return


def _note_category(found: _Survey, item: Element) -> None:
    number, name = item.get("id"), " ".join((item.text or "").split())
    if number and name and len(found.categories) < _MAX_CATEGORIES:
        found.categories[str(number)[:100]] = name[:200], str(item.get("parentId") or "")[:100]


def _paths(categories: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Every category's names from the top; a circle ends where it closes."""
    paths = {}
    for number in categories:
        names: list[str] = []
        seen: set[str] = set()
        at = number
        while at in categories and at not in seen and len(names) < _MAX_DEPTH:
            seen.add(at)
            name, at = categories[at]
            names.append(name)
        paths[number] = " > ".join(reversed(names))
    return paths


def _warnings(survey: _Survey, header: list[str]) -> Iterator[FeedWarning]:
    if survey.lines_shared:
        yield FeedWarning(
            "rows_counted", "Several products share a line of the file, so `line` is the number of the product."
        )
    if survey.controls:
        yield FeedWarning(
            "control_characters_left_out", f"{survey.controls:,} characters that XML does not allow are left out."
        )
    if len(header) == MAX_COLUMNS < len(survey.columns):
        yield FeedWarning(
            "columns_left_out",
            f"The products say {len(survey.columns):,} different things; the rarest beyond {MAX_COLUMNS} are left out.",
        )
