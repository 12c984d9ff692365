"""A lane's rate, pause and breaker hold for all processes that share a Redis, and for one process without."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from app.core import lanes as module
from app.core.config import Settings
from app.core.ids import new_id
from app.core.lanes import FAILURES, Lane, Lanes
from app.core.redis import RedisGate
from tests.support.servers import TestServers


@pytest.fixture
async def gates(servers: TestServers) -> AsyncIterator[list[RedisGate]]:
    settings = Settings(
        _env_file=None, redis_url=servers.redis_url, redis_key_prefix=servers.redis_key_prefix, redis_timeout=2
    )
    made = [RedisGate(settings), RedisGate(settings)]
    yield made
    for gate in made:
        await gate.close()


@pytest.fixture(params=["shared", "alone", "redis is away"])
async def pair(request: pytest.FixtureRequest, gates: list[RedisGate]) -> AsyncIterator[tuple[Lanes, Lanes]]:
    """The lanes as two users see them: two processes, one process, one process whose Redis is away."""
    if request.param == "shared":
        yield Lanes(gates[0]), Lanes(gates[1])
    elif request.param == "alone":
        alone = Lanes()
        yield alone, alone
    else:
        dead = RedisGate(Settings(_env_file=None, redis_url="redis://127.0.0.1:9/0"))
        alone = Lanes(dead)
        yield alone, alone
        await dead.close()


@pytest.fixture
def lane() -> Lane:
    return Lane(f"lane {new_id()}", calls=3, seconds=10)


@pytest.fixture
def short_pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.2)
    return


async def close(lanes: Lanes, lane: Lane) -> None:
    for _ in range(FAILURES):
        await lanes.failed(lane)


async def test_the_rate_is_that_of_all_users_together(pair: tuple[Lanes, Lanes], lane: Lane) -> None:
    one, other = pair
    waits = [(await lanes.take(lane, most=60)).wait for lanes in (one, other, one, other, one, other, one)]
    assert [round(wait, 0) for wait in waits] == [0, 0, 0, 10, 10, 10, 20]


async def test_no_window_holds_more_calls_than_the_rate_and_nearly_all_are_used(pair: tuple[Lanes, Lanes]) -> None:
    quick = Lane(f"lane {new_id()}", calls=5, seconds=0.5)
    at: list[float] = []
    for lanes in pair:
        await lanes.is_stopped(quick)  # the first word costs a connection

    async def call(lanes: Lanes) -> None:
        for _ in range(6):
            turn = await lanes.take(quick, most=60)
            at.append(time.monotonic() + turn.wait)
            await asyncio.sleep(turn.wait)

    await asyncio.gather(*(call(lanes) for lanes in pair * 2))
    at.sort()
    assert len(at) == 24
    assert all(later - first >= 0.45 for first, later in zip(at, at[5:], strict=False))
    assert at[-1] - at[0] <= 4 * 0.5 / 0.9


async def test_a_turn_that_comes_too_late_is_not_taken(pair: tuple[Lanes, Lanes], lane: Lane) -> None:
    one, other = pair
    for _ in range(3):
        await one.take(lane, most=5)
    for _ in range(5):
        late = await other.take(lane, most=5)
        assert (late.word, round(late.wait)) == ("late", 10)
    assert round((await one.take(lane, most=60)).wait) == 10


async def test_a_pause_that_was_asked_for_is_kept_by_all(pair: tuple[Lanes, Lanes], lane: Lane) -> None:
    one, other = pair
    assert not await other.is_stopped(lane)
    await one.hold(lane, 30)
    await one.hold(lane, 2)
    assert await other.is_stopped(lane)
    assert 29 < (await other.take(lane, most=60)).wait <= 30
    assert (await other.take(lane, most=5)).word == "late"


async def test_failures_in_a_row_close_the_lane_for_all_and_no_other_lane(
    pair: tuple[Lanes, Lanes], lane: Lane
) -> None:
    one, other = pair
    assert not await other.is_stopped(lane)
    await close(one, lane)
    assert await other.is_stopped(lane)
    closed = await other.take(lane, most=60)
    assert closed.word == "open"
    assert 25 < closed.wait <= 30
    assert (await other.take(Lane(f"lane {new_id()}", 3, 10), most=60)).word == "go"


async def test_a_success_between_failures_keeps_it_open(pair: tuple[Lanes, Lanes], lane: Lane) -> None:
    one, other = pair
    for _ in range(FAILURES - 1):
        await one.failed(lane)
    turn = await other.take(lane, most=60)
    assert (turn.word, turn.is_watched) == ("go", True)
    await other.answered(lane)
    await one.failed(lane)
    assert (await other.take(lane, most=60)).word == "go"


@pytest.mark.usefixtures("short_pause")
async def test_after_the_pause_one_try_decides(pair: tuple[Lanes, Lanes], lane: Lane) -> None:
    one, other = pair
    await close(one, lane)
    await asyncio.sleep(0.25)
    turns = [await lanes.take(lane, most=60) for lanes in (one, other, one)]
    assert [(turn.word, turn.is_probe) for turn in turns] == [("go", True), ("open", False), ("open", False)]

    await one.failed(lane)
    again = await other.take(lane, most=60)
    assert again.word == "open"
    assert again.wait <= 0.2

    await asyncio.sleep(0.25)
    assert (await other.take(lane, most=60)).is_probe
    await other.answered(lane)
    after = await one.take(lane, most=60)
    assert (after.word, after.is_watched, after.is_probe) == ("go", False, False)


@pytest.mark.usefixtures("short_pause")
async def test_a_try_whose_process_died_is_not_waited_for_for_ever(pair: tuple[Lanes, Lanes], lane: Lane) -> None:
    one, other = pair
    await close(one, lane)
    await asyncio.sleep(0.25)
    assert (await one.take(lane, most=0.1)).is_probe
    assert (await other.take(lane, most=60)).word == "open"
    await asyncio.sleep(0.15)
    assert (await other.take(lane, most=60)).is_probe


async def test_nothing_of_a_lane_is_kept_for_ever(gates: list[RedisGate], lane: Lane) -> None:
    lanes = Lanes(gates[0])
    await lanes.take(lane, most=60)
    await lanes.hold(lane, 5)
    await close(lanes, lane)
    keys = [key async for key in gates[0].client.scan_iter(f"*{lane.name}*")]
    assert len(keys) == 2
    assert all([0 < await gates[0].client.pttl(key) <= 2 * 3600 * 1000 for key in keys])
