"""Feeds that come compressed: gzip, or a ZIP with one file in it, unpacked before anything reads them. What comes out
is bounded while it comes out, and nothing is ever written under a name that an archive gives.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, NamedTuple, Self

from app.core.config import Settings
from app.integrations.feeds.errors import (
    FeedArchiveAmbiguous,
    FeedArchiveBroken,
    FeedArchiveTooLarge,
    FeedArchiveUnsafe,
    FeedCutOff,
)

_GZIP, _ZIP, _EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
_DOCUMENT_PARTS = frozenset({"[Content_Types].xml", "mimetype"})
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 1 << 18
_PACKED_CHUNK = 1 << 16  # small: how much of it was needed tells how large the rest will be
_HONEST = 32 << 20
"""Bytes below which no ratio is suspicious: small files of one letter are compressed beyond any limit."""
_END = struct.Struct("<4s4H2LH")
_ENTRY_BYTES = 512
_PACK_AGAIN = "Pack the one feed file anew, or upload it unpacked."


class Limits(NamedTuple):
    """How much an archive may become."""

    max_bytes: int
    max_ratio: int
    max_entries: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What imports allow."""
        return cls(
            settings.import_unpacked_max_bytes, settings.import_unpacked_max_ratio, settings.import_archive_max_entries
        )


Compression = Literal["gzip", "zip"]


class Unpacked(NamedTuple):
    """What is to be read, how it was packed (None: not at all), and its size; `is_whole`: nothing of it is missing,
    else the size is an estimate.
    """

    path: Path
    compression: Compression | None
    size: int
    is_whole: bool = True


def unpacked(path: Path, target: Path, limits: Limits) -> Path:
    """The file itself where it is not compressed, else `target` with what it holds. Raises FeedRefused."""
    return unpack(path, target, limits).path


def unpack(path: Path, target: Path, limits: Limits, most: int | None = None) -> Unpacked:
    """The same; of what is larger than `most` bytes only the beginning is unpacked."""
    packed = path.stat().st_size
    compression = compression_of(path)
    with path.open("rb") as file:
        if compression == "gzip":
            is_whole = _write(_inflated(file), target, packed, limits, most)
            size = target.stat().st_size if is_whole else target.stat().st_size * packed // file.tell()
        elif compression == "zip" and (entry := _unzip(file, target, limits, most)):
            size = max(entry.file_size, target.stat().st_size)
            is_whole = size == target.stat().st_size
        else:
            return Unpacked(path, None, packed)
    with target.open("rb") as file:
        inner = file.read(4)
    if inner.startswith(_GZIP) or (is_whole and inner in {_ZIP, _EMPTY_ZIP} and not _is_document(target, limits)):
        raise FeedArchiveUnsafe("The archive holds another archive.", "Upload the inner file.")
    return Unpacked(target, compression, size, is_whole)


def compression_of(path: Path) -> Compression | None:
    """How a file is packed by its first bytes; office documents are ZIP files, too."""
    with path.open("rb") as file:
        head = file.read(4)
    return "gzip" if head.startswith(_GZIP) else "zip" if head in {_ZIP, _EMPTY_ZIP} else None


