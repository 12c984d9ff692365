"""Between the network and the vendors: writes every call into the ledger and carries out the faults of transport."""

import asyncio
import time
from collections.abc import Mapping

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
_CREDENTIALS = frozenset({"authorization", "x-api-key", "cookie"})
_PAGE = b"<!doctype html><html><body><h1>We'll be back soon</h1></body></html>"
JSON = (b"content-type", b"application/json; charset=utf-8")


class Wire:
    """Middleware around all vendors. `bodies` are what vendors say with a status: {(vendor, status): JSON text}."""

    def __init__(
        self, app: ASGIApp, *, ledger: Ledger, faults: Faults, bodies: Mapping[tuple[str, int], bytes]
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._faults = faults
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vendor, _, rest = scope.get("path", "/").lstrip("/").partition("/")
        if scope["type"] != "http" or vendor == CONTROL:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        call = self._ledger.open(
            clock.now(),
            vendor,
            method=scope["method"],
            path=f"/{rest}",
            query=scope["query_string"].decode("latin-1"),
            has_credentials=any(name in headers for name in _CREDENTIALS),
        )
        began = time.monotonic()
        try:
            await self._serve(call, scope, _overheard(receive, call), _noted(send, call))
        finally:
            call.milliseconds = round((time.monotonic() - began) * 1000)
            log.info("call", vendor=vendor, method=call.method, path=call.path, status=call.status, fault=call.fault)

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._faults.on_the_wire(call.vendor, call.method, call.path)
        if fault is None:
            await self._app(scope, receive, send)
            return
        call.fault = fault.kind
        if fault.kind == "status":
            await self._refuse(call.vendor, fault, send)
        elif fault.kind == "html":
            await _answer(send, 200, [(b"content-type", b"text/html; charset=utf-8")], _PAGE)
        elif fault.kind == "hang":
            await _until_gone(receive)
        else:
            await _spoilt(self._app, fault, scope, receive, send)

    async def _refuse(self, vendor: str, fault: Fault, send: Send) -> None:
        body = self._bodies.get((vendor, fault.status), b'{"message": "a fault of the sandbox"}')
        more = [] if fault.retry_after is None else [(b"retry-after", fault.retry_after.encode("latin-1"))]
        await _answer(send, fault.status, [JSON, *more], body)


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


def _overheard(receive: Receive, call: Call) -> Receive:
    async def hear() -> Message:
        message = await receive()
        if message["type"] == "http.request" and len(call.body) < MAX_BODY:
            call.body = (call.body + message.get("body", b"").decode("utf-8", "replace"))[:MAX_BODY]
        return message

    return hear


def _noted(send: Send, call: Call) -> Send:
    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            call.status = message["status"]
        await send(message)

    return note
