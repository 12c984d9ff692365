"""The guard on the way out: a name is resolved once, every address it has is checked, and the connection goes to one of
exactly these. A name that changes its mind between check and connect finds nothing to change.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from app.core.config import Settings
from app.integrations.contracts.errors import AddressRefused
from app.integrations.http.addresses import Address, is_public
from app.integrations.http.urls import checked_url, literal_address, origin_of

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
MOST_ADDRESSES = 4
CONNECT_SECONDS = 5.0


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine's resolver tells them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def own_origins(settings: Settings) -> frozenset[str]:
    """The origins that are allowed although they are not public: outside production, the sandbox's."""
    if settings.is_production or not settings.sandbox_url:
        return frozenset()
    return frozenset({origin_of(httpx.URL(settings.sandbox_url))})


class Guard(httpcore.AsyncNetworkBackend):
    """The network as the client may use it. `own` are origins (`scheme://host:port`) that may be anywhere."""

    def __init__(self, own: Iterable[str] = (), *, resolver: Resolver = resolve) -> None:
        self.own = frozenset(own)
        self._own_hosts = {(part.hostname, part.port) for part in map(urlsplit, self.own)}
        self._resolve = resolver
        self._network = httpcore.AnyIOBackend()

    def check(self, url: str) -> httpx.URL:
        """The address if it may be called (urls.checked_url)."""
        return checked_url(url, self.own)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of the host that answers; sends nothing if any is not public."""
        allowed = timeout or CONNECT_SECONDS
        try:
            async with asyncio.timeout(allowed):
                addresses = (await self._checked_addresses(host, port))[:MOST_ADDRESSES]
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host} was not found in {allowed:g} s") from None
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                stream = await self._network.connect_tcp(
                    str(address), port, allowed / len(addresses), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            await _verify_peer(stream, address)
            return stream
        raise failure

    async def connect_unix_socket(self, path: str, *_more: Any, **_options: Any) -> httpcore.AsyncNetworkStream:
        """Never: nothing outside is a socket of this machine."""
        raise AddressRefused(f"{path} is not a public address.")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore's own retries would; they are switched off."""
        await asyncio.sleep(seconds)

    async def _checked_addresses(self, host: str, port: int) -> Sequence[Address]:
        literal = literal_address(host)
        if literal is not None:
            found: list[Address] = [literal]
        else:
            try:
                found = [ip_address(text) for text in await self._resolve(host, port)]
            except OSError as error:
                raise httpcore.ConnectError(f"{host} is not found ({error.__class__.__name__})") from None
        if (host, port) not in self._own_hosts and not all(is_public(address) for address in found):
            raise AddressRefused(f"{host} leads to an address that is not public: only the open Internet is called.")
        return found


async def _verify_peer(stream: httpcore.AsyncNetworkStream, wanted: Address) -> None:
    peer = stream.get_extra_info("server_addr")
    if not peer or _plain(ip_address(str(peer[0]))) != _plain(wanted):
        await stream.aclose()
        raise AddressRefused(f"The connection to {wanted} ended elsewhere.")


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return IPv4Address(mapped) if mapped else address


@lru_cache
def trust() -> ssl.SSLContext:
    """The authorities that certificates are checked against; nothing of the environment."""
    return httpx.create_ssl_context(trust_env=False)


def open_pool(guard: Guard) -> httpcore.AsyncConnectionPool:
    """Connections that only the guard makes; no proxy, whatever the environment says."""
    return httpcore.AsyncConnectionPool(
        ssl_context=trust(),
        max_connections=20,
        max_keepalive_connections=10,
        keepalive_expiry=15,
        network_backend=guard,
    )
