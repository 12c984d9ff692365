"""Bodies are counted while they stream: a declared length over the limit is refused before a byte is read.

The limit of a route that takes files is raised by app/core/upload.py before it reads.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import TooLarge
from app.core.upload import BODY_LIMIT_KEY


class BodyLimit:
    """Wraps `receive`; the refusal is raised where the body is read, so that a route may raise its limit first."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared, has_body = _declared_length(scope)
        if not has_body:
            await self.app(scope, receive, send)
            return
        scope[BODY_LIMIT_KEY] = self.max_bytes
        received = 0

        async def counted() -> Message:
            nonlocal received
            limit: int = scope[BODY_LIMIT_KEY]
            if declared > limit:
                raise _too_large(limit)
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit:
                    raise _too_large(limit)
            return message

        await self.app(scope, counted, send)


def _declared_length(scope: Scope) -> tuple[int, bool]:
    for name, value in scope["headers"]:
        if name == b"content-length":
            # What is declared may be wrong, so the body is counted all the same.
            return (int(value) if value.isdigit() else 0), True
        if name == b"transfer-encoding":
            return 0, True
    # HTTP/2 bodies may come without either header.
    return 0, scope["method"] not in {"GET", "HEAD", "OPTIONS"}


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit} bytes.")
