"""Attacks with tokens that were good once, or are good for something else: what they meet is the database's state."""

import asyncio
from collections.abc import Awaitable, Callable

from pydantic import SecretStr

from app.core.config import Settings
from app.core.ids import new_id
from tests.accounts.lab import AUTH, Account, Attempt, Lab, another_process, bearer
from tests.conftest import PASSWORD

NEW_PASSWORD = "another violet anchor drizzle"


def use(account: Account) -> list[Attempt]:
    """Both tokens of an account, tried."""
    return [
        Attempt(headers=account.headers),
        Attempt(f"{AUTH}/refresh", "POST", json={"refresh_token": account.refresh}),
    ]


async def claims_of_another_tenant(lab: Lab, victim: Account) -> list[Attempt]:
    attacker = await lab.register()
    forged = [
        lab.forged(attacker, sub=str(victim.user_id)),
        lab.forged(attacker, tid=victim.tenant_id),
        lab.forged(attacker, tid=None),
        lab.forged(attacker, tid=str(attacker.tenant_id)),
        lab.forged(attacker, sid=str(victim.session_id)),
        lab.forged(attacker, sid=str(victim.session_id), tid=victim.tenant_id),
        lab.forged(attacker, sid=str(new_id())),
    ]
    return [Attempt(headers=bearer(token)) for token in forged]


async def stale_role_claim(lab: Lab, victim: Account) -> list[Attempt]:
    member = await lab.register()
    body = {"email": member.email, "role": "owner"}
    added = await lab.api.post(f"{AUTH}/members", json=body, headers=victim.headers)
    assert added.status_code == 201, added.text
    switched = await lab.api.post(f"{AUTH}/switch-tenant", json={"tenant_id": victim.tenant_id}, headers=member.headers)
    member = lab.account(switched, 200)
    path = f"{AUTH}/members/{member.user_id}"
    assert (await lab.api.get(f"{AUTH}/members", headers=member.headers)).status_code == 200
    demoted = await lab.api.patch(path, json={"role": "viewer"}, headers=victim.headers)
    assert demoted.status_code == 200
    claimed = bearer(lab.forged(member, role="owner", is_admin=True, permissions=["members:write"]))
    return [
        Attempt(path, "PATCH", headers=headers, json={"role": "owner"}) for headers in (member.headers, claimed)
    ] + [Attempt(f"{AUTH}/members", headers=member.headers)]


async def disabled_or_deleted_user(lab: Lab, victim: Account) -> list[Attempt]:
    deleted = await lab.register()
    for account in (victim, deleted):
        assert await lab.is_let_in(account.access)
    await lab.execute("UPDATE users SET disabled_at = now() WHERE id = :id", id=victim.user_id)
    await lab.execute("DELETE FROM users WHERE id = :id", id=deleted.user_id)
    for account in (victim, deleted):
        await lab.authenticator.forget(account.user_id)
    login = Attempt(f"{AUTH}/login", "POST", json={"email": victim.email, "password": PASSWORD})
    return [*use(victim), *use(deleted), login]


async def use_after_logout(lab: Lab, victim: Account) -> list[Attempt]:
    answer = await lab.api.post(f"{AUTH}/logout", headers=victim.headers)
    assert (answer.status_code, answer.json()) == (200, {"id": str(victim.session_id), "deleted": True})
    return use(victim)


async def use_after_password_change(lab: Lab, victim: Account) -> list[Attempt]:
    other = await lab.log_in(victim)
    assert await lab.is_let_in(other.access)
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await lab.api.post(f"{AUTH}/change-password", json=body, headers=victim.headers)
    assert answer.status_code == 200, answer.text
    assert await lab.is_let_in(victim.access), "who changes the password stays logged in"
    return use(other)


async def reuse_of_a_refresh_token(lab: Lab, victim: Account) -> list[Attempt]:
    child = lab.account(await lab.refresh(victim.refresh), 200)
    assert await lab.is_let_in(child.access)
    await lab.execute(
        "UPDATE refresh_tokens SET rotated_at = now() - interval '11 seconds'"
        " WHERE user_id = :id AND rotated_at IS NOT NULL",
        id=victim.user_id,
    )
    reused = await lab.refresh(victim.refresh)
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_token_reused")
    return [*use(victim), *use(child)]


async def race_of_refreshes(lab: Lab, victim: Account) -> list[Attempt]:
    answers = await asyncio.gather(*(lab.refresh(victim.refresh) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    async with lab.system.session() as session:
        connection = await session.connection()
        live = await connection.exec_driver_sql(
            "SELECT count(*) FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id"
            " WHERE t.user_id = $1 AND t.rotated_at IS NULL AND s.revoked_at IS NULL",
            (victim.user_id,),
        )
        assert live.scalar_one() == 1
    grandchild = lab.account(await lab.refresh(successors.pop()), 200)
    assert await lab.is_let_in(grandchild.access)
    return [Attempt(f"{AUTH}/refresh", "POST", json={"refresh_token": "guessed"})]


async def token_under_an_old_secret(lab: Lab, victim: Account) -> list[Attempt]:
    new = SecretStr("the secret that came after, forty bytes ...")
    window = lab.settings.model_copy(update={"secret_key": new, "secret_key_previous": lab.settings.secret_key})
    assert await status_under(window, victim) == 200
    after = lab.settings.model_copy(update={"secret_key": new})
    assert await status_under(after, victim) == 401
    # The other way round for the app at hand: a token of a secret that has retired here.
    retired = lab.forged(victim, secret=b"a secret retired long ago, of forty bytes")
    return [Attempt(headers=bearer(retired))]


async def token_under_an_unknown_secret(lab: Lab, victim: Account) -> list[Attempt]:
    return [Attempt(headers=bearer(lab.forged(victim, secret=b"x" * 40)))]


async def status_under(settings: Settings, account: Account) -> int:
    async with another_process(settings) as client:
        return (await client.get(f"{AUTH}/me", headers=account.headers)).status_code


STATEFUL: dict[str, Callable[[Lab, Account], Awaitable[list[Attempt]]]] = {
    "sub-other-tenant": claims_of_another_tenant,
    "role-claim-stale": stale_role_claim,
    "user-deleted/disabled": disabled_or_deleted_user,
    "logout-then-use": use_after_logout,
    "password-change-then-use": use_after_password_change,
    "refresh-reuse": reuse_of_a_refresh_token,
    "refresh-race": race_of_refreshes,
    "rotated-secret-old": token_under_an_old_secret,
    "rotated-secret-unknown": token_under_an_unknown_secret,
}
