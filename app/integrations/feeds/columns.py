"""A file's columns with their meaning, resolved once per file: mappers take cells by index from here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.integrations.contracts.feed import DecimalMark, FeedColumn, FeedWarning
from app.integrations.feeds import fields, numbers
from app.integrations.feeds.currencies import split_currency
from app.integrations.feeds.errors import FeedMappingInvalid
from app.integrations.feeds.headers import REPORT_COLUMNS, known_key, normalised

_SAMPLES = 3
_SAMPLE_LENGTH = 80


@dataclass(frozen=True)
class Columns:
    """The columns of one file."""

    all: tuple[FeedColumn, ...]

    @cached_property
    def by_field(self) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for column in self.all:
            if column.field:
                found[column.field] = (*found.get(column.field, ()), column.index)
        return found

    def index(self, field: str) -> int:
        """Where the field stands; -1 when the file lacks it."""
        return self.by_field.get(field, (-1,))[0]

    def indexes(self, field: str) -> tuple[int, ...]:
        """Every column of a field that may repeat."""
        return self.by_field.get(field, ())

    def name(self, index: int) -> str:
        """The column's name for people."""
        return self.all[index].name

    def currency(self, index: int) -> str | None:
        """The currency that the column's name says."""
        return self.all[index].currency

    def mark(self, index: int) -> DecimalMark:
        """How the column writes decimals."""
        return self.all[index].decimal_mark or "."


def propose(
    header: Sequence[str],
    sample: Sequence[Sequence[str]],
    names: Mapping[str, str],
    guesses: frozenset[str],
    *,
    is_exact: bool,
    default_currency: str | None = None,
) -> list[FeedColumn]:
    """What each column means by its name alone; of several columns for one field the better name wins, of prices in
    several currencies the seller's own.
    """
    rank = {name: place for place, name in enumerate(names)}
    keys, currencies = _keys(header, names)
    ranks = [
        (currency not in {None, default_currency}, rank.get(key, len(rank)))
        for key, currency in zip(keys, currencies, strict=True)
    ]
    winners: dict[str, int] = {}
    for index, key in sorted(enumerate(keys), key=lambda item: ranks[item[0]]):
        if key in names and names[key] not in fields.REPEATABLE:
            winners.setdefault(names[key], index)
    columns = []
    for index, (name, key) in enumerate(zip(header, keys, strict=True)):
        field = names.get(key)
        is_money = fields.KINDS.get(field or "") == "price"
        if field not in fields.REPEATABLE and winners.get(field or "") != index:
            # A second column of pictures adds to the first; money in another currency is no attribute to show.
            field = "more_images" if field == "image" else "ignore" if is_money and currencies[index] else None
        if name in REPORT_COLUMNS:
            field = "ignore"
        confidence = 0.5 if key in guesses else 1.0 if is_exact or key == field else 0.8
        samples = _samples(sample, index)
        columns.append(
            FeedColumn(index, name, field, confidence if field else 0.0, None, samples, currencies[index], is_money)
        )
    return columns


def _keys(header: Sequence[str], names: Mapping[str, str]) -> tuple[list[str], list[str | None]]:
    """The comparable names, and the currencies that names of money say."""
    keys: list[str] = []
    currencies: list[str | None] = []
    for name in header:
        base, currency = split_currency(name)
        key = normalised(base)
        is_money = currency is not None and fields.KINDS.get(names.get(key, "")) == "price"
        keys.append(key if is_money else known_key(name, names))
        currencies.append(currency if is_money else None)
    return keys, currencies


def override(columns: Sequence[FeedColumn], mapping: Mapping[str, str]) -> list[FeedColumn]:
    """The seller's mapping wins for the columns it names, and takes its fields away from all other columns."""
    by_name = {column.name: column.index for column in columns} | {
        normalised(column.name): column.index for column in reversed(columns)
    }
    chosen: dict[int, str] = {}
    for name, wanted in mapping.items():
        index = by_name.get(name, by_name.get(normalised(name)))
        field = fields.ALIASES.get(wanted, wanted) or "ignore"
        if index is None:
            raise FeedMappingInvalid(
                f"The mapping names the column '{name}', which the file lacks.",
                f"The file has: {_listed([column.name for column in columns])}.",
            )
        if field not in fields.KINDS:
            raise FeedMappingInvalid(
                f"The mapping sends '{name}' to '{wanted}', which is none of our fields.",
                f"Our fields are: {', '.join(fields.KINDS)}.",
            )
        if field in chosen.values() and field not in fields.REPEATABLE:
            raise FeedMappingInvalid(
                f"The mapping sends two columns to '{field}'.", "Keep the one that holds the value to use."
            )
        chosen[index] = field
    taken = set(chosen.values()) - fields.REPEATABLE
    return [
        _with_field(column, chosen[column.index], 1.0)
        if column.index in chosen
        else _with_field(column, None, 0.0)
        if column.field in taken
        else column
        for column in columns
    ]


def with_decimal_marks(
    columns: Sequence[FeedColumn],
    sample: Sequence[Sequence[str]],
    said: DecimalMark | None = None,
    *,
    is_typed: bool = False,
) -> tuple[tuple[FeedColumn, ...], list[FeedWarning]]:
    """Decides per column of numbers whether 1.234 is a thousand or one and a bit; in doubt it is as in the others.
    A mark that the seller has `said` decides for all of them.
    """
    cells = {
        column.index: [row[column.index] for row in sample if column.index < len(row)]
        for column in columns
        if fields.KINDS.get(column.field or "", "text") != "text"
    }
    votes = {index: said or numbers.vote(values) for index, values in cells.items()}
    sure = [mark for mark in votes.values() if mark]
    usual: DecimalMark = "," if sure.count(",") > sure.count(".") and not is_typed else "."
    warnings = [
        FeedWarning(
            "decimal_mark_ambiguous",
            f"The numbers of column '{columns[index].name}' can be read in two ways (1.234 or 1,234); "
            f"'{usual}' is taken as the decimal mark.",
        )
        for index, vote in votes.items()
        if vote is None and not is_typed and any(map(numbers.is_ambiguous, cells[index]))
    ]
    marked = tuple(
        replace(column, decimal_mark=votes[column.index] or usual) if column.index in votes else column
        for column in columns
    )
    return marked, warnings


def _with_field(column: FeedColumn, field: str | None, confidence: float) -> FeedColumn:
    return replace(column, field=field, confidence=confidence)


def _samples(sample: Sequence[Sequence[str]], index: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for row in sample:
        cell = row[index].strip()[:_SAMPLE_LENGTH] if index < len(row) else ""
        if cell:
            found[cell] = None
        if len(found) == _SAMPLES:
            break
    return tuple(found)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name[:60]}'" for name in names[:30])
    return f"{shown} and {len(names) - 30} more" if len(names) > 30 else shown
