"""JSON texts as a stream of records with the byte where each begins: the objects of one array, or one object per line.
Memory is bounded by one record. Broken records are told apart from each other by their brackets and named.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

from app.integrations.feeds.errors import FeedCutOff, FeedFieldTooLarge

MAX_RECORD = 8 << 20
"""Characters of one record."""

_CHUNK = 1 << 20
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)
_BLANK = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_MAX_EXPONENT = 30

Json = str | bool | list["Json"] | dict[str, "Json"] | None


class Record(NamedTuple):
    """One value of the stream: where it begins in the file, and what it is, or why it is nothing."""

    offset: int
    value: Json
    text: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file's records are: in an array whose first value may begin at `offset`, on lines of their own, or it is
    the one that begins there.
    """

    offset: int
    kind: Literal["array", "lines", "single"]
    is_head: bool = False
    """Whether the rest of the file was cut off on purpose: what is missing is no fault."""


def _number(text: str) -> str:
    """A number as it is written; only an exponent is written out."""
    _, _, exponent = text.lower().partition("e")
    if not exponent or abs(int(exponent[:9] if len(exponent) < 10 else "999999999")) > _MAX_EXPONENT:
        return text
    return f"{Decimal(text):f}"


_decoder = json.JSONDecoder(parse_int=str, parse_float=_number, parse_constant=str)


class RecordReader:
    """Yields the records of one file, front to back."""

    def __init__(self, path: Path, place: Place, start: int | None = None, line: int = 1) -> None:
        offset = place.offset if start is None else start
        self.line = line
        """The line of the record that was yielded last, where records stand on lines."""
        self._file = path.open("rb", buffering=0)
        self._file.seek(offset)
        self._kind = place.kind
        self._is_head = place.is_head
        self._text = ""
        self._at = 0
        self._base = offset
        """The byte of the file at which `_text` begins."""
        self._rest = b""
        self._ended = False
        self._consumed = (0, offset)

    def __iter__(self) -> Iterator[Record]:
        """Every record in order; raises FeedRefused where the rest cannot be read."""
        if self._kind == "lines":
            return self._lines()
        return self._items() if self._kind == "array" else islice(self._items(), 1)

    @property
    def offset(self) -> int:
        """Behind the record that was yielded last."""
        return self._offset_of(self._at)

    @property
    def read_bytes(self) -> int:
        """How far the file was read."""
        return self._file.tell()

    def close(self) -> None:
        """Lets the file go."""
        self._file.close()

    def _items(self) -> Iterator[Record]:
        while True:
            self._skip(_BETWEEN)
            if self._at >= len(self._text):
                if self._is_head:
                    return
                raise FeedCutOff("The list of products never ends.", "Export or transfer the file again.")
            if self._text[self._at] == "]":
                return
            try:
                item = self._next_item()
            except FeedCutOff:
                if self._is_head:
                    return
                raise
            yield item

    def _next_item(self) -> Record:
        offset = self._offset_of(self._at)
        while True:
            value: Json = None
            problem = None
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                end, problem = self._end_of_broken(), _problem(error, self._at)
            if end >= 0 and (end < len(self._text) or self._ended or isinstance(value, dict | list)):
                text = self._text[self._at : end]
                self._at = max(end, self._at + 1)
                return Record(offset, value, text, problem)
            if self._ended:
                raise FeedCutOff(
                    "The file ends in the middle of a product, or a quote in it is never closed.",
                    "Export or transfer it again.",
                )
            self._more()

    def _end_of_broken(self) -> int:
        """Where a record that cannot be decoded ends by its brackets; the end of the text where it goes on."""
        depth = 0
        for token in _TOKEN.finditer(self._text, self._at):
            mark = token[0]
            if mark == '"':
                break
            depth += (mark in "{[") - (mark in "}]")
            if depth <= 0 and mark in "}]":
                return token.end() if depth == 0 else token.start()
        return len(self._text) if not self._ended else -1

    def _lines(self) -> Iterator[Record]:
        following = self.line
        while True:
            following += self._skip(_BLANK)
            if self._at >= len(self._text):
                return
            offset = self._offset_of(self._at)
            while (end := self._text.find("\n", self._at)) < 0 and not self._ended:
                self._more()
            line = self._text[self._at : end if end >= 0 else len(self._text)].rstrip("\r\n \t")
            self._at = end + 1 if end >= 0 else len(self._text)
            self.line, following = following, following + 1
            try:
                value, problem = _decoder.decode(line), None
            except (ValueError, RecursionError) as error:
                value, problem = None, _problem(error, 0)
            yield Record(offset, value, line, problem)

    def _skip(self, blanks: re.Pattern[str]) -> int:
        """Goes on to the next character that is not blank; how many lines end before it."""
        lines = 0
        while True:
            found = blanks.match(self._text, self._at)
            lines += found[0].count("\n") if found else 0
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._ended:
                return lines
            self._more()

    def _more(self) -> None:
        """Takes another chunk, and lets go what was consumed."""
        self._base = self._offset_of(self._at)
        self._text = self._text[self._at :]
        self._at, self._consumed = 0, (0, self._base)
        if len(self._text) > MAX_RECORD:
            self._refuse_large()
        chunk = self._file.read(_CHUNK)
        data = self._rest + chunk
        self._ended = not chunk
        # A character may be cut by the chunk's end: at most three bytes of it are kept for the next.
        keep = 0 if self._ended else _cut_character(data)
        self._rest = data[len(data) - keep :]
        self._text += data[: len(data) - keep].decode("utf-8", "strict")

    def _offset_of(self, at: int) -> int:
        """The byte of a place in the text, counted on from the last one that was asked for."""
        known_at, known = self._consumed
        if at < known_at:
            known_at, known = 0, self._base
        known += len(self._text[known_at:at].encode())
        self._consumed = at, known
        return known

    def _refuse_large(self) -> NoReturn:
        raise FeedFieldTooLarge(
            f"A record that begins at byte {self._base:,} is larger than {MAX_RECORD >> 20} MiB.", "Shorten it."
        )


def parse(text: str) -> Json:
    """One JSON text, its numbers as they are written; raises ValueError or RecursionError."""
    found: Json = _decoder.decode(text)
    return found


def _cut_character(data: bytes) -> int:
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            width = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < width else 0
    return 0


def _problem(error: Exception, begins: int) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} at its character {error.pos - begins + 1:,}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number in it is too long"
