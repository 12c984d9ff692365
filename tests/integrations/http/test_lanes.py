"""Calls of one lane share its rate, its pause and its breaker; a lane whose other side is down slows no other."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from app.core.lanes import FAILURES, Lanes
from app.integrations.contracts.errors import AuthExpired, RateLimited, Unavailable
from app.integrations.http import Client, Guard, Lane, Limits
from tests.integrations.http.stage import Asked, Stage, answer

OK = answer(200, b"{}")
LANE = Lane("a connection")


async def no_pause(_seconds: float) -> None:
    return


@pytest.fixture
async def open_client(stage: Stage) -> AsyncIterator[Callable[..., Client]]:
    async with AsyncExitStack() as stack:
        lanes = Lanes()

        def make(lane: Lane = LANE, *, sleep=asyncio.sleep, **limits: float) -> Client:
            bounds = Limits(**{"connect": 0.5, "read": 0.5, "total": 2.0, "tries": 3, **limits})
            client = Client(Guard([stage.origin]), limits=bounds, lane=lane, lanes=lanes, sleep=sleep)
            stack.push_async_exit(client)
            return client

        yield make


async def fail(client: Client, url: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable):
            await client.get(url)


async def test_a_lane_that_fails_is_left_alone_until_its_pause_ends(
    stage: Stage, open_client: Callable[..., Client]
) -> None:
    stage.plays("/x", answer(500))
    await fail(open_client(tries=1), f"{stage.origin}/x", FAILURES)
    stage.plays("/x", OK)

    with pytest.raises(Unavailable, match="failed 10 times in a row") as told:
        await open_client(tries=3).get(f"{stage.origin}/x")

    assert 0 < (told.value.retry_after or 0) <= 30
    assert len(stage.asked) == FAILURES


async def test_refusals_are_answers_and_do_not_close_a_lane(stage: Stage, open_client: Callable[..., Client]) -> None:
    stage.plays("/x", answer(401))
    stage.plays("/down", answer(500))
    client = open_client(tries=1)
    for _ in range(3):
        await fail(client, f"{stage.origin}/down", FAILURES - 1)
        with pytest.raises(AuthExpired):
            await client.get(f"{stage.origin}/x")
    assert len(stage.asked) == 3 * FAILURES


async def test_a_lane_that_only_fails_does_not_slow_others(stage: Stage, open_client: Callable[..., Client]) -> None:
    async def never(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    stage.scenes["/silent"] = never
    stage.plays("/x", OK)
    bad = open_client(Lane("bad", calls=5, seconds=1), read=0.2, tries=1)
    good = open_client(Lane("good"))

    async def be_unlucky() -> None:
        for _ in range(4):
            with pytest.raises((Unavailable, RateLimited)):
                await bad.get(f"{stage.origin}/silent")

    async def timed() -> float:
        began = time.monotonic()
        for _ in range(20):
            await good.get(f"{stage.origin}/x")
        return time.monotonic() - began

    alone = await timed()
    unlucky = [asyncio.create_task(be_unlucky()) for _ in range(10)]
    beside = await timed()
    await asyncio.gather(*unlucky)
    assert beside < alone + 1
    calls = [asked.target for asked in stage.asked]
    assert calls.count("/x") == 40
    assert 0 < calls.count("/silent") <= FAILURES + 5  # those under way when it closed, and no more


async def test_calls_that_wait_for_their_turn_keep_a_pause_that_is_asked_for_meanwhile(
    stage: Stage, open_client: Callable[..., Client]
) -> None:
    at: list[float] = []

    async def first_refuses(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        at.append(time.monotonic())
        writer.write(answer(429, retry_after="1") if len(at) == 1 else OK)
        await writer.drain()

    stage.scenes["/x"] = first_refuses
    client = open_client(Lane("paced", calls=1, seconds=0.1), total=5.0)
    await asyncio.gather(*(client.get(f"{stage.origin}/x") for _ in range(4)))
    assert len(at) == 5
    assert at[1] - at[0] >= 0.99
    assert at[4] - at[1] >= 0.25


async def test_an_absurd_pause_is_told_as_an_hour_and_holds_the_whole_lane(
    stage: Stage, open_client: Callable[..., Client]
) -> None:
    stage.plays("/x", answer(429, retry_after="1000000000"), OK)
    with pytest.raises(RateLimited) as told:
        await open_client(sleep=no_pause).get(f"{stage.origin}/x")
    assert told.value.retry_after == 3600
    with pytest.raises(RateLimited) as again:
        await open_client(sleep=no_pause).get(f"{stage.origin}/x")
    assert 3590 < (again.value.retry_after or 0) <= 3601
    assert len(stage.asked) == 1


async def test_a_turn_that_comes_too_late_is_told_and_costs_nobody_a_turn(
    stage: Stage, open_client: Callable[..., Client]
) -> None:
    stage.plays("/x", OK)
    client = open_client(Lane("slow", calls=2, seconds=10))
    for _ in range(2):
        await client.get(f"{stage.origin}/x")
    for _ in range(3):
        with pytest.raises(RateLimited) as told:
            await client.get(f"{stage.origin}/x")
        assert round(told.value.retry_after or 0) == 10
    assert len(stage.asked) == 2
