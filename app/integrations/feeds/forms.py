"""The forms of file that are read, one line each. Which one a file has is told by its content, never by its name; what
a form gives is a Table, and nothing above this module knows forms apart.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from app.integrations.contracts.feed import FeedWarning
from app.integrations.feeds import heads, json_table, sniff, xlsx_table, xml_table
from app.integrations.feeds.encoding import Head, look_at_head
from app.integrations.feeds.errors import FeedFormatDiffers
from app.integrations.feeds.records import Table

Format = Literal["auto", "csv", "tsv", "xml", "json", "ndjson", "xlsx"]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of file. `recognises` may look at the first bytes only; `open` refuses what it then cannot read.

    `open` gets the path and the column names that some layout knows (for telling headers and records by them). A form
    that can be read from its beginning alone has `cut`, which shortens a file to it, and `open_head`, which forgives
    that the rest is missing.
    """

    name: str
    recognises: Callable[[Head], bool]
    open: Callable[[Path, frozenset[str]], Table]
    cut: Callable[[Path], None] | None = None
    open_head: Callable[[Path, frozenset[str]], Table] | None = None


FORMS: tuple[Form, ...] = (
    # The most telling first; delimited text is what nothing else recognises.
    Form("xlsx", xlsx_table.recognises, xlsx_table.open_table),
    Form(
        "json",
        json_table.recognises,
        json_table.open_table,
        json_table.cut,
        partial(json_table.open_table, is_head=True),
    ),
    Form("xml", xml_table.recognises, xml_table.open_table, xml_table.cut, partial(xml_table.open_table, is_head=True)),
    Form("delimited", lambda _head: True, sniff.open_table, heads.cut_to_head, sniff.open_table),
)


def open_table(path: Path, known: frozenset[str], wanted: Format = "auto", *, is_head: bool = False) -> Table:
    """Looks at a file of any form. Raises FeedRefused where it is none, or not of the format that was asked for.

    `is_head`: the file was cut by cut_to_head.
    """
    form = _form_of(path)
    table = (form.open_head or form.open)(path, known) if is_head else form.open(path, known)
    found = _format_of(table)
    if wanted in {"auto", found}:
        return table
    if table.delimiter is None or wanted not in {"csv", "tsv"}:
        raise FeedFormatDiffers(
            f"The request says that the file is {wanted.upper()}, but it is {found.upper()}.",
            "Send the file that was meant, or leave the format to `auto`.",
        )
    differs = FeedWarning(
        "format_differs", f"The request says {wanted.upper()}; the file is read as the {found.upper()} it is."
    )
    return replace(table, warnings=(differs, *table.warnings))


def _format_of(table: Table) -> str:
    if table.delimiter is None:
        return table.form
    return "tsv" if table.delimiter == "\t" else "csv"


def cut_to_head(path: Path) -> bool:
    """Shortens a large file to a beginning that can be looked at; whether its form allows that."""
    cut = _form_of(path).cut
    if cut is not None:
        cut(path)
    return cut is not None


def _form_of(path: Path) -> Form:
    """By the first bytes alone; whether it can be read is for opening it to say."""
    head = look_at_head(path)
    return next(form for form in FORMS if form.recognises(head))
