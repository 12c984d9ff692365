"""Between the network and the vendors: writes every call into the ledger and carries out the faults of transport."""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import clock
from app.sandbox.faults import Fault, Faults
from app.sandbox.ledger import MAX_BODY, Call, Ledger

log = structlog.get_logger(__name__)
CONTROL = "_sandbox"
HANG_SECONDS = 600.0
DRIP_STEPS = 64
MAX_REQUEST = 8 * 1024 * 1024
_CREDENTIALS = frozenset({"authorization", "x-api-key", "cookie"})
_SECRETS = re.compile(r"(?:(?<=^)|(?<=[&?]))(access_token|session|refresh_token|code|sign)=[^&]+")
_PAGE = b"<!doctype html><html><body><h1>We'll be back soon</h1></body></html>"
JSON = (b"content-type", b"application/json; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer in a vendor's words."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = (JSON,)


class Words(Protocol):
    """What a vendor says when a fault speaks for it, and how its calls are told apart."""

    def operation(self, path: str, query: str, body: str) -> str:
        """What a call asks for where its path does not say it; empty where it does."""
        ...

    def refusal(self, status: int, path: str) -> Said:
        """Its answer for a status."""
        ...

    def soft_error(self, path: str, hit: int) -> Said:
        """An error in a 200; different ones in turn."""
        ...


class Wire:
    """Middleware around all vendors. `words` are the vendors' by their names."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        ledger: Ledger,
        faults: Faults,
        words: Mapping[str, Words],
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._faults = faults
        self._words = words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vendor, _, rest = scope.get("path", "/").lstrip("/").partition("/")
        if scope["type"] != "http" or vendor == CONTROL:
            await self._app(scope, receive, send)
            return
        body = await _body_of(receive)
        if body is None:
            await _answer(send, 413, [JSON], b'{"message": "the sandbox reads up to 8 MiB"}')
            return
        call = self._open(scope, vendor, f"/{rest}", body)
        began = time.monotonic()
        try:
            await self._serve(call, scope, _again(body, receive), _noted(send, call))
        finally:
            call.milliseconds = round((time.monotonic() - began) * 1000)
            log.info("call", vendor=vendor, method=call.method, path=call.path, status=call.status, fault=call.fault)

    def _open(self, scope: Scope, vendor: str, path: str, body: bytes) -> Call:
        headers = Headers(scope=scope)
        query, text = scope["query_string"].decode("latin-1"), body.decode("utf-8", "replace")
        spoken = self._words.get(vendor)
        operation = spoken.operation(path, query, text) if spoken else ""
        shown_query, shown_body = _SECRETS.sub(r"\1=***", query), _SECRETS.sub(r"\1=***", text)
        call = self._ledger.open(
            clock.now(),
            vendor,
            method=scope["method"],
            path=f"{path}/{operation}" if operation else path,
            query=shown_query,
            has_credentials=any(name in headers for name in _CREDENTIALS) or (shown_query, shown_body) != (query, text),
        )
        call.body = shown_body[:MAX_BODY]
        return call

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._faults.on_the_wire(call.vendor, call.method, call.path)
        if fault is None:
            await self._app(scope, receive, send)
            return
        call.fault = fault.kind
        if fault.kind in {"status", "soft"}:
            await self._refuse(call, fault, send)
        elif fault.kind == "html":
            await _answer(send, 200, [(b"content-type", b"text/html; charset=utf-8")], _PAGE)
        elif fault.kind == "hang":
            await _until_gone(receive)
        else:
            await _spoilt(self._app, fault, scope, receive, send)

    async def _refuse(self, call: Call, fault: Fault, send: Send) -> None:
        words = self._words.get(call.vendor)
        if words is None:
            said = Said(fault.status, b'{"message": "a fault of the sandbox"}')
        elif fault.kind == "soft":
            said = words.soft_error(call.path, fault.hits)
        else:
            said = words.refusal(fault.status, call.path)
        more = [] if fault.retry_after is None else [(b"retry-after", fault.retry_after.encode("latin-1"))]
        await _answer(send, said.status, [*said.headers, *more], said.body)


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _spoilt(app: ASGIApp, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    """The application's own answer, sent as the fault wants it."""
    start: Message = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    if fault.kind == "slow":
        # What was asked is done by now, as at a vendor whose answer comes too late.
        await asyncio.sleep(fault.seconds)
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    half = bytes(body[: len(body) // 2])
    if fault.kind == "malformed":
        await _answer(send, start["status"], headers, half)
    elif fault.kind == "cut":
        length = (b"content-length", str(len(body)).encode())
        await send({**start, "headers": [*headers, length]})
        # More was promised and nothing follows: the server closes the connection.
        await send({"type": "http.response.body", "body": half, "more_body": True})
    elif fault.kind == "drop":
        # Only a status line leaves: the answer that it promises never comes.
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1024")]})
    elif fault.kind == "drip":
        await _drip(send, start, bytes(body), fault.seconds)
    else:
        await _answer(send, start["status"], headers, bytes(body))


async def _drip(send: Send, start: Message, body: bytes, seconds: float) -> None:
    await send(start)
    step = max(1, len(body) // DRIP_STEPS)
    for place in range(0, len(body), step):
        await send({"type": "http.response.body", "body": body[place : place + step], "more_body": True})
        await asyncio.sleep(seconds)
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), HANG_SECONDS)
    except TimeoutError:
        return


async def _body_of(receive: Receive) -> bytes | None:
    """The whole body of a request; None: more than we read."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body.extend(message.get("body", b""))
        if len(body) > MAX_REQUEST:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, for the vendor; after it, whether the caller is gone."""
    told = False

    async def hear() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return hear


def _noted(send: Send, call: Call) -> Send:
    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            call.status = message["status"]
        await send(message)

    return note
