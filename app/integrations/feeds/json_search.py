"""Where the products of a JSON file are: the array at its root, or the largest array of objects that is reached through
objects alone. Looks at brackets and keys only, never decodes, and stops where an array is surely the one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.integrations.feeds.errors import FeedCutOff, FeedFieldTooLarge, FeedJsonUnusable
from app.integrations.feeds.json_records import MAX_RECORD, Place, parse

MAX_DEPTH = 200
PARTS = frozenset(
    (
        *("variants", "variations", "images", "options", "offers", "media", "attributes", "categories", "tags"),
        *("reviews", "collections", "prices", "skus", "children", "terms", "values", "edges", "nodes", "metafields"),
    )
)
"""Lists that belong to one product: never the list of products while there is another."""

_CHUNK = 1 << 20
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)
_ENOUGH_OBJECTS = 1000
_ENOUGH_BYTES = 1 << 20


@dataclass(slots=True)
class _Array:
    name: str
    offset: int
    holder: int
    objects: int = 0


def search(path: Path, first: int) -> Place:
    """The place of the records; `first` is the byte behind the file's mark."""
    if has_lines(path, first):
        return Place(first, "lines")
    tokens = _tokens(path, first)
    offset, mark = next(tokens, (first, b""))
    if mark == b"[":
        return Place(offset + 1, "array")
    if mark != b"{":
        raise FeedJsonUnusable("The file is neither an array nor an object.", "Send an array of products.")
    arrays = _arrays_below(tokens, offset)
    lists = [array for array in arrays if array.name not in PARTS]
    if lists:
        return Place(max(lists, key=lambda array: array.objects).offset, "array")
    return Place(arrays[0].holder if arrays else offset, "single")


def _arrays_below(tokens: Iterator[tuple[int, bytes]], root: int) -> list[_Array]:
    """The arrays of objects that are reached from the root object without passing through an array."""
    found: list[_Array] = []
    holders = [root]  # the objects that are open, from the root down
    key = ""
    for offset, token in tokens:
        mark = token[:1]
        if mark == b'"':
            key = token[1:-1].decode("utf-8", "replace")[:100]
        elif mark == b"[":
            array = _Array(key, offset + 1, holders[-1])
            if _count(tokens, array) and array.name not in PARTS:
                return [array]
            found += [array] if array.objects else []
        elif mark == b"{":
            holders.append(offset)
            _check_depth(len(holders))
        else:
            holders.pop()
            if not holders:
                return found
    raise FeedCutOff("The file ends before its brackets are closed.", "Export or transfer it again.")


def _count(tokens: Iterator[tuple[int, bytes]], array: _Array) -> bool:
    """Counts the objects of an array, up to its end or until they are enough; whether they are."""
    depth = 1
    for offset, token in tokens:
        if token[:1] == b'"':
            continue
        depth += 1 if token in b"[{" else -1
        array.objects += token == b"{" and depth == 2
        if depth == 0:
            return False
        _check_depth(depth)
        is_much = array.objects >= _ENOUGH_OBJECTS or offset - array.offset > _ENOUGH_BYTES
        if is_much and array.objects > 1 and array.name not in PARTS:
            return True
    return False


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise FeedJsonUnusable(f"The JSON is nested deeper than {MAX_DEPTH} levels.", "Send a flat list of products.")


def _tokens(path: Path, first: int) -> Iterator[tuple[int, bytes]]:
    """Strings and brackets with the byte where each begins."""
    with path.open("rb") as file:
        file.seek(first)
        base, rest = first, b""
        while chunk := file.read(_CHUNK):
            data = rest + chunk
            done = len(data)
            for token in _TOKEN.finditer(data):
                if token[0] == b'"':  # a string that goes on in the next chunk
                    done = token.start()
                    break
                yield base + token.start(), token[0]
            base, rest = base + done, data[done:]
            if len(rest) > MAX_RECORD:
                raise FeedFieldTooLarge(
                    f"A text that begins at byte {base:,} is larger than {MAX_RECORD >> 20} MiB.", "Shorten it."
                )
        if rest:
            raise FeedCutOff("The file ends inside a quoted text.", "Export or transfer it again.")


def has_lines(path: Path, first: int = 0) -> bool:
    """Whether the first line is an object of its own and another follows."""
    with path.open("rb") as file:
        file.seek(first)
        line = file.readline(MAX_RECORD)
        if not line.lstrip().startswith(b"{") or not line.endswith(b"\n"):
            return False
        try:
            is_object = isinstance(parse(line.decode().strip()), dict)
        except (ValueError, RecursionError):
            return False
        while following := file.readline(_CHUNK):
            if following.strip():
                return is_object and following.lstrip().startswith(b"{")
    return False
