"""The beginning of a large file as a file of its own, cut where a row ends, so that looking at it takes no longer than
looking at a small one. Only forms whose rows are lines can be cut.
"""

from pathlib import Path

LINE_FORMS = frozenset({"delimited", "ndjson"})
HEAD_BYTES = 8 << 20
_BACK = 1 << 20  # as far back a row is looked for that does not end inside a quoted cell


def cut_to_head(path: Path, size: int = HEAD_BYTES) -> int:
    """Shorten a file of lines to about its first `size` bytes; answers how many stay."""
    if path.stat().st_size <= size:
        return path.stat().st_size
    with path.open("rb+") as file:
        head = file.read(size)
        file.truncate(_end_of_row(head))
        return file.seek(0, 2)


def _end_of_row(head: bytes) -> int:
    """Behind the last line end before which quotes are closed; behind the last one at all where none is so."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    line_end = (b"\n\x00" if head.startswith(b"\xff\xfe") else b"\x00\n") if wide else b"\n"
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
