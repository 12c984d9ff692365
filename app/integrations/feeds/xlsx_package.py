"""Looks through the ZIP package of an Excel workbook before anything is unpacked for real: every part is inflated in
small pieces and counted, so that neither a bomb nor a cell at the far end of a sheet can fill the memory.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.parsers import expat

from app.integrations.feeds.errors import FeedArchiveTooLarge, FeedBinary, FeedFormatUnsupported

MAX_UNPACKED = 256 << 20
MAX_ENTRIES = 5000
MAX_CELLS = 2_500_000
"""Rows times columns of one sheet: the reader holds a sheet in memory, about 160 bytes for each while it opens it."""

_PIECE = 1 << 18
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_REFERENCE = re.compile(rb' r="([A-Z]{1,3})([0-9]{1,7})"')
_CELL = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?c[\s>/]")
_OVERLAP = 16
_LONGEST_TAG = 1 << 16


def check(path: Path) -> None:
    """Refuses a workbook that is none, is damaged, or would unpack to more than is read."""
    try:
        with zipfile.ZipFile(path) as package, path.open("rb") as file:
            entries = package.infolist()
            _check_entries(entries)
            unpacked = 0
            for entry in entries:
                is_sheet = entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml")
                unpacked = _check_entry(file, entry, unpacked, is_sheet=is_sheet)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError) as error:
        raise FeedBinary(
            f"The workbook is damaged ({type(error).__name__}).", "Open it in Excel, save it again and upload that."
        ) from None


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if "xl/workbook.xml" not in names:
        raise FeedFormatUnsupported(
            "The file is a ZIP package, but no Excel workbook.", "Save the sheet as XLSX or CSV."
        )
    if len(names) > MAX_ENTRIES or len(set(names)) != len(names):
        raise FeedBinary(
            f"The workbook has {len(names):,} parts, too many or with one name twice.", "Save the sheet as CSV (UTF-8)."
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise FeedFormatUnsupported("The workbook is protected by a password.", "Save it without one.")


def _check_entry(file: IO[bytes], entry: zipfile.ZipInfo, unpacked: int, *, is_sheet: bool) -> int:
    """Counts one part as it really inflates, whatever its header says; the bytes of all parts so far."""
    extent = _Extent()
    before = b""
    for piece in _inflated(file, entry):
        unpacked += len(piece)
        if unpacked > MAX_UNPACKED:
            raise FeedArchiveTooLarge(
                f"The workbook unpacks to more than {MAX_UNPACKED >> 20} MiB.", "Save the sheet as CSV (UTF-8)."
            )
        text = before + piece
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise FeedBinary(
                "The workbook holds XML that no workbook has (a DOCTYPE).", "Save the sheet as CSV (UTF-8)."
            )
        if is_sheet:
            end = max(text.rfind(b"<"), 0)  # a tag may go on in the next piece
            extent.add(text[:end])
            before = text[end:][:_LONGEST_TAG]
        else:
            before = text[-_OVERLAP:]
    if extent.cells > MAX_CELLS or extent.is_odd:
        _check_filled_cells(file, entry)
    return unpacked


class _Extent:
    """How far the cells of a sheet reach; `is_odd` where some do not say their place as Excel writes it."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self.is_odd = False

    def add(self, text: bytes) -> None:
        """Takes the cells of whole tags into account."""
        found = _REFERENCE.findall(text)
        self.is_odd |= len(found) != len(_CELL.findall(text))
        if found:
            self.rows = max(self.rows, *(int(digits) for _, digits in found))
            for letters in {letters for letters, _ in found}:
                self.reach(letters, 0)

    def reach(self, letters: bytes, row: int) -> None:
        """Takes one cell into account."""
        self.rows = max(self.rows, row)
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        self.columns = max(self.columns, column)

    @property
    def cells(self) -> int:
        """Rows times columns."""
        return self.rows * self.columns


def _check_filled_cells(file: IO[bytes], entry: zipfile.ZipInfo) -> None:
    """Formats may reach to the end of a sheet; only cells that hold something cost memory."""
    extent = _Extent()
    letters, row = b"", 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal letters, row
        local = name.rpartition(":")[2]
        if local == "c":
            found = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", attributes.get("r", "").strip())
            letters, row = (found[1].encode(), int(found[2])) if found else (b"", 0)
        elif local in {"v", "is", "f"} and row:
            extent.reach(letters, row)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        for piece in _inflated(file, entry):
            parser.Parse(piece, False)
    except expat.ExpatError:
        raise FeedBinary("A sheet of the workbook is damaged.", "Save it again and upload that.") from None
    if extent.cells > MAX_CELLS:
        raise FeedArchiveTooLarge(
            f"A sheet reaches over {extent.rows:,} rows and {extent.columns:,} columns; "
            f"{MAX_CELLS:,} cells are read at most.",
            "Remove what lies far outside the table, or save the sheet as CSV (UTF-8).",
        )


def _inflated(file: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part in pieces. zipfile stops at the size that the header states; other readers need not."""
    file.seek(entry.header_offset)
    header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if header[0] != b"PK\x03\x04":
        raise zipfile.BadZipFile("no local header")
    file.seek(header[-2] + header[-1], 1)
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise NotImplementedError("compression")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    left = entry.compress_size
    while left > 0 and (data := file.read(min(_PIECE, left))):
        left -= len(data)
        if inflater is None:
            yield data
            continue
        while data and not inflater.eof:
            yield inflater.decompress(data, _PIECE)
            data = inflater.unconsumed_tail
