"""Files from elsewhere: streamed to disk under a cap, with what it takes to ask next time whether they have changed."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import httpx

from app.integrations.http.client import Client, Headers
from app.integrations.http.exchange import Opened

MIB = 1024 * 1024
Told = Callable[[int, int | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it arrived, unpacked from its transfer (not from its own compression).

    `unchanged`: the other side says that it is what `etag` or `last_modified` named; then nothing was written and
    `size` and `sha256` say nothing. `etag` and `last_modified` are for asking next time.
    """

    url: str
    size: int
    sha256: str
    content_type: str | None
    filename: str | None
    etag: str | None
    last_modified: str | None
    unchanged: bool = False


async def download(
    client: Client,
    url: str,
    path: Path,
    *,
    max_bytes: int,
    seconds: float = 1800.0,
    etag: str | None = None,
    last_modified: str | None = None,
    headers: Headers | None = None,
    told: Told | None = None,
    check: Callable[[Path], None] | None = None,
) -> Download:
    """Stream what lies at `url` into the file `path`; on any failure the file is gone and a VendorError raised.

    `seconds` bounds all of it, tries and redirects included. With the `etag` or `last_modified` of an earlier download
    an unchanged file is not sent again. `told(bytes so far, bytes in all or None)` is awaited about once a MiB and may
    raise to stop. `check(path)` may refuse what arrived by raising a VendorError, which is tried again like those of
    the way. Repeatable.
    """
    conditions = {"if-none-match": etag, "if-modified-since": last_modified}
    asked = client.request_to(
        "GET", url, headers={**{name: text for name, text in conditions.items() if text}, **(headers or {})}
    )

    async def once() -> Download:
        async with client.opened(asked, httpx.codes.NOT_MODIFIED) as opened:
            if opened.status == httpx.codes.NOT_MODIFIED:
                same = _described(opened, 0, "", unchanged=True)
                return replace(same, etag=same.etag or etag, last_modified=same.last_modified or last_modified)
            size, sha256 = await _write(opened, path, max_bytes, told)
            if check:
                await asyncio.to_thread(check, path)
            return _described(opened, size, sha256)

    try:
        return await client.patiently(asked, once, may_repeat=True, seconds=seconds)
    except BaseException:
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - a moment, and it must happen even when cancelled
        raise


async def _write(opened: Opened, path: Path, max_bytes: int, told: Told | None) -> tuple[int, str]:
    digest = hashlib.sha256()
    announced = opened.headers.get("content-length", "")
    total = int(announced) if announced.isdigit() and "content-encoding" not in opened.headers else None
    size, waiting = 0, bytearray()
    with path.open("wb") as file:
        async for step in opened.body(max_bytes):
            waiting += step
            if len(waiting) >= MIB:
                size += await asyncio.to_thread(_put, file, digest, bytes(waiting))
                waiting.clear()
                if told:
                    await told(size, total)
        size += _put(file, digest, bytes(waiting))
    return size, digest.hexdigest()


def _put(file: BinaryIO, digest: "hashlib._Hash", part: bytes) -> int:
    digest.update(part)
    return file.write(part)


def _described(opened: Opened, size: int, sha256: str, *, unchanged: bool = False) -> Download:
    headers = opened.headers
    return Download(
        url=str(opened.url),
        size=size,
        sha256=sha256,
        content_type=headers.get("content-type", "").partition(";")[0].strip().lower() or None,
        filename=_filename(headers, opened.url),
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
        unchanged=unchanged,
    )


def _filename(headers: httpx.Headers, url: httpx.URL) -> str | None:
    """The last part of the name that the other side gives the file; only for showing, never a path."""
    _, found, rest = headers.get("content-disposition", "").partition("filename=")
    name = rest.partition(";")[0].strip().strip('"') if found else url.path
    return name.replace("\\", "/").rpartition("/")[2][:200] or None
