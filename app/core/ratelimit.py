"""Rate limits: fixed windows counted in Redis by the `limits` library, per process while Redis is away.

A busy caller costs no round trip per request: a process takes a handful of requests at once from the shared count and
spends them locally, and a caller who is out of requests is refused from memory until the window ends.
"""

import asyncio
import ipaddress
import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage

from app.core import clock
from app.core.config import Settings
from app.core.errors import RateLimited
from app.core.redis import RedisGate

RESPONSE_HEADERS_KEY: Final = "crossdock.response_headers"
LEASE_FROM: Final = 300  # limits below this are counted one by one, so that they are exact over all processes
LEASE_SHARE: Final = 30
MAX_LEASES: Final = 10_000

AsgiScope = MutableMapping[str, Any]  # Any: ASGI's own type


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a limit says about one request."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """The RateLimit-* headers of the answer."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }

    def refusal(self) -> RateLimited:
        """The error of a request that was one too many."""
        return RateLimited(
            f"More than {self.limit} requests; try again in {self.reset_seconds} seconds.",
            headers={**self.headers(), "Retry-After": str(self.reset_seconds)},
        )


class _Lease:
    """What this process holds of a caller's window: requests taken in advance, and what the shared count had left."""

    __slots__ = ("lock", "shared_left", "tokens", "window")

    def __init__(self, window: int, shared_left: int) -> None:
        self.window = window
        self.tokens = 0
        self.shared_left = shared_left
        self.lock = asyncio.Lock()  # a burst of one caller asks Redis in turn, not all at once


class _Counters:
    """The counts of one process: Redis through its gate, the fallback, and what was taken in advance."""

    def __init__(self, gate: RedisGate) -> None:
        self._gate = gate
        self._memory = MemoryStorage()
        self._shared = RedisStorage(
            "async+redis://",  # the pool below decides the address
            implementation="redispy",
            key_prefix=f"{gate.prefix}limit",
            connection_pool=gate.client.connection_pool,  # type: ignore[arg-type]
        )
        self._leases: dict[str, _Lease] = {}

    def lease(self, identity: str, window: int, amount: int) -> _Lease:
        found = self._leases.get(identity)
        if found is None or found.window != window:
            if len(self._leases) >= MAX_LEASES:
                self._leases.clear()
            found = self._leases[identity] = _Lease(window, amount)
        return found

    async def add(self, key: str, expiry: int, amount: int) -> int:
        shared: int | None = await self._gate.guarded(lambda _redis: self._add(key, expiry, amount), None)
        if shared is None:
            return await self._memory.incr(key, expiry, amount)
        return shared + await self._memory.get(key)

    async def _add(self, key: str, expiry: int, amount: int) -> int | None:
        return await self._shared.incr(key, expiry, amount)

    async def count(self, key: str) -> int:
        shared: int | None = await self._gate.guarded(lambda _redis: self._count(key), None)
        # What was counted here while Redis was away still counts when it is back.
        return (shared or 0) + await self._memory.get(key)

    async def _count(self, key: str) -> int | None:
        return await self._shared.get(key)


_by_gate: WeakKeyDictionary[RedisGate, _Counters] = WeakKeyDictionary()
_rule = lru_cache(maxsize=64)(parse)


def _counters(gate: RedisGate) -> _Counters:
    found = _by_gate.get(gate)
    if found is None:
        found = _by_gate[gate] = _Counters(gate)
    return found


async def hit(gate: RedisGate, name: str, key: str, limit: str) -> Verdict:
    """Count one request of `key` against a limit written like `60/10minute`."""
    rule = _rule(limit)
    counters = _counters(gate)
    identity = f"{name}:{key}"
    window, reset = _window(rule)
    lease = counters.lease(identity, window, rule.amount)
    if lease.tokens == 0 and lease.shared_left > 0:
        async with lease.lock:
            if lease.tokens == 0 and lease.shared_left > 0:
                await _take(counters, f"{identity}:{window}", rule, lease)
    allowed = lease.tokens > 0
    if allowed:
        lease.tokens -= 1
    return Verdict(allowed, rule.amount, lease.tokens + lease.shared_left, reset)


async def peek(gate: RedisGate, name: str, key: str, limit: str) -> Verdict:
    """What `hit` would say, without counting."""
    rule = _rule(limit)
    window, reset = _window(rule)
    count = await _counters(gate).count(f"{name}:{key}:{window}")
    return Verdict(count < rule.amount, rule.amount, max(0, rule.amount - count), reset)


async def _take(counters: _Counters, key: str, rule: RateLimitItem, lease: _Lease) -> None:
    size = rule.amount // LEASE_SHARE if rule.amount >= LEASE_FROM else 1
    count = await counters.add(key, rule.get_expiry(), size)
    lease.tokens += max(0, min(size, rule.amount - (count - size)))
    lease.shared_left = max(0, rule.amount - count)


def _window(rule: RateLimitItem) -> tuple[int, int]:
    # Windows are aligned to the clock, so every process knows their end without asking.
    now, length = clock.now().timestamp(), rule.get_expiry()
    window = int(now // length)
    return window, max(1, math.ceil((window + 1) * length - now))


def announce(scope: AsgiScope, verdict: Verdict) -> None:
    """Put the RateLimit-* headers of a verdict on the answer of this request."""
    headers = [(name.lower().encode(), value.encode()) for name, value in verdict.headers().items()]
    scope.setdefault(RESPONSE_HEADERS_KEY, []).extend(headers)


async def limit_requests(gate: RedisGate, settings: Settings, caller: str) -> Verdict:
    """Count a request of a user, key or address against the limit per minute."""
    return await hit(gate, "requests", caller, f"{settings.rate_limit_per_minute}/minute")


async def check_registration(gate: RedisGate, settings: Settings, address: str) -> None:
    """Count a registration from an address; refused when there were too many in ten minutes."""
    if is_limited(settings, address):
        limit = f"{settings.register_limit_per_10_minutes}/10minute"
        verdict = await hit(gate, "register", network_of(address), limit)
        if not verdict.allowed:
            raise verdict.refusal()


async def failed_logins(gate: RedisGate, settings: Settings, address: str) -> Verdict | None:
    """How an address stands with failed logins, before a password is looked at; None where it is not limited."""
    if not is_limited(settings, address):
        return None
    return await peek(gate, "login", network_of(address), f"{settings.login_failures_per_10_minutes}/10minute")


async def count_failed_login(gate: RedisGate, settings: Settings, address: str) -> None:
    """Count a failed login from an address."""
    if is_limited(settings, address):
        limit = f"{settings.login_failures_per_10_minutes}/10minute"
        await hit(gate, "login", network_of(address), limit)


def is_limited(settings: Settings, address: str) -> bool:
    """Whether limits by address apply: loopback is free outside production, so that trials and tests are."""
    return settings.is_production or not _is_loopback(address)


@lru_cache(maxsize=1024)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def network_of(address: str) -> str:
    """What stands for one household: the address itself, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return address


def client_address(scope: AsgiScope, settings: Settings) -> str:
    """The address of the client. X-Forwarded-For counts only as far as it was written by trusted proxies."""
    client = scope.get("client")
    address: str = client[0] if client else "unknown"
    if not settings.trusted_proxies:
        return address
    trusted = _networks(tuple(settings.trusted_proxies))
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop.strip() for line in lines for hop in line.split(",")]
    while hops and _is_within(address, trusted):
        address = hops.pop()
    return address


@lru_cache(maxsize=8)
def _networks(names: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)


def _is_within(address: str, networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
