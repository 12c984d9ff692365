"""Sessions over their life: refresh, grace, expiry, listing, ending, switching the tenant, the profile."""

from tests.accounts.lab import AUTH, Account, Lab
from tests.conftest import PASSWORD


async def test_a_refresh_gives_new_tokens_of_the_same_session(lab: Lab, victim: Account) -> None:
    answer = await lab.refresh(victim.refresh)
    child = lab.account(answer, 200)
    assert child.refresh != victim.refresh
    assert child.session_id == victim.session_id
    assert await lab.is_let_in(child.access)


async def test_asked_again_within_the_grace_the_same_successor_is_given(lab: Lab, victim: Account) -> None:
    first, second = await lab.refresh(victim.refresh), await lab.refresh(victim.refresh)
    assert first.json()["refresh_token"] == second.json()["refresh_token"]


async def test_no_refresh_token_is_kept_as_it_was_given(lab: Lab, victim: Account) -> None:
    child = lab.account(await lab.refresh(victim.refresh), 200)
    async with lab.system.session() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql("SELECT refresh_tokens::text FROM refresh_tokens")
        kept = " ".join(rows.scalars())
    assert victim.refresh not in kept
    assert child.refresh not in kept


async def test_a_refresh_token_ends_with_its_time(lab: Lab, victim: Account) -> None:
    await lab.execute("UPDATE refresh_tokens SET expires_at = now() WHERE user_id = :id", id=victim.user_id)
    answer = await lab.refresh(victim.refresh)
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_token_invalid")


async def test_own_sessions_are_listed_and_ended_one_by_one(lab: Lab, victim: Account) -> None:
    other = await lab.log_in(victim)
    listed = (await lab.api.get(f"{AUTH}/sessions", headers=victim.headers)).json()
    assert {item["id"]: item["is_current"] for item in listed["items"]} == {
        str(victim.session_id): True,
        str(other.session_id): False,
    }
    ended = await lab.api.delete(f"{AUTH}/sessions/{other.session_id}", headers=victim.headers)
    assert ended.json() == {"id": str(other.session_id), "deleted": True}
    assert not await lab.is_let_in(other.access)
    assert await lab.is_let_in(victim.access)
    again = await lab.api.delete(f"{AUTH}/sessions/{other.session_id}", headers=victim.headers)
    assert (again.status_code, again.json()["code"]) == (404, "session_not_found")


async def test_sessions_of_others_are_neither_listed_nor_ended(lab: Lab, victim: Account) -> None:
    stranger = await lab.register()
    listed = (await lab.api.get(f"{AUTH}/sessions", headers=stranger.headers)).json()
    assert [item["id"] for item in listed["items"]] == [str(stranger.session_id)]
    answer = await lab.api.delete(f"{AUTH}/sessions/{victim.session_id}", headers=stranger.headers)
    assert answer.status_code == 404
    assert await lab.is_let_in(victim.access)


async def test_the_profile_is_read_and_changed(lab: Lab, victim: Account) -> None:
    body = {"name": "Ada Byron", "locale": "fr"}
    changed = await lab.api.patch(f"{AUTH}/me", json=body, headers=victim.headers)
    assert changed.status_code == 200, changed.text
    read = (await lab.api.get(f"{AUTH}/me", headers=victim.headers)).json()
    assert changed.json() == read
    assert (read["name"], read["locale"], read["tenant"]["role"]) == ("Ada Byron", "fr", "owner")


async def test_nobody_makes_themselves_more_than_they_are(lab: Lab, victim: Account) -> None:
    before = await lab.state_of(victim)
    privileged = (
        "is_admin",
        "role",
        "id",
        "email",
        "tenant_id",
        "disabled_at",
        "created_at",
        "password_hash",
        "tenants",
    )
    for field in privileged:
        answer = await lab.api.patch(f"{AUTH}/me", json={field: True}, headers=victim.headers)
        assert answer.status_code == 422, field
    assert await lab.state_of(victim) == before


async def test_a_wrong_current_password_changes_nothing_and_logs_nobody_out(lab: Lab, victim: Account) -> None:
    before = await lab.state_of(victim)
    body = {"current_password": "a wrong one", "new_password": "violet anchor drizzle"}
    answer = await lab.api.post(f"{AUTH}/change-password", json=body, headers=victim.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "current_password_wrong")
    body = {"current_password": PASSWORD, "new_password": "short"}
    answer = await lab.api.post(f"{AUTH}/change-password", json=body, headers=victim.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "weak_password")
    assert await lab.state_of(victim) == before
    assert await lab.is_let_in(victim.access)


async def test_only_a_member_switches_into_a_tenant(lab: Lab, victim: Account) -> None:
    stranger = await lab.register()
    path, body = f"{AUTH}/switch-tenant", {"tenant_id": victim.tenant_id}
    assert (await lab.api.post(path, json=body, headers=stranger.headers)).status_code == 404
    added = {"email": stranger.email, "role": "operator"}
    await lab.api.post(f"{AUTH}/members", json=added, headers=victim.headers)
    switched = await lab.api.post(path, json=body, headers=stranger.headers)
    assert switched.json()["user"]["tenant"]["id"] == victim.tenant_id
    assert switched.json()["user"]["role"] == "operator"
    assert len(switched.json()["user"]["tenants"]) == 2
    assert await lab.is_let_in(stranger.access)
