"""Values that a file names itself (Heureka's PARAM, Yandex's param): attributes of a product, or, where they differ
between the rows of one group, the options by which its variants are told apart.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from app.integrations.feeds import fields
from app.integrations.feeds.cells import Cells
from app.integrations.feeds.columns import Columns
from app.integrations.feeds.mapping import Context
from app.integrations.feeds.one_row import OneRowMapper

MAX_OPTIONS = 10
_MAX_GROUPS = 10_000


class NamedValuesMapper(OneRowMapper):
    """One row per unit as in sheets, with columns called `<prefix> <name>`."""

    def __init__(
        self,
        context: Context,
        rows: Callable[[], Iterator[Cells]],
        prefix: str,
        *,
        unused: frozenset[int] = frozenset(),
    ) -> None:
        columns = context.columns
        self._named = {
            column.index: column.name[len(prefix) :].strip()[: fields.MAX_ATTRIBUTE_NAME]
            for column in columns.all
            if column.name.startswith(prefix) and column.field in {None, "attribute"}
        }
        super().__init__(context, unused=unused | self._named.keys())
        self._plain = self._attributes
        self._attributes = self._all_attributes
        group = columns.index("group_id")
        self._differing: list[tuple[int, str]] = []
        if group >= 0 and self._named:
            found = differing_columns(rows(), group, tuple(self._named))
            self._differing = [(index, self._named[index]) for index in islice(found, MAX_OPTIONS)]
        self._constant = [(index, name) for index, name in self._named.items() if (index, name) not in self._differing]

    def _all_attributes(self, cells: Cells) -> dict[str, str]:
        kept = self._plain(cells)
        chosen = self._constant if self._group(cells) else self._named.items()
        for index, name in chosen:
            if (text := cells[index].strip()) and len(kept) < fields.MAX_ATTRIBUTES:
                kept.setdefault(name, text[: fields.MAX_ATTRIBUTE_VALUE])
        return kept

    def _options_of(self, cells: Cells) -> dict[str, str]:
        found = super()._options_of(cells)
        if self._differing and self._group(cells):
            for index, name in self._differing:
                if text := cells[index].strip():
                    found[name] = text[: fields.MAX_OPTION_VALUE]
        return found


def differing_columns(rows: Iterator[Cells], group: int, columns: tuple[int, ...]) -> list[int]:
    """The columns in which two rows of one group somewhere hold different values. Groups lie close together in feeds,
    so only the last ones are remembered.
    """
    firsts: dict[str, Cells] = {}
    found: set[int] = set()
    for cells in rows:
        name = cells[group].strip()
        if not name:
            continue
        values = [cells[index].strip() for index in columns]
        first = firsts.setdefault(name, values)
        if first is not values:
            found.update(
                index
                for index, own, other in zip(columns, values, first, strict=True)
                if own and other and own != other
            )
        elif len(firsts) > _MAX_GROUPS:
            del firsts[next(iter(firsts))]
    return [index for index in columns if index in found]


def index_named(columns: Columns, name: str) -> int:
    """Where a column of this name stands that was given no meaning; -1 without one."""
    return next((column.index for column in columns.all if column.name == name and column.field is None), -1)
