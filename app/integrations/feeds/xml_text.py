"""The text of an XML file, whatever its declaration says: which characters it is made of is proven on every byte, and
what comes out is UTF-8 that is safe to parse. Entities that a file defines for itself are refused before any parser
sees them; nothing here or behind it ever opens another file or address.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from app.integrations.contracts.feed import FeedWarning
from app.integrations.feeds.encoding import Head, chunks, is_damaged_utf8, legacy_encoding, undecodable
from app.integrations.feeds.errors import (
    FeedEncodingWrong,
    FeedFormatUnsupported,
    FeedHasNul,
    FeedXmlBroken,
    FeedXmlEntities,
)

CHUNK = 1 << 17
PROLOG = 1 << 20
"""Characters in which the first element must have begun."""

_DECLARED = re.compile(r"<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_DECLARATION = re.compile(r"(\s+)<\?xml\s[^>]{0,300}\?>")
_REMARK = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_SUBSET = re.compile(r"<!DOCTYPE(?:[^\[>\"']|\"[^\"]*\"|'[^']*')*\[")
# What XML does not allow as a character but exports hold nevertheless (form feeds of word processors).
_CONTROLS = bytes([*range(1, 9), 11, 12, *range(14, 32)])
_SEVEN_BIT = ("iso2022", "hz")
_SAVE_AGAIN = "Save the file again in UTF-8 and say so in its first line."


class XmlText:
    """One file's text; `chunks` reads it from the beginning, once for each object."""

    def __init__(self, path: Path, encoding: str, *, is_head: bool = False) -> None:
        self._path, self._encoding = path, encoding
        self.is_head = is_head
        """Whether the rest of the file was cut off on purpose: that its elements do not end is no fault."""
        self._size = path.stat().st_size or 1
        self._bytes = 0
        self.characters = 0
        self.controls = 0
        self.has_doctype = False

    @property
    def progress(self) -> float:
        """The part of the file that was read."""
        return min(1.0, self._bytes / self._size)

    def chunks(self) -> Iterator[bytes]:
        """The text as UTF-8, without its byte order mark and characters that XML forbids (`controls` counts them)."""
        texts = self._texts()
        yield self._clean(self._beginning(texts))
        for text in texts:
            yield self._clean(text)

    def _texts(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self._encoding)("strict")
        with self._path.open("rb") as file:
            while True:
                raw = file.read(CHUNK)
                try:
                    text = decoder.decode(raw, final=not raw)
                except UnicodeDecodeError as error:
                    error.start += self._bytes
                    raise undecodable(self._path, error) from None
                self._bytes += len(raw)
                self.characters += len(text)
                if "\x00" in text:
                    raise FeedHasNul("The file holds a NUL byte, which no text has.", "Export the feed again.")
                yield text
                if not raw:
                    return

    def _clean(self, text: str) -> bytes:
        encoded = text.encode()
        clean = encoded.translate(None, _CONTROLS)
        self.controls += len(encoded) - len(clean)
        return clean

    def _beginning(self, texts: Iterator[str]) -> str:
        """All that may stand before the first element, which is where a file would define entities."""
        text = ""
        for portion in texts:
            text += portion
            if len(text) >= PROLOG:
                break
        text = text.removeprefix("\ufeff")
        place = 0
        while remark := _REMARK.match(text, place):
            place = remark.end()
        if len(text) >= PROLOG and (place == len(text) or text.startswith("<!--", place)):
            raise FeedXmlBroken(
                f"No element begins within the first {PROLOG >> 20} MiB of the file.", "Remove what stands before it."
            )
        self.has_doctype = text.startswith("<!DOCTYPE", place)
        subset = _SUBSET.match(text, place)
        if subset and "<!ENTITY" in text[subset.end() :]:
            raise FeedXmlEntities(
                "The file defines entities in its DOCTYPE; they are never expanded.",
                "Remove the definitions and write the characters themselves.",
            )
        late = _DECLARATION.match(text)
        return late[1] + text[late.end() :] if late else text  # parsers take no blanks before the declaration


def find_encoding(path: Path, head: Head) -> tuple[str, tuple[FeedWarning, ...]]:
    """The encoding in which every byte is a character, and what to say where the file claims another one."""
    if head.raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FeedFormatUnsupported("The file is UTF-32.", _SAVE_AGAIN)
    if head.marked:
        return head.marked, ()
    declared = _declared(head)
    is_ascii, fault = _prove_utf8(path)
    if is_ascii and declared and declared.startswith(_SEVEN_BIT):
        return declared, ()
    if fault is None:
        return "utf-8", () if is_ascii or declared in {None, "utf-8"} else _differs(declared, "utf-8")
    if declared and not declared.startswith(("utf", "ascii")):
        # As browsers do: in what calls itself Latin-1, 0x80 to 0x9F are the letters of Windows.
        return ("cp1252" if declared == "iso8859-1" else declared), ()
    if is_damaged_utf8(path):
        raise undecodable(path, fault)
    encoding = legacy_encoding(path)
    return encoding, _differs(declared, encoding)


def _declared(head: Head) -> str | None:
    found = _DECLARED.match(head.text)
    if found is None:
        return None
    try:
        return codecs.lookup(found[1]).name
    except LookupError:
        raise FeedEncodingWrong(
            f"The first line names the encoding '{found[1]}', which is unknown.", _SAVE_AGAIN
        ) from None


def _prove_utf8(path: Path) -> tuple[bool, UnicodeDecodeError | None]:
    """Whether all is ASCII, and where the file stops being UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    is_ascii, done = True, 0
    portions = chunks(path)
    while True:
        portion = next(portions, b"")
        is_ascii = is_ascii and portion.isascii()
        try:
            decoder.decode(portion, final=not portion)
        except UnicodeDecodeError as error:
            error.start += done
            return False, error
        done += len(portion)
        if not portion:
            return is_ascii, None


def _differs(declared: str | None, encoding: str) -> tuple[FeedWarning, ...]:
    says = f"says that it is {declared.upper()}" if declared else "does not say its encoding"
    return (
        FeedWarning("encoding_differs", f"The file {says}; it is read as {encoding.upper()}, which its bytes are."),
    )
