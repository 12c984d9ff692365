"""One try: a request, its redirects followed by hand, and the open answer. Retries and errors by status are client's.

Headers that may carry credentials go to the origin they were meant for and nowhere else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpcore
import httpx

from app.integrations.contracts.errors import AddressRefused, Broken
from app.integrations.http.egress import Guard
from app.integrations.http.patience import Limits
from app.integrations.http.unpacking import unpacked
from app.integrations.http.urls import origin_of

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# All others stay with their origin: shops invent headers for their keys.
_HARMLESS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "user-agent",
        "if-none-match",
        "if-modified-since",
        "cache-control",
    }
)
_FOLLOWED = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer whose body is still to be read."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    raw: AsyncIterator[bytes]

    def body(self, max_bytes: int) -> AsyncIterator[bytes]:
        """The unpacked body in steps; raises beyond `max_bytes`."""
        encoding = self.headers.get("content-encoding", "")
        return unpacked(self.raw, encoding, max_bytes=max_bytes, host=self.url.host)


@asynccontextmanager
async def exchange(
    pool: httpcore.AsyncConnectionPool, guard: Guard, request: httpx.Request, limits: Limits
) -> AsyncIterator[Opened]:
    """Send the request and yield the answer that is no redirect; every hop's address is checked like the first."""
    for _hop in range(limits.max_redirects + 1):
        async with _sent(pool, request, limits) as opened:
            if not _is_redirect(opened):
                yield opened
                return
            request = _next_request(request, opened, guard)
    raise AddressRefused(
        f"{request.url.host} redirects more than {limits.max_redirects} times: give the address it ends at."
    )


@asynccontextmanager
async def _sent(pool: httpcore.AsyncConnectionPool, request: httpx.Request, limits: Limits) -> AsyncIterator[Opened]:
    url = request.url
    async with pool.stream(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.content or None,
        extensions={"timeout": limits.timeouts},
    ) as response:
        yield Opened(url, response.status, httpx.Headers(response.headers), response.aiter_stream())


def _is_redirect(opened: Opened) -> bool:
    return opened.status in REDIRECTS and "location" in opened.headers


def _next_request(request: httpx.Request, opened: Opened, guard: Guard) -> httpx.Request:
    if request.method not in _FOLLOWED:
        raise Broken(
            f"{request.url.host} redirects a {request.method} to elsewhere: correct the address in the settings."
        )
    try:
        target = request.url.join(opened.headers["location"])
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise AddressRefused(f"{request.url.host} redirects to an address that cannot be read.") from None
    target = guard.check(str(target))
    stays = origin_of(target) == origin_of(request.url)
    kept = {name: value for name, value in request.headers.items() if name != "host" and (stays or name in _HARMLESS)}
    return httpx.Request(request.method, target, headers=kept)
