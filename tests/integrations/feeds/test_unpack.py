"""Compressed feeds: what one honest file in an archive becomes, and what is refused before it fills the disk."""

import gzip
import io
import stat
import zipfile
from pathlib import Path

import pytest

from app.integrations.feeds import errors
from app.integrations.feeds.unpack import Limits, unpacked

CSV = b"sku,title,price\n1,Chair,5\n"
LIMITS = Limits(max_bytes=40 << 20, max_ratio=50, max_entries=1000)


def _zip(*files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def _unpack(folder: Path, content: bytes, limits: Limits = LIMITS) -> bytes:
    path = folder / "feed"
    path.write_bytes(content)
    return unpacked(path, folder / "unpacked", limits).read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        gzip.compress(CSV),
        gzip.compress(CSV[:9]) + gzip.compress(CSV[9:]),
        gzip.compress(CSV) + b"\0" * 300,
        _zip(("feeds/", b""), ("feeds/goods.csv", CSV)),
        _zip(("goods.csv", CSV), ("__MACOSX/._goods.csv", b"x"), (".DS_Store", b"x"), method=zipfile.ZIP_STORED),
    ],
    ids=["plain", "gzip", "two members", "padded", "zip", "zip with litter"],
)
def test_the_one_file_comes_out(tmp_path: Path, content: bytes) -> None:
    assert _unpack(tmp_path, content) == CSV


def test_a_workbook_stays_the_zip_that_it_is(tmp_path: Path) -> None:
    book = _zip(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>"))

    assert _unpack(tmp_path, book) == book


def _link() -> zipfile.ZipInfo:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return link


def _protected() -> bytes:
    content = bytearray(_zip(("goods.csv", CSV)))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


ZEROS = b"\0" * (33 << 20)


@pytest.mark.parametrize(
    ("content", "refusal", "words"),
    [
        (_zip(("a.csv", CSV), ("b.csv", CSV)), errors.FeedArchiveAmbiguous, "2 files: 'a.csv', 'b.csv'"),
        (_zip(), errors.FeedArchiveAmbiguous, "no file"),
        (_zip(*((f"{number}.csv", b"a") for number in range(1200))), errors.FeedArchiveTooLarge, "1,000 files"),
        (_zip(("../../tmp/escaped.csv", CSV)), errors.FeedArchiveUnsafe, "outside itself"),
        (_zip(("/abs.csv", CSV)), errors.FeedArchiveUnsafe, "outside itself"),
        (_zip((_link(), b"/etc/passwd")), errors.FeedArchiveUnsafe, "outside itself"),
        (_protected(), errors.FeedArchiveUnsafe, "password"),
        (_zip(("goods.csv", CSV), method=zipfile.ZIP_LZMA), errors.FeedArchiveBroken, "a way that is not read"),
        (_zip(("inner.zip", _zip(("goods.csv", CSV)))), errors.FeedArchiveUnsafe, "another archive"),
        (gzip.compress(gzip.compress(CSV)), errors.FeedArchiveUnsafe, "another archive"),
        (gzip.compress(ZEROS, 1), errors.FeedArchiveTooLarge, "times as large"),
        (_zip(("goods.csv", ZEROS)), errors.FeedArchiveTooLarge, "times as large"),
        (gzip.compress(CSV)[:-9], errors.FeedCutOff, "in the middle"),
        (gzip.compress(CSV)[:-8] + b"\xff" * 8, errors.FeedArchiveBroken, "damaged"),
        (_zip(("goods.csv", CSV))[:-40], errors.FeedCutOff, "list of files"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None if isinstance(value, str) else "archive",
)
def test_other_archives_are_refused_with_nothing_written_beside_the_target(
    tmp_path: Path, content: bytes, refusal: type[errors.FeedRefused], words: str
) -> None:
    with pytest.raises(refusal, match=words):
        _unpack(tmp_path, content)

    assert {path.name for path in tmp_path.iterdir()} <= {"feed", "unpacked"}
    assert not Path("/tmp/escaped.csv").exists()


def test_the_limit_of_bytes_holds_whatever_the_ratio(tmp_path: Path) -> None:
    with pytest.raises(errors.FeedArchiveTooLarge, match="larger than 1 MiB"):
        _unpack(tmp_path, gzip.compress(bytes(range(256)) * 8192), LIMITS._replace(max_bytes=1 << 20))

    assert (tmp_path / "unpacked").stat().st_size <= 1 << 20
