"""One key, one effect: against concurrent repetition, other bodies, crashes and takeovers."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text
from starlette.responses import Response

from app.core.database import Database, Sessions
from app.core.idempotency import (
    REPLAYED,
    Address,
    AnsweredBefore,
    Idempotency,
    IdempotencyKeyReused,
    Overtaken,
    StillRunning,
    purge,
)
from app.core.ids import new_id
from app.core.system_session import SystemDatabase
from app.core.tenancy import Scope
from tests.support.servers import TestServers, execute

AgeKeys = Callable[[Address, str], None]


@pytest.fixture
def address() -> Address:
    return Address(new_id(), 7, "POST", "/api/v1/jobs", "a-key")


@pytest.fixture
def sessions(database: Database, address: Address) -> Sessions:
    return database.sessions(Scope(address.tenant_id, address.user_id))


@pytest.fixture
def age(servers: TestServers) -> AgeKeys:
    def move_back(address: Address, interval: str) -> None:
        execute(
            servers.database_owner_url,
            f"UPDATE idempotency_keys SET claimed_at = claimed_at - interval '{interval}',"
            f" created_at = created_at - interval '{interval}' WHERE user_id = '{address.user_id}'",
        )

    return move_back


async def run(sessions: Sessions, address: Address, body: bytes = b"body", answer: str = "first") -> Response:
    """What a route does."""
    idempotency = Idempotency(sessions, address)
    await idempotency.claim(body)
    async with sessions.begin() as session:
        return await idempotency.remember(session, 202, {"answer": answer}, {"Location": "/somewhere"})


async def test_repeats_the_stored_answer_byte_by_byte(sessions: Sessions, address: Address) -> None:
    first = await run(sessions, address)
    with pytest.raises(AnsweredBefore) as repeated:
        await run(sessions, address, answer="second")
    again = repeated.value.response
    assert (again.status_code, again.body) == (first.status_code, first.body)
    assert (again.headers["location"], again.headers[REPLAYED]) == ("/somewhere", "true")
    assert REPLAYED not in first.headers


async def test_refuses_another_body(sessions: Sessions, address: Address) -> None:
    await run(sessions, address)
    with pytest.raises(IdempotencyKeyReused):
        await run(sessions, address, body=b"other")


async def test_refuses_another_body_while_the_first_runs(sessions: Sessions, address: Address) -> None:
    await Idempotency(sessions, address).claim(b"body")
    with pytest.raises(IdempotencyKeyReused):
        await Idempotency(sessions, address).claim(b"other")


async def test_says_that_the_first_is_still_running(sessions: Sessions, address: Address) -> None:
    await Idempotency(sessions, address).claim(b"body")
    with pytest.raises(StillRunning) as refused:
        await Idempotency(sessions, address).claim(b"body")
    assert refused.value.headers["Retry-After"]


async def test_fifty_at_once_have_one_effect(sessions: Sessions, address: Address) -> None:
    effects = 0

    async def attempt() -> bytes | None:
        nonlocal effects
        try:
            idempotency = Idempotency(sessions, address)
            await idempotency.claim(b"body")
            effects += 1
            async with sessions.begin() as session:
                return bytes((await idempotency.remember(session, 201, {"effect": effects})).body)
        except AnsweredBefore as before:
            return bytes(before.response.body)
        except StillRunning:
            return None

    answers = await asyncio.gather(*(attempt() for _ in range(50)))
    assert effects == 1
    assert {answer for answer in answers if answer is not None} == {b'{"effect":1}'}


async def test_gives_the_key_back_when_the_route_fails(sessions: Sessions, address: Address) -> None:
    failing = Idempotency(sessions, address)
    await failing.claim(b"wrong body")
    await failing.release()
    assert (await run(sessions, address)).status_code == 202


async def test_an_answer_that_was_rolled_back_is_not_stored(sessions: Sessions, address: Address) -> None:
    idempotency = Idempotency(sessions, address)
    await idempotency.claim(b"body")
    async with sessions.begin() as session:
        await idempotency.remember(session, 202, {"answer": "lost"})
        await session.rollback()
    await idempotency.release()
    assert (await run(sessions, address, answer="kept")).body == b'{"answer":"kept"}'


async def test_releasing_never_forgets_a_committed_answer(sessions: Sessions, address: Address) -> None:
    idempotency = Idempotency(sessions, address)
    await idempotency.claim(b"body")
    async with sessions.begin() as session:
        await idempotency.remember(session, 202, {})
    await idempotency.release()
    with pytest.raises(AnsweredBefore):
        await run(sessions, address)


async def test_takes_over_from_a_process_that_died(sessions: Sessions, address: Address, age: AgeKeys) -> None:
    await Idempotency(sessions, address).claim(b"body")
    age(address, "59 seconds")
    with pytest.raises(StillRunning):
        await run(sessions, address)
    age(address, "2 seconds")
    assert (await run(sessions, address)).status_code == 202


async def test_the_one_that_was_overtaken_cannot_write_its_answer(
    sessions: Sessions, address: Address, age: AgeKeys
) -> None:
    slow = Idempotency(sessions, address)
    await slow.claim(b"body")
    age(address, "61 seconds")
    await run(sessions, address, answer="the second one's")
    with pytest.raises(Overtaken):
        async with sessions.begin() as session:
            await slow.remember(session, 202, {"answer": "too late"})
    await slow.release()
    with pytest.raises(AnsweredBefore) as kept:
        await run(sessions, address)
    assert kept.value.response.body == b'{"answer":"the second one\'s"}'


async def test_a_stale_claim_is_not_taken_over_with_another_body(
    sessions: Sessions, address: Address, age: AgeKeys
) -> None:
    await Idempotency(sessions, address).claim(b"body")
    age(address, "61 seconds")
    with pytest.raises(IdempotencyKeyReused):
        await run(sessions, address, body=b"other")


async def test_forgets_a_key_after_a_day(sessions: Sessions, address: Address, age: AgeKeys) -> None:
    await run(sessions, address)
    age(address, "25 hours")
    assert (await run(sessions, address, body=b"other")).status_code == 202


@pytest.mark.parametrize("field", ["key", "route", "method", "tenant_id"])
async def test_a_key_means_nothing_elsewhere(sessions: Sessions, address: Address, field: str) -> None:
    await run(sessions, address)
    parts = {name: getattr(address, name) for name in ("user_id", "tenant_id", "method", "route", "key")}
    parts[field] = None if field == "tenant_id" else "other"
    assert (await run(sessions, Address(**parts), body=b"other")).status_code == 202


async def test_a_user_without_tenant_has_keys_too(sessions: Sessions, address: Address) -> None:
    shopper = Address(address.user_id, None, "POST", "/x", "k")
    await run(sessions, shopper)
    with pytest.raises(AnsweredBefore):
        await run(sessions, shopper)


async def test_another_user_cannot_see_or_hold_the_key(
    database: Database, sessions: Sessions, address: Address
) -> None:
    await run(sessions, address)
    stranger = database.sessions(Scope(address.tenant_id, new_id()))
    async with stranger.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0


async def test_without_a_key_nothing_is_stored(sessions: Sessions) -> None:
    idempotency = Idempotency(sessions, None)
    await idempotency.claim(b"body")
    async with sessions.begin() as session:
        answer = await idempotency.remember(session, 201, {"a": 1})
        assert await session.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0
    await idempotency.release()
    assert (answer.status_code, answer.body) == (201, b'{"a":1}')


async def test_refuses_to_remember_what_was_never_claimed(sessions: Sessions, address: Address) -> None:
    async with sessions.begin() as session:
        with pytest.raises(RuntimeError, match="never claimed"):
            await Idempotency(sessions, address).remember(session, 202, {})


async def test_purges_what_is_older_than_a_day(
    sessions: Sessions, system: SystemDatabase, address: Address, age: AgeKeys
) -> None:
    await run(sessions, address)
    async with system.session() as session:
        await purge(session)
    assert await count(sessions) == 1
    age(address, "25 hours")
    async with system.session() as session:
        await purge(session)
    assert await count(sessions) == 0


async def count(sessions: Sessions) -> int:
    async with sessions.begin() as session:
        return int(await session.scalar(text("SELECT count(*) FROM idempotency_keys")) or 0)
