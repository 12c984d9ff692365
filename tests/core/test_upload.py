"""Uploads stream into the store in any cut, and a refused one leaves nothing stored."""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from app.core.config import Settings
from app.core.storage import LocalStore
from app.core.upload import BODY_LIMIT_KEY, MAX_FIELD_BYTES, UploadInvalid, receive_upload

BOUNDARY = b"boundary"
CSV = b"sku,title\r\n--not a boundary\r\n1,a\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def store(folder: Path) -> LocalStore:
    return LocalStore(Settings(_env_file=None, storage_local_dir=str(folder)))


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    more = "" if filename is None else f'; filename="{filename}"\r\nContent-Type: text/csv'
    head = f'--boundary\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--boundary--\r\n"


def request(chunks: Iterator[bytes], content_type: str = "multipart/form-data; boundary=boundary") -> Request:
    async def receive() -> Message:
        chunk = next(chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    headers = [(b"content-type", content_type.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


def stored_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def content(store: LocalStore, key: str) -> bytes:
    pieces: AsyncIterator[bytes] = store.open_stream(key)
    return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
async def test_reads_a_form_however_it_is_cut(store: LocalStore, size: int) -> None:
    body = form(part("mode", b"partial"), part("file", CSV, "goods.csv"), part("source", "täglich".encode()))
    upload = await receive_upload(request(cut(body, size)), store, 7, 10_000)
    assert upload.fields == {"mode": "partial", "source": "täglich"}
    assert (upload.filename, upload.content_type, upload.object.size) == ("goods.csv", "text/csv", len(CSV))
    assert await content(store, upload.object.key) == CSV
    assert upload.object.key.startswith("tenants/7/uploads/")
    assert upload.object.key.endswith(".csv")


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\\\feeds\\\\..\\\\x.csv", "a/b/../../x", "x.csv\x00.exe"])
async def test_takes_no_part_of_a_path_from_the_file_name(store: LocalStore, name: str) -> None:
    upload = await receive_upload(request(cut(form(part("file", CSV, name)), 50)), store, 7, 10_000)
    assert "/" not in upload.filename
    assert "\x00" not in upload.filename
    assert ".." not in upload.object.key


async def test_raises_the_limit_of_the_body_before_it_reads(store: LocalStore) -> None:
    asked = request(cut(form(part("file", CSV, "a.csv")), 50))
    asked.scope[BODY_LIMIT_KEY] = 1
    await receive_upload(asked, store, 7, 12_345)
    assert asked.scope[BODY_LIMIT_KEY] == 12_345


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a form at all",
        form(),
        form(part("mode", b"partial")),
        form(part("file", CSV, "a.csv"), part("file", CSV, "b.csv")),
        form(part("file", CSV, "a.csv"))[:-20],
        part("file", CSV, "a.csv"),
        form(part("file", CSV, "a.csv"), part("mode", b"x" * (MAX_FIELD_BYTES + 1))),
        form(part("file", CSV, "a.csv"), part("mode", b"\xff\xfe")),
        form(part("file", CSV, "a.csv"), part("mode", b"a\x00b")),
        form(part("file", CSV, "a.csv"), *(part(f"f{n}", b"") for n in range(51))),
        b"--boundary\r\n" + b"X: y\r\n" * 1000 + b"\r\n" + CSV,
        b"--boundary\r\nX: " + b"y" * 100_000,
    ],
    ids=range(13),
)
async def test_refuses_what_is_no_upload_and_keeps_nothing_of_it(store: LocalStore, folder: Path, body: bytes) -> None:
    with pytest.raises(UploadInvalid):
        await receive_upload(request(cut(body, 1000)), store, 7, 10_000_000)
    assert stored_files(folder) == []


@pytest.mark.parametrize(
    "content_type",
    ["", "text/csv", "application/json", "multipart/form-data", f"multipart/form-data; boundary={'b' * 500}"],
)
async def test_refuses_other_content_types(store: LocalStore, content_type: str) -> None:
    with pytest.raises(UploadInvalid):
        await receive_upload(request(iter([b"x"]), content_type), store, 7, 10_000)


async def test_never_holds_the_file_in_memory(store: LocalStore) -> None:
    head, tail = form(part("file", b"@", "a.csv")).split(b"@")

    def big() -> Iterator[bytes]:
        yield head
        for _ in range(64 * 16):
            yield b"x" * 65_536
        yield tail

    tracemalloc.start()
    upload = await receive_upload(request(big()), store, 7, 100_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert upload.object.size == 64 * 1024 * 1024
    assert peak < 8 * 1024 * 1024
