"""Which characters a file is made of. The whole file is decoded once, in small chunks: a sample of the head lies, for
the first letter beyond ASCII may come late. Refuses what is no text at all.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from app.integrations.feeds.errors import (
    FeedBinary,
    FeedCutOff,
    FeedEncodingWrong,
    FeedFormatUnsupported,
    FeedHasNul,
    FeedLineTooLong,
    FeedRefused,
)

CHUNK = 1 << 20
HEAD = 4096
MAX_LINE = 8 << 20
"""Characters; fields are held to 1 MiB by the csv module, this holds lines of many fields or of none that ends."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old kind"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format", "a database"),
)
_LEGACY = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1257", "koi8_r", "cp932", "gb18030", "euc_kr"]
_LEGACY_SAMPLE = 1 << 16
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_BEYOND_ASCII = bytes(range(0x80, 0x100))
_ENOUGH_LETTERS = 8  # fewer fit any code page, also Chinese
_SAVE_AS = "Save the sheet as CSV (UTF-8) and upload that."
_CONTROLS = bytes([*range(9), *range(14, 32)])


@dataclass(frozen=True, slots=True)
class TextScan:
    """What one pass over the whole file found."""

    encoding: str
    size: int
    lines: int
    quotes: int
    ends_with_line_end: bool


_PAGE = re.compile(r"(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """The first bytes of a file, and the same as text without mark and blanks before it: enough to tell forms.

    `marked` is the encoding that a byte order mark or the zeros of UTF-16 name.
    """

    raw: bytes
    text: str
    marked: str | None

    @property
    def is_web_page(self) -> bool:
        """Whether it begins as HTML does, which is not XML although it looks like it."""
        return _PAGE.match(self.text) is not None


def look_at_head(path: Path) -> Head:
    """Reads the first 4 KiB."""
    with path.open("rb") as file:
        return head_of(file.read(HEAD))


def head_of(raw: bytes) -> Head:
    """What the first bytes of a file say."""
    marked = next((encoding for bom, encoding in _BOMS if raw.startswith(bom)), None) or _unmarked_utf16(raw)
    return Head(raw, raw.decode(marked or "utf-8", "replace").lstrip("\ufeff \t\r\n"), marked)


def scan(path: Path) -> TextScan:
    """Finds the encoding and proves it on every byte; refuses binary, damaged and endless files."""
    size = path.stat().st_size
    head = look_at_head(path)
    _refuse_binary(head.raw)
    marked = head.marked
    try:
        return _decode(path, marked or "utf-8", size)
    except UnicodeDecodeError as error:
        if marked or is_damaged_utf8(path):
            raise undecodable(path, error) from None
    encoding = legacy_encoding(path)
    try:
        return _decode(path, encoding, size)
    except UnicodeDecodeError as error:
        raise undecodable(path, error) from None


def scan_utf8(path: Path) -> TextScan:
    """Proves on every byte that a file is UTF-8 (with or without mark), however long its lines are."""
    head = look_at_head(path).raw
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _unmarked_utf16(head):
        raise FeedEncodingWrong("The file is UTF-16; JSON is read in UTF-8.", "Save it again in UTF-8.")
    encoding = "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    try:
        return _decode(path, encoding, path.stat().st_size, bounds_lines=False)
    except UnicodeDecodeError as error:
        raise undecodable(path, error) from None


def _decode(path: Path, encoding: str, size: int, *, bounds_lines: bool = True) -> TextScan:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = quotes = unended = done = 0
    last = ""
    for chunk in _with_end(chunks(path)):
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            error.start += done  # its own count starts at this chunk; only ever used for the line of the message
            raise
        done += len(chunk)
        if "\x00" in text:
            line = lines + text[: text.index("\x00")].count("\n") + 1
            raise FeedHasNul(f"Line {line} holds a NUL byte, which no text has.", _SAVE_AS)
        lines += text.count("\n") or text.count("\r")
        quotes += text.count('"')
        end = max(text.rfind("\n"), text.rfind("\r"))
        unended = len(text) - end - 1 if end >= 0 else unended + len(text)
        if unended > MAX_LINE and bounds_lines:
            raise FeedLineTooLong(
                f"Line {lines + 1} runs on for more than {MAX_LINE >> 20} MiB without an end.",
                "Check that the file is a table with one row per line.",
            )
        last = text[-1:] or last
    return TextScan(encoding, size, lines + (last not in {"\n", "\r"}), quotes, last in {"\n", "\r"})


def chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes in portions."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _with_end(portions: Iterator[bytes]) -> Iterator[bytes]:
    yield from portions
    yield b""


def _refuse_binary(head: bytes) -> None:
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            raise FeedBinary(f"The file is {what}, not a table of text.", _SAVE_AS)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FeedFormatUnsupported("The file is UTF-32.", "Save it as CSV in UTF-8.")
    is_utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _unmarked_utf16(head)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if not is_utf16 and controls > max(2, len(head) // 50):
        raise FeedBinary("The file holds bytes that no text has.", _SAVE_AS)


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without its mark: Western text has a zero in every other byte."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) * 0.35 and even < len(head) * 0.02:
        return "utf-16-le"
    if even > len(head) * 0.35 and odd < len(head) * 0.02:
        return "utf-16-be"
    return None


def _beyond_ascii(path: Path) -> bytes:
    """The first lines that hold anything but ASCII, up to the size of a sample."""
    sample = bytearray()
    for chunk in chunks(path):
        if not chunk.isascii():
            for line in chunk.splitlines():
                sample += b"" if line.isascii() else line[:4096] + b"\n"
                if len(sample) > _LEGACY_SAMPLE:
                    return bytes(sample[:_LEGACY_SAMPLE])
    return bytes(sample)


def is_damaged_utf8(path: Path) -> bool:
    """Whether most of what is beyond ASCII reads as UTF-8: then it is not another encoding but a broken file."""
    # Half a surrogate pair, which some systems write, is one broken character and not three.
    text = _SURROGATE.sub(b"\xff", _beyond_ascii(path)).decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(not character.isascii() for character in text) - broken >= 2 * broken


def legacy_encoding(path: Path) -> str:
    """The code page by content; Windows' Western one (never Latin-1, whose 0x80 to 0x9F are no letters) in doubt."""
    sample = _beyond_ascii(path)
    if len(sample) - len(sample.translate(None, _BEYOND_ASCII)) < _ENOUGH_LETTERS:
        return "cp1252"
    matches = from_bytes(sample, cp_isolation=_LEGACY)
    best = matches.best()
    if best is None or "cp1252" in best.could_be_from_charset:
        return "cp1252"
    equals = [match for match in matches if match.chaos <= best.chaos and match.coherence >= best.coherence]
    return "cp1252" if any(match.encoding == "cp1252" for match in equals) else best.encoding


def undecodable(path: Path, error: UnicodeDecodeError) -> FeedRefused:
    """The refusal of a file whose bytes at `error.start` (counted from its beginning) fit no character."""
    if "end of data" in error.reason or error.reason == "truncated data":
        return FeedCutOff("The file ends in the middle of a character.", "Export or transfer it again.")
    line = 1
    left = error.start
    for chunk in chunks(path):
        line += chunk[: max(left, 0)].count(b"\n")
        left -= len(chunk)
    return FeedEncodingWrong(
        f"Line {line} holds bytes that are not {error.encoding.upper()}, which the rest of the file is.",
        "Save the file again as CSV in UTF-8.",
    )
