"""The seam between forms of files and layouts: whatever a file's form, it is a header and a stream of rows of cells,
each with the line where it begins, and the stream can be resumed at a position.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from app.integrations.contracts.feed import FeedWarning

MAX_COLUMNS = 1000


class Position(NamedTuple):
    """Where a stream of rows goes on: an opaque offset of its form, and the line (1-based) of the next row."""

    offset: str
    line: int


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row whose cells cannot be told apart for sure; `cells` is the best guess, for the report."""

    message: str
    cells: list[str]
    code: str = "quotes_malformed"


class RowStream(Protocol):
    """An open file, read once from front to back."""

    def __iter__(self) -> Iterator[tuple[int, list[str] | BrokenRow]]:
        """Yields (first line, cells) of every row that is not blank; raises FeedRefused where the rest is lost."""
        ...

    def position(self) -> Position:
        """Where the row after the last yielded one begins."""
        ...

    @property
    def characters(self) -> int:
        """How much text was read so far; bounds a page of large rows."""
        ...

    @property
    def progress(self) -> float:
        """The part of the file that was read, 0 to 1."""
        ...

    def close(self) -> None:
        """Lets the file go; repeatable."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """A file, looked at but not yet read. `sample` are its first rows; `open` starts or resumes reading behind them.

    `delimiter` and `quotes` are None for forms that have none. The line of a row is the one in the file where it
    begins; a form in whose files several rows may share a line counts rows instead and warns that it does. Either way
    lines only ever grow: the import knows rows by them. `is_typed`: the form knows numbers from text and writes their
    decimals with a point, so that 1.234 is in no doubt.
    """

    form: str
    encoding: str
    delimiter: str | None
    quotes: bool | None
    header_line: int
    header: tuple[str, ...]
    sample: tuple[list[str], ...]
    rows_estimate: int
    size: int
    warnings: tuple[FeedWarning, ...]
    open: Callable[[Position | None], RowStream]
    is_typed: bool = False
