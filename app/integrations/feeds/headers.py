"""Column names as files write them: made comparable, made unique, recognised. Which name means what is the layouts'."""

import hashlib
import re
import unicodedata
from collections.abc import Container, Iterable, Sequence

from app.integrations.feeds.currencies import split_currency

REPORT_COLUMNS = ("error_line", "error_code", "error_message")
"""What the report of rejected rows adds; ignored when it comes back corrected."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[^\w%]+|_+")


def normalised(name: str) -> str:
    """The comparable form of a column name: lower case words of letters and digits, one space apart."""
    folded = unicodedata.normalize("NFKC", name[:200]).casefold()
    return _SEPARATORS.sub(" ", folded).removesuffix(" %").strip()


def known_key(name: str, known: Container[str]) -> str:
    """The comparable form by which a name is known: imageUrl is "imageurl" or else "image url"."""
    key = normalised(name)
    if key in known:
        return key
    parted = normalised(_HUMP.sub(" ", name[:200]))
    return parted if parted in known else key


def unique_names(header: Sequence[str]) -> tuple[str, ...]:
    """Names by which columns can be told apart: blank ones numbered, repeated ones counted."""
    taken: dict[str, int] = {}
    names = []
    for position, cell in enumerate(header, start=1):
        name = cell.strip() or f"column {position}"
        taken[name] = count = taken.get(name, 0) + 1
        names.append(name if count == 1 else f"{name} ({count})")
    return tuple(names)


def count_known(cells: Iterable[str], known: frozenset[str]) -> int:
    """How many of the cells are names of columns that some layout knows, each name counted once."""
    return len({known_key(cell, known) for cell in cells if is_known(cell, known)})


def is_known(cell: str, known: frozenset[str]) -> bool:
    """Whether the cell is the name of a column that some layout knows, with or without a currency."""
    return known_key(cell, known) in known or normalised(split_currency(cell)[0]) in known


def header_hash(names: Iterable[str]) -> str:
    """What the headers of files of one kind have in common: their columns by comparable name, in any order."""
    keys = sorted({normalised(name) for name in names} - {normalised(name) for name in REPORT_COLUMNS})
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()
