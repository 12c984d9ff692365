"""The frame around every request: its id and context, headers that every answer carries, one log line, metrics."""

import re
import time
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import context, metrics
from app.core.config import Settings
from app.core.ids import new_id
from app.core.ratelimit import RESPONSE_HEADERS_KEY

log = structlog.get_logger("access")

SANE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
QUIET_PATHS: Final = frozenset({"/health", "/ready", "/metrics"})
BASE_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class RequestFrame:
    """Outermost layer; sees the status that the client sees."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.headers = (*BASE_HEADERS, HSTS) if settings.is_production else BASE_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        method: str = scope["method"]
        path: str = scope["path"]
        request_id, is_authenticated = _read_headers(scope)
        status = 500

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *self.headers, (b"x-request-id", request_id.encode())]
                headers += scope.get(RESPONSE_HEADERS_KEY, ())
                if is_authenticated and not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        with context.bound(request_id=request_id):
            try:
                await self.app(scope, receive, framed)
            finally:
                seconds = time.perf_counter() - started
                metrics.observe_request(_operation(scope), method, status, seconds)
                if path not in QUIET_PATHS:
                    _log(scope, method, status, seconds)


def _read_headers(scope: Scope) -> tuple[str, bool]:
    request_id, is_authenticated = "", False
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            request_id = value.decode("latin-1")
        elif name == b"authorization":
            is_authenticated = True
    if not SANE_ID.fullmatch(request_id):
        request_id = str(new_id())
    return request_id, is_authenticated


def _operation(scope: Scope) -> str:
    # Function names are unique operation ids (a test holds that); paths would give a series per id.
    return getattr(scope.get("endpoint"), "__name__", "none")


def _log(scope: Scope, method: str, status: int, seconds: float) -> None:
    # The raw path is percent-encoded: no line breaks, no control characters; the query may hold signatures.
    raw: bytes = scope.get("raw_path") or scope["path"].encode("ascii", "backslashreplace")
    log.info("request", method=method, path=raw.decode("latin-1"), status=status, ms=round(seconds * 1000, 1))
