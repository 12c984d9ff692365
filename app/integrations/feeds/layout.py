"""What a layout is: the column names it knows, how it is told from others, and the mapper it makes for a file."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.integrations.feeds.cells import Cells
from app.integrations.feeds.mapping import Context, RowMapper


@dataclass(frozen=True)
class Layout:
    """One way to lay products out in rows. `names` maps normalised column names to our fields, better names first.

    `recognises` gets the normalised names of a header. `compile` gets the file's context and a way to read all its
    rows once beforehand, for what only the whole file tells. `is_exact`: the names are the layout's own, not synonyms.
    `is_guarded`: we wrote the file, with an apostrophe before what a spreadsheet would calculate.
    """

    name: str
    names: Mapping[str, str]
    recognises: Callable[[frozenset[str]], bool]
    compile: Callable[[Context, Callable[[], Iterator[Cells]]], RowMapper]
    guesses: frozenset[str] = frozenset()
    is_exact: bool = True
    is_guarded: bool = False
