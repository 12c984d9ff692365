"""The beginning of a large file as a file of its own, cut where a row or at least a character ends, so that looking at
it takes no longer than looking at a small one.
"""

from collections.abc import Callable
from pathlib import Path

HEAD_BYTES = 8 << 20
_BACK = 1 << 20  # as far back a row is looked for that does not end inside a quoted cell


def cut_to_head(path: Path, size: int = HEAD_BYTES) -> None:
    """Shorten a file of lines to about its first `size` bytes."""
    _cut(path, size, _end_of_row)


def cut_behind(path: Path, mark: bytes, size: int = HEAD_BYTES) -> None:
    """Shorten a file to what ends with the last `mark`, an ASCII character, among its first `size` bytes."""

    def end(head: bytes) -> int:
        wide = _wide(head, mark)
        place = head.rfind(wide)
        while place % len(wide):
            place = head.rfind(wide, 0, place)
        return place + len(wide) if place >= 0 else len(head)

    _cut(path, size, end)


def _cut(path: Path, size: int, end: Callable[[bytes], int]) -> None:
    with path.open("rb+") as file:
        head = file.read(size)
        if len(head) == size and file.read(1):
            file.truncate(end(head))


def _wide(head: bytes, mark: bytes) -> bytes:
    """The mark as it is written in a file that begins so."""
    if head.startswith(b"\xff\xfe") or head[1:2] == b"\x00":
        return mark + b"\x00"
    return b"\x00" + mark if head.startswith((b"\xfe\xff", b"\x00")) else mark


def _end_of_row(head: bytes) -> int:
    """Behind the last line end before which quotes are closed; behind the last one at all where none is so."""
    line_end = _wide(head, b"\n")
    if line_end not in head:
        line_end = b"\r"
    last = end = head.rfind(line_end)
    quotes = head.count(b'"', 0, max(end, 0))
    while quotes % 2 and end > 0 and last - end < _BACK:
        before = head.rfind(line_end, 0, end)
        quotes -= head.count(b'"', max(before, 0), end)
        end = before
    chosen = end if end > 0 and not quotes % 2 else last
    return chosen + len(line_end) if chosen > 0 else len(head)
