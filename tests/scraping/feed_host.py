"""A web server of a supplier: files at paths, with entity tags, and a count of what was sent."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class FeedHost:
    """What lies where. `answers` are raw answers for paths that misbehave."""

    origin: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    has_etags: bool = True
    sent: list[tuple[str, int]] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        body = self.files.get(path, b"")
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        status = 200 if path in self.files else 404
        if self.has_etags and f"if-none-match: {etag}" in head.lower():
            status, body = 304, b""
        tag = f"ETag: {etag}\r\n" if self.has_etags else ""
        self.sent.append((path, status))
        writer.write(
            self.answers.get(path)
            or f"HTTP/1.1 {status} -\r\n{tag}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running_host() -> AsyncIterator[FeedHost]:
    """The server on a free port."""
    host = FeedHost()
    server = await asyncio.start_server(host.answer, "127.0.0.1", 0)
    host.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield host
