"""The client: calls within bounds, tried again where that is safe, every failure one of contracts.errors.

One client per vendor and connection: it keeps connections, never cookies.
"""

import asyncio
import json as jsons
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode

import httpcore
import httpx
from pydantic import JsonValue

from app.core import clock, context
from app.core import lanes as lanes_in_use
from app.core.config import Settings
from app.core.lanes import FAILURES, Lane, Lanes, Turn
from app.core.redaction import redact_url
from app.integrations.contracts.errors import NotSent, RateLimited, Unavailable, VendorError
from app.integrations.http.answers import Answer, error_of
from app.integrations.http.egress import Guard, open_pool, own_origins
from app.integrations.http.exchange import Opened, exchange
from app.integrations.http.patience import REPEATABLE, Limits, pause, retry_after
from app.integrations.http.unpacking import ACCEPTED

USER_AGENT = "Crossdock/0.1"
MAX_ERROR_BODY = 64 * 1024
Params = Mapping[str, str | int]
Headers = Mapping[str, str]
Sleep = Callable[[float], Awaitable[None]]
_Result = TypeVar("_Result")


class CalledInTransaction(AssertionError):
    """Something outside was called while a transaction was open: its locks would be held as long as that takes."""


class Client:
    """Calls addresses that a user can influence. `headers` go with every call to the origin that is called."""

    def __init__(
        self,
        guard: Guard,
        *,
        limits: Limits | None = None,
        headers: Headers | None = None,
        lane: Lane | None = None,
        lanes: Lanes | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.limits = limits or Limits()
        self._guard = guard
        self._headers = {
            "user-agent": USER_AGENT,
            "accept": "*/*",
            "accept-encoding": ACCEPTED,
            **{name.lower(): value for name, value in (headers or {}).items()},
        }
        self._pool = open_pool(guard)
        self._lane = lane
        self._lanes = lanes or lanes_in_use.current()
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._pool.aclose()

    async def get(self, url: str, *, params: Params | None = None, headers: Headers | None = None) -> Answer:
        """GET; see `request`."""
        return await self.request("GET", url, params=params, headers=headers)

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Headers | None = None,
        json: JsonValue = None,
        form: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> Answer:
        """Call, and answer what came back with a status of success; anything else is raised as a VendorError.

        Tried again on failures that pass by: GET, HEAD, PUT and DELETE; others only if `repeatable` says that doing it
        twice does no harm (they carry an idempotency key, say).
        """
        asked = self.request_to(method, url, params=params, headers=headers, json=json, form=form)

        async def once() -> Answer:
            async with self.opened(asked) as opened:
                body = b"".join([step async for step in opened.body(self.limits.max_bytes)])
            return Answer(str(opened.url), opened.status, opened.headers, body)

        may_repeat = method in REPEATABLE if repeatable is None else repeatable
        return await self.patiently(asked, once, may_repeat=may_repeat, seconds=self.limits.total)

    def request_to(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Headers | None = None,
        json: JsonValue = None,
        form: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        """A request to an address that may be called; raises AddressRefused."""
        target = self._guard.check(url)
        if params:
            target = target.copy_merge_params({name: str(value) for name, value in params.items()})
        sent = {**self._headers, **{name.lower(): value for name, value in (headers or {}).items()}}
        content = None
        if json is not None:
            content = jsons.dumps(json).encode()
            sent.setdefault("content-type", "application/json")
        elif form is not None:
            content = urlencode(form).encode()
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        return httpx.Request(method, target, headers=sent, content=content)

    @asynccontextmanager
    async def opened(self, request: httpx.Request, *also: int) -> AsyncIterator[Opened]:
        """The open answer of one try: a success, or one of the statuses `also`; any other is raised as its error."""
        async with exchange(self._pool, self._guard, request, self.limits) as opened:
            if not (200 <= opened.status < 300 or opened.status in also):
                raise await _error_in(opened)
            yield opened

    async def patiently(
        self, request: httpx.Request, once: Callable[[], Awaitable[_Result]], *, may_repeat: bool, seconds: float
    ) -> _Result:
        """Try `once`, again after failures that pass by, all within so many seconds; each try is recorded."""
        if context.is_in_transaction():
            raise CalledInTransaction(f"{request.method} {request.url.host} was called inside an open transaction")
        ends_at = time.monotonic() + seconds
        tried = 0
        while True:
            tried += 1
            turn = await self._take_turn(request.url.host, ends_at)
            try:
                return await self._told(turn, self._recorded(request, once, tried, ends_at))
            except (Unavailable, RateLimited) as error:
                wait = pause(tried, error.retry_after)
                if self._lane and isinstance(error, RateLimited):
                    await self._lanes.hold(self._lane, wait)
                is_last = tried >= self.limits.tries or not (may_repeat or _was_not_sent(error))
                if is_last or time.monotonic() + wait >= ends_at:
                    raise
            await self._sleep(wait)

    async def _take_turn(self, host: str, ends_at: float) -> Turn | None:
        """Wait for the turn of this call in its lane; raises where it comes too late or the lane is closed."""
        while self._lane:
            turn = await self._lanes.take(self._lane, most=ends_at - time.monotonic())
            if turn.word == "open":
                raise NotSent(
                    f"{host} failed {FAILURES} times in a row: it is left alone for a while, then tried once.",
                    retry_after=turn.wait,
                )
            if turn.word == "late":
                raise RateLimited(
                    "So many calls wait for their turn that this one would not end in time.", retry_after=turn.wait
                )
            if turn.wait <= 0:
                return turn
            await self._sleep(turn.wait)
            if turn.is_probe or not await self._lanes.is_stopped(self._lane):
                return turn
        return None

    async def _told(self, turn: Turn | None, call: Awaitable[_Result]) -> _Result:
        """The call's result; its lane is told whether the other side is there. A refusal is an answer, too."""
        if turn is None or self._lane is None:
            return await call
        try:
            result = await call
        except Unavailable:
            await self._lanes.failed(self._lane)
            raise
        except VendorError:
            if turn.is_watched or turn.is_probe:
                await self._lanes.answered(self._lane)
            raise
        if turn.is_watched or turn.is_probe:
            await self._lanes.answered(self._lane)
        return result

    async def _recorded(
        self, request: httpx.Request, once: Callable[[], Awaitable[_Result]], tried: int, ends_at: float
    ) -> _Result:
        began = time.monotonic()
        outcome = "ok"
        try:
            return await _translated(request, once, ends_at)
        except VendorError as error:
            outcome = f"{error.code}: {error.detail}"
            raise
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            milliseconds = round((time.monotonic() - began) * 1000)
            address = redact_url(str(request.url))
            context.record_call(
                context.OutboundCall(clock.now(), request.method, address, tried, milliseconds, outcome[:500])
            )


def _was_not_sent(error: VendorError) -> bool:
    return isinstance(error, NotSent | RateLimited)


async def _translated(request: httpx.Request, once: Callable[[], Awaitable[_Result]], ends_at: float) -> _Result:
    """What one try gives; failures of the way as errors that say what to do."""
    host = request.url.host
    try:
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + ends_at - time.monotonic()) as deadline:
            return await once()
    except TimeoutError:
        if not deadline.expired():
            raise
        raise Unavailable(f"{host} did not finish its answer in time.") from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise NotSent(f"{host} cannot be reached: {error or type(error).__name__}.") from None
    except httpcore.TimeoutException as error:
        raise Unavailable(f"{host} is silent for too long ({type(error).__name__}).") from None
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unavailable(f"{host} broke off: {error or type(error).__name__}.") from None


async def _error_in(opened: Opened) -> VendorError:
    asked = retry_after(opened.headers, clock.now(), is_limited=opened.status == httpx.codes.TOO_MANY_REQUESTS)
    body = b""
    try:
        async for step in opened.body(MAX_ERROR_BODY):
            body += step
    except (VendorError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        pass  # the status says enough
    return error_of(opened.status, opened.headers, body, opened.url.host, asked)


def open_client(
    settings: Settings, *, limits: Limits | None = None, headers: Headers | None = None, lane: Lane | None = None
) -> Client:
    """A client as this installation may have it: outside production it may call the sandbox too."""
    return Client(Guard(own_origins(settings)), limits=limits or Limits.of(settings), headers=headers, lane=lane)
