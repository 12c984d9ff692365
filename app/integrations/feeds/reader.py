"""Reads a feed file as a catalogue source: look at it (`inspect`), open it (`open_feed`), take it page by page. Knows
neither forms of files nor layouts by name: forms.py and layouts/ are where one more is added.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from app.core.money import parse_currency
from app.integrations.contracts.catalogue import Page, RejectedRow, SampleRow, SourceProduct, merged_fragments
from app.integrations.contracts.feed import DecimalMark, FeedColumn, FeedProfile, FeedWarning
from app.integrations.feeds.cells import Cells
from app.integrations.feeds.columns import Columns, override, propose, with_decimal_marks
from app.integrations.feeds.currencies import has_bare_prices, keep_one, named_currencies
from app.integrations.feeds.errors import FeedCursorInvalid, FeedNoUsableColumn, RowRefused
from app.integrations.feeds.forms import Format, open_table
from app.integrations.feeds.headers import REPORT_COLUMNS, normalised
from app.integrations.feeds.layout import Layout
from app.integrations.feeds.layouts import KNOWN_NAMES, recognise
from app.integrations.feeds.mapping import Context, RowMapper
from app.integrations.feeds.odd_rows import OddRows
from app.integrations.feeds.records import BrokenRow, Position, RowStream, Table
from app.integrations.feeds.rejected_rows import unguarded
from app.integrations.feeds.standing_alone import spelled_out

PAGE_ROWS = 1000
PAGE_CHARACTERS = 4 << 20
_MAY_BE_TITLE = frozenset({"description", "short_description"})
_BRIEF = 80
_IDENTITY = ("id", "sku", "url", "gtin")


def inspect(
    path: Path,
    *,
    default_currency: str | None = None,
    own_currency: str | None = None,
    mapping: Mapping[str, str] | None = None,
    wanted: Format = "auto",
    decimal_mark: DecimalMark | None = None,
) -> FeedProfile:
    """What the file is and how its columns would be used; changes nothing. Raises FeedRefused where it is no feed."""
    terms = _terms(default_currency, own_currency, decimal_mark)
    return _look(path, mapping or {}, wanted, terms).profile


def open_feed(
    path: Path,
    *,
    default_currency: str | None = None,
    own_currency: str | None = None,
    mapping: Mapping[str, str] | None = None,
    wanted: Format = "auto",
    decimal_mark: DecimalMark | None = None,
    is_head: bool = False,
) -> "FeedReader":
    """A reader of the file as a catalogue source. Raises FeedRefused where the file cannot be used.

    `mapping` {source column: our field} overrides what inspect proposes. Prices without a currency are in
    `default_currency`, which somebody has said; else in the one that all other prices of the file name; else in the
    seller's `own_currency`. `wanted` is the format that the request named, `decimal_mark` the mark that the seller
    did, where that is not found out by looking. `is_head`: the file was cut by forms.cut_to_head.
    """
    found = _look(path, mapping or {}, wanted, _terms(default_currency, own_currency, decimal_mark), is_head=is_head)
    if not any(found.columns.index(field) >= 0 for field in _IDENTITY):
        names = ", ".join(f"'{column.name[:60]}'" for column in found.columns.all[:30])
        raise FeedNoUsableColumn(
            f"None of the columns {names} is known as an id, SKU, web address or article number.",
            "Rename the column that identifies a product to sku, or send a mapping.",
        )
    return FeedReader(found)


class _Terms(NamedTuple):
    """What the seller has said: the currency of prices without one, their own currency, how decimals are written."""

    said_currency: str | None
    own_currency: str | None
    decimal_mark: DecimalMark | None

    @property
    def usual_currency(self) -> str | None:
        """The currency where the file says nothing."""
        return self.said_currency or self.own_currency


def _terms(said: str | None, own: str | None, mark: DecimalMark | None) -> _Terms:
    return _Terms(parse_currency(said) if said else None, parse_currency(own) if own else None, mark)


@dataclass(frozen=True, slots=True)
class _Found:
    table: Table
    layout: Layout
    columns: Columns
    profile: FeedProfile
    strange_currency: str | None  # that prices have from the others of the file, unless it is the seller's own


class FeedReader:
    """One feed file as a CatalogueSource; opens the file anew for every reading, so it needs no closing."""

    def __init__(self, found: _Found) -> None:
        self.profile = found.profile
        self.header = found.table.header
        self._found = found
        self._default_currency = found.profile.default_currency
        self._spelled_out = spelled_out(found.columns, found.strange_currency)
        self._width = len(found.table.header)
        self._odd_rows = OddRows(found.table.header, found.columns)
        self.is_export = found.layout.is_guarded
        self._is_guarded = found.layout.is_guarded or set(REPORT_COLUMNS) <= set(self.header)

    async def pages(self, cursor: str | None = None) -> AsyncIterator[Page]:
        """The contract's stream: every page is read in a thread, so that the event loop keeps beating meanwhile."""
        reading = self.read(cursor)
        while page := await asyncio.to_thread(next, reading, None):
            yield page

    def read(self, cursor: str | None = None, *, rows: int = PAGE_ROWS) -> Iterator[Page]:
        """The same pages for callers that may block; a page holds about `rows` rows."""
        context = Context(self._found.columns, self._default_currency)
        mapper = self._found.layout.compile(context, self._all_cells)
        position = _resume(cursor, mapper)
        stream = self._found.table.open(position)
        try:
            source = iter(stream)
            while True:
                page = self._page(source, stream, mapper, context, rows)
                yield page
                if page.cursor is None:
                    return
        finally:
            stream.close()

    def sample(self, count: int) -> list[SampleRow]:
        """The first rows as they stand, each beside what it would become."""
        context = Context(self._found.columns, self._default_currency)
        mapper = self._found.layout.compile(context, self._all_cells)
        stream = self._found.table.open(None)
        samples: list[SampleRow] = []
        try:
            for line, row in islice(stream, count):
                product = rejected = None
                # Before mapping, which may fill cells up in place.
                raw = self._raw(row, mapper)
                try:
                    cells = self._fitted(row)
                    if odd := self._odd_rows.skipped(line, cells):
                        context.warnings.append(odd)
                    else:
                        product = mapper.map_row(line, cells)
                except RowRefused as refusal:
                    rejected = self._rejected(line, row, refusal, mapper)
                samples.append(SampleRow(line, raw, product, rejected, tuple(context.warnings)))
                context.warnings.clear()
        finally:
            stream.close()
        return samples

    def cells_of(self, lines: Collection[int]) -> Iterator[tuple[int, dict[str, str]]]:
        """The cells of these rows as a report shows them, for rows refused later than by reading; in file order.
        Reads the file once, as far as the last of them.
        """
        left = len(lines)
        if not left:
            return
        mapper = self._found.layout.compile(Context(self._found.columns, self._default_currency), self._all_cells)
        stream = self._found.table.open(None)
        try:
            for line, row in stream:
                with suppress(RowRefused):
                    mapper.map_row(line, self._fitted(row))
                if line in lines:
                    yield line, self._raw(row, mapper, alone=True)
                    left -= 1
                    if not left:
                        return
        finally:
            stream.close()

    def _page(
        self,
        source: Iterator[tuple[int, Cells | BrokenRow]],
        stream: RowStream,
        mapper: RowMapper,
        context: Context,
        limit: int,
    ) -> Page:
        items: list[SourceProduct] = []
        rejected: list[RejectedRow] = []
        count, budget = 0, stream.characters + PAGE_CHARACTERS
        is_last = True
        for line, row in source:
            count += 1
            try:
                cells = self._fitted(row)
                if odd := self._odd_rows.skipped(line, cells):
                    context.warnings.append(odd)
                elif product := mapper.map_row(line, cells):
                    items.append(product)
            except RowRefused as refusal:
                rejected.append(self._rejected(line, row, refusal, mapper))
            is_full = count >= limit or stream.characters >= budget
            if is_full and (mapper.may_pause or count >= 2 * limit):
                is_last = False
                break
        warnings = tuple(context.warnings)
        context.warnings.clear()
        return Page(
            items=tuple(_with_neighbours_merged(items)),
            rejected=tuple(rejected),
            warnings=warnings,
            rows_read=count,
            cursor=None if is_last else _cursor(stream.position(), mapper),
            progress=1.0 if is_last else stream.progress,
        )

    def _fitted(self, row: Cells | BrokenRow) -> Cells:
        """The row's cells, as many as there are columns."""
        if isinstance(row, BrokenRow):
            raise RowRefused(row.code, row.message)
        width = len(row)
        if width != self._width:
            if width < self._width:
                row += [""] * (self._width - width)
            elif any(map(str.strip, row[self._width :])):
                raise RowRefused(
                    "row_too_long",
                    f"The row has {width} cells for {self._width} columns; the first one too many holds "
                    f"'{row[self._width][:60]}'. Put cells that contain the delimiter into double quotes.",
                )
        return list(map(unguarded, row)) if self._is_guarded else row

    def _rejected(self, line: int, row: Cells | BrokenRow, refusal: RowRefused, mapper: RowMapper) -> RejectedRow:
        column = self.header[refusal.column] if refusal.column >= 0 else None
        return RejectedRow(line, refusal.code, refusal.message, self._raw(row, mapper, alone=True), column)

    def _raw(self, row: Cells | BrokenRow, mapper: RowMapper, *, alone: bool = False) -> dict[str, str]:
        """A row's cells by column, complete enough to be sent again on their own; `alone`: in a file of their own."""
        cells = [*(row.cells if isinstance(row, BrokenRow) else row), *[""] * self._width][: self._width]
        if self._is_guarded:
            cells = list(map(unguarded, cells))
        with suppress(RowRefused):  # where the cell that tells whose row it is, is itself what is wrong
            cells = mapper.raw(cells)
        if alone and not isinstance(row, BrokenRow):
            cells = self._spelled_out(cells)
        return {name: cell for name, cell in zip(self.header, cells, strict=True) if name not in REPORT_COLUMNS}

    def _all_cells(self) -> Iterator[Cells]:
        """Every readable row once, for layouts that must know the whole file before the first row."""
        stream = self._found.table.open(None)
        try:
            for _, row in stream:
                try:
                    yield self._fitted(row)
                except RowRefused:
                    continue
        finally:
            stream.close()


