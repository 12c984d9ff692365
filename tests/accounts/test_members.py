"""Members of a tenant: adding, roles and what they permit, removing, and the owner that always remains."""

from itertools import pairwise

import pytest

from app.accounts.actor import Actor
from app.accounts.permissions import PERMISSIONS, Permission, Role
from app.core.ids import new_id
from tests.accounts.lab import AUTH, Account, Lab

MEMBERS = f"{AUTH}/members"


async def add(lab: Lab, owner: Account, role: str) -> Account:
    """A person who is a member of the owner's tenant and nothing else, logged in there."""
    email, password = f"member-{new_id().hex}@example.com", "violet anchor drizzle"
    body = {"email": email, "role": role, "password": password}
    added = await lab.api.post(MEMBERS, json=body, headers=owner.headers)
    assert added.status_code == 201, added.text
    answer = await lab.api.post(f"{AUTH}/login", json={"email": email, "password": password})
    return lab.account(answer, 200)


async def test_a_member_without_an_account_is_given_one(lab: Lab, victim: Account) -> None:
    member = await add(lab, victim, "operator")
    assert member.tenant_id == victim.tenant_id
    listed = (await lab.api.get(MEMBERS, headers=victim.headers)).json()
    assert [(item["id"], item["role"]) for item in listed["items"]] == [
        (str(victim.user_id), "owner"),
        (str(member.user_id), "operator"),
    ]


async def test_an_unknown_address_without_a_password_and_a_second_adding_are_refused(lab: Lab, victim: Account) -> None:
    body = {"email": f"nobody-{new_id().hex}@example.com", "role": "viewer"}
    answer = await lab.api.post(MEMBERS, json=body, headers=victim.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_account")
    answer = await lab.api.post(MEMBERS, json={"email": victim.email, "role": "viewer"}, headers=victim.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")


@pytest.mark.parametrize(("role", "may_read"), [("manager", True), ("operator", False), ("viewer", False)])
async def test_only_owners_change_members_and_managers_see_them(
    lab: Lab, victim: Account, role: str, may_read: bool
) -> None:
    member = await add(lab, victim, role)
    assert (await lab.api.get(MEMBERS, headers=member.headers)).status_code == (200 if may_read else 403)
    before = await lab.state_of(victim)
    path = f"{MEMBERS}/{member.user_id}"
    refusals = [
        await lab.api.patch(path, json={"role": "owner"}, headers=member.headers),
        await lab.api.delete(f"{MEMBERS}/{victim.user_id}", headers=member.headers),
        await lab.api.post(MEMBERS, json={"email": member.email, "role": "owner"}, headers=member.headers),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refusals} == {(403, "forbidden")}
    assert await lab.state_of(victim) == before


async def test_a_removed_member_is_out_with_the_next_request(lab: Lab, victim: Account) -> None:
    member = await add(lab, victim, "manager")
    assert await lab.is_let_in(member.access)
    answer = await lab.api.delete(f"{MEMBERS}/{member.user_id}", headers=victim.headers)
    assert answer.json() == {"id": str(member.user_id), "deleted": True}
    assert not await lab.is_let_in(member.access)
    refreshed = lab.account(await lab.refresh(member.refresh), 200)
    assert refreshed.tenant_id is None


async def test_the_last_owner_can_neither_go_nor_be_demoted(lab: Lab, victim: Account) -> None:
    path = f"{MEMBERS}/{victim.user_id}"
    for answer in (
        await lab.api.delete(path, headers=victim.headers),
        await lab.api.patch(path, json={"role": "viewer"}, headers=victim.headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    second = await add(lab, victim, "owner")
    assert (await lab.api.delete(path, headers=second.headers)).status_code == 200


async def test_members_of_other_tenants_are_out_of_reach(lab: Lab, victim: Account) -> None:
    stranger, member = await lab.register(), await add(lab, victim, "viewer")
    before = await lab.state_of(victim)
    path = f"{MEMBERS}/{member.user_id}"
    for answer in (
        await lab.api.patch(path, json={"role": "owner"}, headers=stranger.headers),
        await lab.api.delete(path, headers=stranger.headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "member_not_found")
    assert await lab.state_of(victim) == before


async def test_a_shopper_is_told_that_a_tenant_is_needed(lab: Lab) -> None:
    shopper = await lab.register(account="shopper")
    assert await lab.is_let_in(shopper.access)
    answer = await lab.api.get(MEMBERS, headers=shopper.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_required")


def test_every_role_may_what_the_lesser_ones_may() -> None:
    order = [PERMISSIONS[role] for role in (Role.VIEWER, Role.OPERATOR, Role.MANAGER, Role.OWNER)]
    assert all(lesser < greater for lesser, greater in pairwise(order))
    assert not any(permission.endswith(":write") for permission in PERMISSIONS[Role.VIEWER])
    assert set(PERMISSIONS) == set(Role)


def test_who_has_no_role_may_nothing_not_even_a_platform_administrator() -> None:
    actor = Actor(new_id(), None, None, is_admin=True, session_id=None, email="a@example.com")
    assert not any(actor.can(permission) for permission in Permission)