def _write(portions: Iterator[bytes], target: Path, packed: int, limits: Limits, most: int | None) -> bool:
    """Whether all of it was written, rather than the first `most` bytes."""
    size = 0
    with target.open("wb") as out:
        for portion in portions:
            size += len(portion)
            if size > limits.max_bytes:
                raise FeedArchiveTooLarge(
                    f"Unpacked, the file is larger than {limits.max_bytes >> 20:,} MiB.", "Split the feed."
                )
            if size > _HONEST and size > packed * limits.max_ratio:
                raise FeedArchiveTooLarge(
                    f"Unpacked, the file becomes more than {limits.max_ratio} times as large, which no feed does.",
                    "Upload the feed unpacked.",
                )
            out.write(portion)
            if most is not None and size >= most:
                return False
    return True


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """What a gzip file of one or more members holds."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    data = b""
    while data or (data := file.read(_PACKED_CHUNK)):
        if unpacker.eof:
            data = data.lstrip(b"\x00")  # padding of tapes
            if not data:
                continue
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            yield unpacker.decompress(data, _CHUNK)
        except zlib.error as error:
            raise FeedArchiveBroken(f"The gzip file is damaged ({error}).", _PACK_AGAIN) from None
        data = unpacker.unconsumed_tail or unpacker.unused_data
        while not data and not unpacker.eof and (rest := unpacker.decompress(b"", _CHUNK)):
            yield rest
    if not unpacker.eof:
        raise FeedCutOff("The gzip file ends in the middle.", "Transfer it again.")


def _unzip(file: BinaryIO, target: Path, limits: Limits, most: int | None) -> zipfile.ZipInfo | None:
    """The one file of an archive, which now is the target; None for an office document."""
    _check_directory(file, limits)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if _DOCUMENT_PARTS & {entry.filename for entry in entries}:
                return None
            entry = _the_one(entries)
            with archive.open(entry) as inside:
                _write(iter(lambda: inside.read(_CHUNK), b""), target, max(entry.compress_size, 1), limits, most)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError, ValueError) as error:
        raise FeedArchiveBroken(f"The ZIP file is damaged ({error}).", _PACK_AGAIN) from None
    return entry


def _check_directory(file: BinaryIO, limits: Limits) -> None:
    """Bounds the list of entries by its own record before the zipfile module reads all of it into memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16) - _END.size))
    tail = file.read()
    place = tail.rfind(_EMPTY_ZIP)
    if place < 0 or len(tail) - place < _END.size:
        raise FeedCutOff("The ZIP file ends before its list of files.", "Transfer it again.")
    _, _, _, _, entries, directory, _, _ = _END.unpack_from(tail, place)
    if entries > limits.max_entries or directory > limits.max_entries * _ENTRY_BYTES:
        raise FeedArchiveTooLarge(
            f"The archive holds more than {limits.max_entries:,} files.", "Put the one feed file into it."
        )


def _the_one(entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    files = [entry for entry in entries if not entry.is_dir() and not _is_litter(entry.filename)]
    for entry in files:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if stat.S_ISLNK(entry.external_attr >> 16) or name.is_absolute() or ".." in name.parts:
            raise FeedArchiveUnsafe(f"The archive names a place outside itself ({_short(entry)}).", _PACK_AGAIN)
    if not files:
        raise FeedArchiveAmbiguous("The archive holds no file.", "Put the feed file into it.")
    if len(files) > 1:
        names = ", ".join(map(_short, files[:10])) + (f" and {len(files) - 10} more" if len(files) > 10 else "")
        raise FeedArchiveAmbiguous(f"The archive holds {len(files)} files: {names}.", "Put only the feed file into it.")
    if files[0].flag_bits & 1:
        raise FeedArchiveUnsafe(f"The file {_short(files[0])} is protected by a password.", "Pack it without one.")
    if files[0].compress_type not in _READ:
        raise FeedArchiveBroken(
            f"The file {_short(files[0])} is compressed in a way that is not read.", "Pack it as an ordinary ZIP."
        )
    return files[0]


def _is_litter(name: str) -> bool:
    """What operating systems add to archives by themselves."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in {".DS_Store", "Thumbs.db", "desktop.ini"}


def _is_document(path: Path, limits: Limits) -> bool:
    with path.open("rb") as file:
        _check_directory(file, limits)
        try:
            with zipfile.ZipFile(file) as archive:
                return bool(_DOCUMENT_PARTS & set(archive.namelist()))
        except zipfile.BadZipFile:
            return False


def _short(entry: zipfile.ZipInfo) -> str:
    return f"'{entry.filename[:60]}'"