def _look(
    path: Path,
    mapping: Mapping[str, str],
    wanted: Format,
    terms: _Terms,
    *,
    is_head: bool = False,
) -> _Found:
    table = open_table(path, KNOWN_NAMES | frozenset(map(normalised, mapping)), wanted, is_head=is_head)
    layout = recognise(frozenset(map(normalised, table.header)))
    proposed = propose(
        table.header,
        table.sample,
        layout.names,
        layout.guesses,
        is_exact=layout.is_exact,
        default_currency=terms.usual_currency,
    )
    chosen, choices = keep_one(override(proposed, mapping), terms.usual_currency)
    columns, doubts = with_decimal_marks(chosen, table.sample, terms.decimal_mark, is_typed=table.is_typed)
    currencies = named_currencies(columns, table.sample)
    inferred = currencies[0] if len(currencies) == 1 and not terms.said_currency else None
    profile = FeedProfile(
        form=table.form,
        layout=layout.name,
        encoding=table.encoding,
        delimiter=table.delimiter,
        quoting=None if table.quotes is None else "minimal" if table.quotes else "none",
        header_line=table.header_line,
        columns=columns,
        currencies=currencies,
        rows_estimate=table.rows_estimate,
        size=table.size,
        warnings=(
            *table.warnings,
            *choices,
            *doubts,
            *_money_warnings(columns, table, terms, inferred),
            *_role_warnings(columns, layout),
        ),
        default_currency=inferred or terms.usual_currency,
    )
    strange = inferred if inferred != terms.own_currency else None
    return _Found(table, layout, Columns(columns), profile, strange)


