"""Limits are exact, shared between processes, and go on per process while Redis is away."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import time_machine

from app.core import ratelimit
from app.core.config import Settings
from app.core.ids import new_id
from app.core.redis import RedisGate
from tests.support.servers import TestServers


@pytest.fixture
def redis_settings(servers: TestServers) -> Settings:
    return Settings(_env_file=None, redis_url=servers.redis_url, redis_key_prefix=servers.redis_key_prefix)


@pytest.fixture
async def gate(redis_settings: Settings) -> AsyncIterator[RedisGate]:
    made = RedisGate(redis_settings)
    yield made
    await made.close()


@pytest.fixture
async def other_process(redis_settings: Settings) -> AsyncIterator[RedisGate]:
    made = RedisGate(redis_settings)
    yield made
    await made.close()


@pytest.fixture
async def dead_gate() -> AsyncIterator[RedisGate]:
    made = RedisGate(Settings(_env_file=None, redis_url="redis://127.0.0.1:9/0"))
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def clock() -> object:
    # In the middle of a window of every length used here, and standing still.
    start = (int(time.time()) // 600) * 600 + 10
    with time_machine.travel(start, tick=False) as travelling:
        yield travelling


def key() -> str:
    return new_id().hex


async def allowed(gate: RedisGate, caller: str, limit: str, times: int) -> int:
    return sum([(await ratelimit.hit(gate, "test", caller, limit)).allowed for _ in range(times)])


@pytest.mark.parametrize("limit", ["1/minute", "10/minute", "60/10minute", "600/minute", "301/minute"])
async def test_allows_exactly_the_limit(gate: RedisGate, limit: str) -> None:
    amount = int(limit.split("/", maxsplit=1)[0])
    assert await allowed(gate, key(), limit, amount + 25) == amount


async def test_allows_exactly_the_limit_to_concurrent_requests(gate: RedisGate) -> None:
    caller = key()
    verdicts = await asyncio.gather(*(ratelimit.hit(gate, "test", caller, "600/minute") for _ in range(700)))
    assert sum(verdict.allowed for verdict in verdicts) == 600


async def test_counts_over_processes(gate: RedisGate, other_process: RedisGate) -> None:
    caller = key()
    assert await allowed(gate, caller, "10/minute", 6) == 6
    assert await allowed(other_process, caller, "10/minute", 6) == 4


async def test_never_allows_more_than_the_limit_over_processes_that_take_ahead(
    gate: RedisGate, other_process: RedisGate
) -> None:
    caller = key()
    total = 0
    for _ in range(700):
        total += await allowed(gate, caller, "600/minute", 1) + await allowed(other_process, caller, "600/minute", 1)
    assert total == 600


async def test_keeps_callers_apart(gate: RedisGate) -> None:
    assert await allowed(gate, key(), "5/minute", 9) == await allowed(gate, key(), "5/minute", 9) == 5


async def test_a_new_window_begins_anew(gate: RedisGate, clock: time_machine.Traveller) -> None:
    caller = key()
    assert await allowed(gate, caller, "5/minute", 9) == 5
    clock.shift(60)
    assert await allowed(gate, caller, "5/minute", 9) == 5


async def test_asks_redis_once_per_handful_of_requests(gate: RedisGate, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    guarded = gate.guarded

    async def counting(*arguments: object) -> object:
        nonlocal asked
        asked += 1
        return await guarded(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(gate, "guarded", counting)
    await allowed(gate, key(), "600/minute", 900)
    assert asked == 30, "20 requests at a time, and none at all once the caller is out of requests"


async def test_goes_on_counting_in_the_process_without_redis(dead_gate: RedisGate) -> None:
    assert await allowed(dead_gate, key(), "10/minute", 15) == 10


async def test_tells_how_many_are_left_and_when_the_window_ends(gate: RedisGate) -> None:
    caller = key()
    first = await ratelimit.hit(gate, "test", caller, "600/minute")
    assert (first.limit, first.remaining, first.reset_seconds) == (600, 599, 50)
    await allowed(gate, caller, "600/minute", 598)
    last = await ratelimit.hit(gate, "test", caller, "600/minute")
    over = await ratelimit.hit(gate, "test", caller, "600/minute")
    assert (last.allowed, last.remaining, over.allowed, over.remaining) == (True, 0, False, 0)
    assert over.refusal().headers == {
        "RateLimit-Limit": "600",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "50",
        "Retry-After": "50",
    }


async def test_peeking_counts_nothing(gate: RedisGate) -> None:
    caller = key()
    for _ in range(20):
        assert (await ratelimit.peek(gate, "test", caller, "3/minute")).allowed
    await allowed(gate, caller, "3/minute", 3)
    assert not (await ratelimit.peek(gate, "test", caller, "3/minute")).allowed


@pytest.mark.parametrize(
    ("environment", "address", "limited"),
    [
        ("development", "127.0.0.1", False),
        ("development", "::1", False),
        ("test", "127.8.8.8", False),
        ("development", "192.0.2.1", True),
        ("development", "testclient", True),
    ],
)
def test_loopback_is_free_outside_production(environment: str, address: str, limited: bool) -> None:
    assert ratelimit.is_limited(Settings(_env_file=None, environment=environment), address) is limited


def test_loopback_is_limited_in_production() -> None:
    settings = Settings.model_construct(environment="production")
    assert ratelimit.is_limited(settings, "127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.9", ["203.0.113.5"], "192.0.2.9"),  # not our proxy: the header is the client's own word
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.5"], "203.0.113.5"),  # the first was written by the client
        ("10.0.0.1", ["203.0.113.5, 10.0.0.2"], "203.0.113.5"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("10.0.0.1", ["nonsense"], "nonsense"),
    ],
)
def test_believes_forwarded_addresses_only_from_trusted_proxies(peer: str, forwarded: list[str], client: str) -> None:
    settings = Settings(_env_file=None, trusted_proxies=["10.0.0.0/8"])
    scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded]}
    assert ratelimit.client_address(scope, settings) == client


def test_ignores_forwarded_addresses_without_trusted_proxies() -> None:
    scope = {"client": ("192.0.2.9", 1), "headers": [(b"x-forwarded-for", b"203.0.113.5")]}
    assert ratelimit.client_address(scope, Settings(_env_file=None)) == "192.0.2.9"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_counts_an_ipv6_household_as_one(address: str, network: str) -> None:
    assert ratelimit.network_of(address) == network
