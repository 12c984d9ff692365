"""One form of a request before routing: no trailing slash, our spelling of query parameters, HEAD as a GET without
its body. Clients are never redirected.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.dialect import canonical_query
from app.core.errors import Unprocessable
from app.core.text import NUL


class _AnsweredHead(Exception):
    """The head of a streamed answer is out; its body is not wanted."""


class Canonical:
    """Rewrites the scope in place, so that layers outside see the route that was found."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if NUL in path or b"%00" in scope["query_string"]:
            raise Unprocessable("The address must not contain the NUL character (U+0000).")
        if path.endswith("/") and len(path) > 1:
            scope["path"] = path.rstrip("/") or "/"
        if scope["query_string"]:
            scope["query_string"] = canonical_query(scope["query_string"])
        if scope["method"] == "HEAD":
            await self._head(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["method"] = "GET"

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif message.get("more_body"):
                raise _AnsweredHead

        try:
            await self.app(scope, receive, without_body)
        except _AnsweredHead:
            return