def _money_warnings(
    columns: tuple[FeedColumn, ...], table: Table, terms: _Terms, inferred: str | None
) -> list[FeedWarning]:
    currency = inferred or terms.usual_currency
    if currency is None or not has_bare_prices(columns, table.sample):
        return []
    whose = "as the mapping says" if terms.said_currency else "which the others name" if inferred else "your currency"
    return [
        FeedWarning(
            "currency_assumed",
            f"Prices that name no currency are taken as {currency}, {whose}. If that is wrong, name it in the file "
            "or in a saved mapping.",
        )
    ]


def _role_warnings(columns: tuple[FeedColumn, ...], layout: Layout) -> list[FeedWarning]:
    used = {column.field for column in columns}
    warnings = [
        FeedWarning(
            "column_guessed",
            f"Column '{column.name}' is taken as '{column.field}', which it need not be. Check it, or send a mapping.",
        )
        for column in columns
        if column.field and column.field != "ignore" and column.confidence <= 0.5
    ]
    if "net_price" in used and not used & {"price", "sale_price"}:
        net = next(column.name for column in columns if column.field == "net_price")
        warnings.append(
            FeedWarning(
                "only_net_price",
                f"Column '{net}' holds net prices; they are not used as prices unless a mapping says so.",
            )
        )
    elif not used & {"price", "sale_price"}:
        warnings.append(FeedWarning("no_price_column", "No column holds a price: the products come in as drafts."))
    if "title" not in used and not layout.is_exact:
        warnings.append(_no_title(columns))
    return warnings


def _no_title(columns: tuple[FeedColumn, ...]) -> FeedWarning:
    """Many suppliers call the name of an article its description; whether this one does is not ours to decide."""
    likely = next((column for column in columns if column.field in _MAY_BE_TITLE and _is_brief(column)), None)
    hint = f""" If '{likely.name}' holds them, send the mapping {{"{likely.name}": "title"}}.""" if likely else ""
    return FeedWarning("no_title_column", f"No column holds titles: rows of new products are rejected.{hint}")


def _is_brief(column: FeedColumn) -> bool:
    return bool(column.samples) and all(len(text) < _BRIEF and "<" not in text for text in column.samples)


def _with_neighbours_merged(items: list[SourceProduct]) -> Iterator[SourceProduct]:
    """The items, with fragments that follow each other put together: layouts yield one for every row."""
    run: list[SourceProduct] = []
    for item in items:
        if run and item.fragment and item.external_id == run[0].external_id:
            run.append(item)
            continue
        if run:
            yield merged_fragments(run)
            run = []
        if item.fragment:
            run.append(item)
        else:
            yield item
    if run:
        yield merged_fragments(run)


def _cursor(position: Position, mapper: RowMapper) -> str:
    return json.dumps([position.offset, position.line, mapper.state()], ensure_ascii=False, separators=(",", ":"))


def _resume(cursor: str | None, mapper: RowMapper) -> Position | None:
    if cursor is None:
        return None
    try:
        offset, line, state = json.loads(cursor)
        position = Position(str(int(offset)), int(line))
        mapper.restore({str(key): str(value) for key, value in state.items()})
    except (ValueError, TypeError, AttributeError, KeyError):
        raise FeedCursorInvalid("The cursor cannot be read.", "Start again from the beginning.") from None
    return position
