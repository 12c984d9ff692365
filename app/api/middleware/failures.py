"""The last catch: a failure that no handler knew is logged with its trace and answered as a problem without one."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import problem, to_app_error

log = structlog.get_logger(__name__)


class Failures:
    """Turns every exception into an answer, unless the answer has already begun."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as failure:
            error = to_app_error(failure)
            if error.status == 500:
                log.exception("request.failed")
            elif error.status > 500:
                log.warning("request.unavailable", code=error.code, reason=type(failure).__name__)
            if started:
                raise  # the server closes the connection, which is the only truth left to tell
            await problem(error)(scope, receive, send)
