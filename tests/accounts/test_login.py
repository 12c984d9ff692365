"""Logging in: the answer, equal refusals, limits on guessing, hashes of older systems."""

import asyncio
import statistics
import time

import bcrypt
import httpx
import pytest

from app.core.ids import new_id
from tests.accounts.lab import AUTH, Account, Lab
from tests.conftest import PASSWORD

WRONG = "not the right password"


async def log_in(lab: Lab, email: str, password: str) -> httpx.Response:
    return await lab.api.post(f"{AUTH}/login", json={"email": email, "password": password})


async def test_the_right_password_opens_a_session_in_the_own_tenant(lab: Lab, victim: Account) -> None:
    answer = await log_in(lab, victim.email.upper(), PASSWORD)
    assert answer.status_code == 200
    assert answer.json()["user"]["tenant_id"] == victim.tenant_id
    assert await lab.is_let_in(answer.json()["access_token"])


async def test_the_password_form_answers_the_same_and_a_missing_field_is_named(lab: Lab, victim: Account) -> None:
    form = {"grant_type": "password", "username": victim.email, "password": PASSWORD, "scope": ""}
    answer = await lab.api.post(f"{AUTH}/token", data=form)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "bearer")
    answer = await lab.api.post(f"{AUTH}/token", data={"username": victim.email})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "password"])


async def test_an_unknown_address_and_a_wrong_password_are_answered_alike(lab: Lab, victim: Account) -> None:
    unknown = await log_in(lab, f"nobody-{new_id().hex}@example.com", WRONG)
    wrong = await log_in(lab, victim.email, WRONG)
    assert unknown.status_code == wrong.status_code == 401
    bodies = [{**answer.json(), "request_id": None} for answer in (unknown, wrong)]
    assert bodies[0] == bodies[1]
    assert bodies[0]["code"] == "invalid_credentials"


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(lab: Lab, victim: Account) -> None:
    async def seconds(email: str) -> float:
        began = time.perf_counter()
        await log_in(lab, email, WRONG)
        return time.perf_counter() - began

    await seconds(f"warm-{new_id().hex}@example.com")
    known, unknown = [], []
    for _ in range(9):  # the tenth failure would be answered by the limit
        known.append(await seconds(victim.email))
        unknown.append(await seconds(f"nobody-{new_id().hex}@example.com"))
    # A skipped hash would be a factor of five and more; the rest is the noise of a busy machine.
    assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2


async def test_ten_failures_close_the_login_and_leave_sessions_alone(lab: Lab, victim: Account) -> None:
    answers = [await log_in(lab, victim.email, WRONG) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {401}
    refused = await log_in(lab, victim.email, PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_failed_logins")
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert await lab.is_let_in(victim.access)
    assert (await lab.refresh(victim.refresh)).status_code == 200


async def test_guesses_sent_all_at_once_do_not_slip_through(lab: Lab, victim: Account) -> None:
    guesses = [WRONG] * 40 + [PASSWORD]
    answers = await asyncio.gather(*(log_in(lab, victim.email, guess) for guess in guesses))
    assert 200 not in {answer.status_code for answer in answers}


async def test_failures_from_one_address_close_it_for_all_accounts(lab: Lab, victim: Account) -> None:
    transport = httpx.ASGITransport(lab.app, client=(f"203.0.113.{new_id().int % 250}", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as stranger:
        for _ in range(10):
            body = {"email": f"nobody-{new_id().hex}@example.com", "password": WRONG}
            assert (await stranger.post(f"{AUTH}/login", json=body)).status_code == 401
        body = {"email": victim.email, "password": PASSWORD}
        assert (await stranger.post(f"{AUTH}/login", json=body)).status_code == 429
    assert (await log_in(lab, victim.email, PASSWORD)).status_code == 200


@pytest.mark.parametrize("password", ["short but right", "a long one " * 8])
async def test_a_bcrypt_hash_is_accepted_and_renewed(lab: Lab, victim: Account, password: str) -> None:
    hashed = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    await lab.execute("UPDATE identities SET password_hash = :hash WHERE user_id = :id", hash=hashed, id=victim.user_id)
    assert (await log_in(lab, victim.email, WRONG)).status_code == 401
    assert (await log_in(lab, victim.email, password)).status_code == 200
    assert any("$argon2id$v=19$m=19456,t=2,p=1$" in str(row) for row in await lab.state_of(victim))
    assert (await log_in(lab, victim.email, password)).status_code == 200


@pytest.mark.parametrize("body", [{"email": "a@example.com"}, {"email": "x\x00", "password": "y"}, {"password": 1}, []])
async def test_a_body_that_is_no_login_is_refused(lab: Lab, body: object) -> None:
    assert (await lab.api.post(f"{AUTH}/login", json=body)).status_code == 422
