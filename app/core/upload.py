"""Uploads of files by multipart form: the file streams into the ObjectStore while it arrives and is never held in
memory or spooled to a temporary file, which is what the framework's own form parser would do.
"""

from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from app.core.errors import AppError, FieldError, Unprocessable
from app.core.storage import StoredObject, new_key
from app.core.text import NUL

BODY_LIMIT_KEY: Final = "crossdock.body_limit"
MAX_FIELDS: Final = 50
MAX_FIELD_BYTES: Final = 64 * 1024


class UploadInvalid(Unprocessable):
    """The form is cut off, not multipart, has no file or more than one, or a field is too long."""

    code, title = "upload_invalid", "The upload cannot be read"
    mend = "Send multipart/form-data with one file and short text fields."


@dataclass(frozen=True, slots=True)
class Upload:
    """What arrived: the text fields, the stored file, and the name that the client gave it (never part of a key)."""

    fields: Mapping[str, str]
    object: StoredObject
    filename: str
    content_type: str


class Receiver(Protocol):
    """Where the file of a form goes while it arrives: an ObjectStore, or something that only looks at it."""

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> StoredObject:
        """Take the chunks as they come."""
        ...

    async def delete(self, key: str) -> None:
        """Forget what came."""
        ...


@dataclass(slots=True)
class _Part:
    name: str
    filename: str | None
    content_type: str


async def receive_upload(
    request: Request, store: Receiver, tenant_id: int, max_bytes: int, *, purpose: str = "uploads"
) -> Upload:
    """Store the one file of a form and answer it with the form's fields; on any refusal nothing stays stored."""
    request.scope[BODY_LIMIT_KEY] = max_bytes
    stored: list[StoredObject] = []
    try:
        return await _receive(_Form(request), store, tenant_id, purpose, stored)
    except BaseException:
        for each in stored:
            with suppress(AppError):
                await store.delete(each.key)
        raise


async def _receive(form: "_Form", store: Receiver, tenant_id: int, purpose: str, stored: list[StoredObject]) -> Upload:
    fields: dict[str, str] = {}
    filename = content_type = ""
    async for part in form.parts():
        if part.filename is None:
            if len(fields) >= MAX_FIELDS:
                raise _invalid("too many fields", part.name)
            fields[part.name] = await _read_field(form, part.name)
            continue
        if stored:
            raise _invalid("only one file at a time", part.name)
        filename, content_type = PurePosixPath(part.filename.replace("\\", "/")).name, part.content_type
        stored.append(await store.put_stream(new_key(tenant_id, purpose, PurePosixPath(filename).suffix), form.data()))
    if not stored:
        raise _invalid("the form has no file", "file")
    return Upload(fields, stored[0], filename, content_type)


async def _read_field(form: "_Form", name: str) -> str:
    value = bytearray()
    async for data in form.data():
        value += data
        if len(value) > MAX_FIELD_BYTES:
            raise _invalid(f"longer than {MAX_FIELD_BYTES} bytes", name)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise _invalid("not UTF-8", name) from None
    if NUL in text:
        raise _invalid("must not contain the NUL character (U+0000)", name)
    return text


class _Form:
    """Turns the parser's callbacks into parts and data that are pulled, so that a slow store slows the client down."""

    def __init__(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise _invalid("the content type must be multipart/form-data with a boundary", "body")
        self._stream = request.stream()
        self._events: deque[_Part | bytes | None] = deque()  # a part begins | its data | it ends
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._is_complete = False
        try:
            self._parser = MultipartParser(options[b"boundary"], self._callbacks())  # type: ignore[arg-type]
        except FormParserError:
            raise _invalid("the boundary is not usable", "body") from None

    async def parts(self) -> AsyncIterator[_Part]:
        """The parts in order; the data of each must be read before the next is asked for."""
        while True:
            event = await self._next()
            if isinstance(event, _Part):
                yield event
            elif event is None and self._is_complete and not self._events:
                return

    async def data(self) -> AsyncIterator[bytes]:
        """The data of the present part."""
        while isinstance(event := await self._next(), bytes):
            yield event

    async def _next(self) -> "_Part | bytes | None":
        while not self._events:
            if self._is_complete:
                return None
            await self._feed()
        return self._events.popleft()

    async def _feed(self) -> None:
        chunk = await anext(self._stream, b"")
        if not chunk:
            raise _invalid("the form ends in the middle", "body")
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise _invalid("the form is not multipart as its boundary says", "body") from None

    def _callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": lambda data, start, end: self._events.append(data[start:end]),
            "on_part_end": lambda: self._events.append(None),
            "on_end": self._on_end,
        }

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        filename = options.get(b"filename")
        name = options.get(b"name", b"").decode("utf-8", "replace").replace(NUL, "")
        self._events.append(
            _Part(
                name=name,
                filename=None if filename is None else filename.decode("utf-8", "replace").replace(NUL, ""),
                content_type=self._headers.get(b"content-type", b"application/octet-stream").decode("latin-1"),
            )
        )

    def _on_end(self) -> None:
        self._is_complete = True


def _invalid(message: str, name: str) -> UploadInvalid:
    return UploadInvalid(f"{name}: {message}.", errors=[FieldError(("body", name), message, "upload_invalid")])
