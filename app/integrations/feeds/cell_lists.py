"""Several texts in one cell, readable for people and without loss: parts that contain the separator, a quote or a line
break stand in double quotes, as cells of a CSV do. Tags, category paths and pictures of our own export are written so.
"""

import csv
import io
from collections.abc import Iterable

TAGS = ","
LEVELS = ">"


def join_list(parts: Iterable[str], separator: str) -> str:
    """One cell; `split_list` is the exact inverse for parts without blanks around them."""
    gap = f"{separator} " if separator == TAGS else f" {separator} "
    return gap.join(
        f'"{part.replace(chr(34), chr(34) * 2)}"' if _needs_quotes(part, separator) else part for part in parts
    )


def split_list(cell: str, separator: str) -> list[str]:
    """The parts of a cell, trimmed; a quote that is not closed ends with the cell."""
    if '"' not in cell:
        return [part.strip() for part in cell.split(separator)] if cell.strip() else []
    rows = csv.reader(io.StringIO(cell, newline=""), delimiter=separator, skipinitialspace=True)
    return [part.strip() for row in rows for part in row]


def _quoted(part: str) -> str:
    doubled = part.replace('"', '""')
    return f'"{doubled}"'


def _needs_quotes(part: str, separator: str) -> bool:
    return not part or separator in part or any(sign in part for sign in '"\r\n')
