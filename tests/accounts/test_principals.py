"""What changes a session, a role or a user counts from the next request on: here at once, elsewhere by Redis, and
without Redis after the cache's lifetime at the latest.
"""

import asyncio
from datetime import timedelta

import httpx
import pytest
import time_machine

from app.accounts import principals
from app.accounts.principals import PrincipalCache
from app.core import clock
from app.core.ids import new_id
from tests.accounts.lab import AUTH, Account, Lab, another_process


async def status_at(client: httpx.AsyncClient, account: Account) -> int:
    return (await client.get(f"{AUTH}/me", headers=account.headers)).status_code


async def test_a_logout_is_heard_by_the_other_processes(lab: Lab, victim: Account) -> None:
    async with another_process(lab.settings) as other:
        assert await status_at(other, victim) == 200
        await asyncio.sleep(0.1)  # the listener of the other process subscribes
        await lab.api.post(f"{AUTH}/logout", headers=victim.headers)
        assert await status_at(lab.api, victim) == 401
        async with asyncio.timeout(principals.TTL_SECONDS / 4):
            while await status_at(other, victim) != 401:  # noqa: ASYNC110 (the other application hears it)
                await asyncio.sleep(0.02)


async def test_without_redis_a_logout_counts_elsewhere_when_the_cache_is_over(
    lab: Lab, victim: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(principals, "TTL_SECONDS", 0.3)
    away = lab.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with another_process(away) as other:
        assert await status_at(other, victim) == 200
        await lab.api.post(f"{AUTH}/logout", headers=victim.headers)
        assert await status_at(other, victim) == 200
        await asyncio.sleep(0.35)
        assert await status_at(other, victim) == 401


async def test_registering_logging_in_and_out_work_while_redis_is_away(lab: Lab, victim: Account) -> None:
    away = lab.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with another_process(away) as other:
        there = Lab(other, lab.app, away, lab.system)
        account = await there.register()
        again = await there.log_in(account)
        assert (await there.refresh(again.refresh)).status_code == 200
        assert (await other.post(f"{AUTH}/logout", headers=account.headers)).status_code == 200
        assert await status_at(other, account) == 401
        assert await status_at(other, victim) == 200


async def test_the_hot_path_asks_no_database(lab: Lab, victim: Account) -> None:
    await lab.authenticator.authenticate(victim.access)
    waiting = lab.system.engine.pool.checkedout()  # type: ignore[attr-defined]
    closed = Lab(lab.api, lab.app, lab.settings, lab.system)
    await asyncio.gather(*(closed.authenticator.authenticate(victim.access) for _ in range(50)))
    assert lab.system.engine.pool.checkedout() == waiting  # type: ignore[attr-defined]


async def test_a_remembered_token_ends_with_its_time(lab: Lab, victim: Account) -> None:
    assert await lab.is_let_in(victim.access)
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        answer = await lab.api.get(f"{AUTH}/me", headers=victim.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


async def test_what_was_read_before_a_change_is_not_remembered_after_it(lab: Lab, victim: Account) -> None:
    cache, key = PrincipalCache(), new_id()
    actor = await lab.authenticator.authenticate(victim.access)
    generation = cache.generation
    cache.forget_user(actor.user_id)
    cache.remember(key, actor, generation=generation)
    assert cache.find(key) is None
    cache.remember(key, actor, generation=cache.generation)
    assert cache.find(key) == actor


@pytest.mark.parametrize(
    ("change", "refusal"),
    [("status = 'suspended'", (403, "tenant_suspended")), ("revision = 't0000'", (503, "tenant_upgrading"))],
)
async def test_a_tenant_that_is_suspended_or_behind_is_refused(
    lab: Lab, victim: Account, change: str, refusal: tuple[int, str]
) -> None:
    await lab.execute(f"UPDATE tenants SET {change} WHERE id = :id", id=victim.tenant_id)
    await lab.authenticator.forget(victim.user_id)
    answer = await lab.api.get(f"{AUTH}/me", headers=victim.headers)
    assert (answer.status_code, answer.json()["code"]) == refusal
    await lab.execute("DELETE FROM tenants WHERE id = :id", id=victim.tenant_id)


async def test_listening_ends_whenever_it_is_told_to(lab: Lab) -> None:
    # redis-py loses a cancellation that meets one of its own steps: every third of these endings.
    for turn in range(55):
        async with asyncio.timeout(2), lab.authenticator.listening():
            await asyncio.sleep(turn % 11 / 2000)
