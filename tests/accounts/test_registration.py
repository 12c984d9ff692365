"""Registering: what a new account is given, what is refused, and that a registration is whole or nothing."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import Identity, Membership, Tenant, User
from app.core import migrations
from app.core.config import Settings
from app.core.database import Database
from app.core.ids import new_id
from app.core.system_session import SystemDatabase
from app.core.tenancy import Scope
from tests.accounts.lab import another_process
from tests.api.conftest import changed, open_client
from tests.conftest import PASSWORD, Seller

REGISTER = "/api/v1/auth/register"


def new_email() -> str:
    return f"someone-{new_id().hex}@example.com"


async def test_a_seller_gets_tokens_a_tenant_and_a_schema_at_the_newest_revision(
    api: httpx.AsyncClient, database: Database
) -> None:
    email = new_email()
    answer = await api.post(
        REGISTER,
        json={
            "email": email,
            "password": PASSWORD,
            "full_name": "Robin Seller",
            "currency": "usd",
            "locale": "de",
            "timezone": "Europe/Berlin",
        },
    )
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 900
    user = body["user"]
    assert (user["email"], user["name"], user["role"], user["is_admin"]) == (email, "Robin Seller", "owner", False)
    tenant = user["tenant"]
    assert (tenant["currency"], tenant["locale"], tenant["timezone"]) == ("USD", "de", "Europe/Berlin")
    async with database.session(Scope(tenant_id=tenant["id"], user_id=UUID(user["id"]))) as session:
        assert await session.scalar(text("SELECT version_num FROM schema_version")) == migrations.head("tenant")
        assert await session.scalar(select(Tenant.revision)) == migrations.head("tenant")


async def test_a_shopper_gets_no_tenant(api: httpx.AsyncClient) -> None:
    answer = await api.post(REGISTER, json={"email": new_email(), "password": PASSWORD, "account": "shopper"})
    assert answer.status_code == 201
    user = answer.json()["user"]
    assert (user["tenant"], user["role"], user["tenants"]) == (None, None, [])


async def test_first_and_last_name_make_the_name(api: httpx.AsyncClient) -> None:
    body = {"email": new_email(), "password": PASSWORD, "first_name": "Ada", "last_name": "Byron"}
    answer = await api.post(REGISTER, json=body)
    assert answer.json()["user"]["name"] == "Ada Byron"


async def test_an_address_is_taken_in_whatever_case(api: httpx.AsyncClient, seller: Seller) -> None:
    answer = await api.post(REGISTER, json={"email": seller.email.upper(), "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize("password", ["short", "password1", "12345678", "aaaaaaaaaaaa", "admin123"])
async def test_a_password_that_is_guessed_soon_is_refused_in_production_with_advice(
    settings: Settings, system: SystemDatabase, password: str
) -> None:
    email = new_email()
    async with open_client(changed(settings, environment="production")) as live:
        answer = await live.post(REGISTER, json={"email": email, "password": password})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "weak_password")
    assert problem["errors"][0]["loc"] == ["body", "password"]
    assert password not in answer.text
    assert await count_users(system, email) == 0


async def test_elsewhere_eight_characters_of_any_kind_will_do(api: httpx.AsyncClient, system: SystemDatabase) -> None:
    for password, status in (("admin123", 201), ("        ", 201), ("7 chars", 422)):
        email = new_email()
        answer = await api.post(REGISTER, json={"email": email, "password": password})
        assert answer.status_code == status, answer.text
        assert await count_users(system, email) == (status == 201)


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "no address"},
        {"email": "nul\x00@example.com"},
        {"password": "with a \x00 inside it"},
        {"password": "x" * 1025},
        {"name": ""},
        {"currency": "XXQ"},
        {"timezone": "Mars/Olympus"},
        {"locale": "a language"},
        {"account": "platform"},
        {"is_admin": True},
        {"tenant_id": 1},
        {"disabled_at": None},
    ],
)
async def test_wrong_and_privileged_fields_are_refused(
    api: httpx.AsyncClient, system: SystemDatabase, wrong: dict[str, object]
) -> None:
    email = new_email()
    answer = await api.post(REGISTER, json={"email": email, "password": PASSWORD, **wrong})
    assert answer.status_code == 422, answer.text
    assert isinstance(answer.json()["detail"], str)
    assert await count_users(system, email) == 0


@pytest.fixture
async def no_admin(system: SystemDatabase) -> AsyncIterator[None]:
    """An installation without an administrator."""
    demote = text("UPDATE users SET is_admin = false WHERE is_admin")
    async with system.session() as session:
        await session.execute(demote)
    yield
    async with system.session() as session:
        await session.execute(demote)


@pytest.mark.usefixtures("no_admin")
async def test_of_many_who_ask_one_becomes_the_first_administrator_with_a_tenant(api: httpx.AsyncClient) -> None:
    bodies = [{"email": new_email(), "password": PASSWORD, "role": "admin", "account": "shopper"} for _ in range(6)]
    answers = await asyncio.gather(*(api.post(REGISTER, json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403, 403, 403]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 403} == {"admin_not_allowed"}
    [first] = [answer.json()["user"] for answer in answers if answer.status_code == 201]
    assert first["is_admin"]
    assert first["tenant"]["role"] == "owner"


@pytest.mark.usefixtures("no_admin")
async def test_in_production_only_the_named_address_becomes_administrator(settings: Settings) -> None:
    named = new_email()
    live = settings.model_copy(update={"environment": "production", "admin_email": named.upper()})
    async with another_process(live) as client:
        body = {"email": new_email(), "password": PASSWORD, "role": "admin"}
        answer = await client.post(REGISTER, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "admin_not_allowed")
        answer = await client.post(REGISTER, json={"email": named, "password": PASSWORD})
        assert answer.json()["user"]["is_admin"]
        answer = await client.post(REGISTER, json={"email": new_email(), "password": PASSWORD})
        assert not answer.json()["user"]["is_admin"]


REGISTERING = """
import asyncio, sys
import httpx
from app.api.app import create_app

async def main():
    app = create_app()
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            await client.post("/api/v1/auth/register", json={"email": sys.argv[1], "password": sys.argv[2]})

asyncio.run(main())
"""


async def test_a_registration_killed_in_the_middle_leaves_nothing(settings: Settings, system: SystemDatabase) -> None:
    email = new_email()
    owner = migrations.owner_engine(settings.database_url)
    before = await count_rows(system)
    async with owner.connect() as connection:
        # Registering writes its refresh token last. With that table locked it stands still after the schema is made.
        await connection.execute(text("LOCK TABLE refresh_tokens IN ACCESS EXCLUSIVE MODE"))
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", REGISTERING, email, PASSWORD)
        await eventually(lambda: waits_for_lock(connection))
        child.kill()
        await child.wait()
        await connection.rollback()
        await eventually(lambda: nobody_waits_or_idles(connection))
    await owner.dispose()
    assert await count_rows(system) == before
    assert await count_users(system, email) == 0


async def waits_for_lock(connection: AsyncConnection) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'refresh_tokens'::regclass"
    return bool(await connection.scalar(text(waiting)))


async def nobody_waits_or_idles(connection: AsyncConnection) -> bool:
    await connection.rollback()
    holding = "SELECT count(*) FROM pg_locks WHERE relation = 'refresh_tokens'::regclass AND pid <> pg_backend_pid()"
    return not await connection.scalar(text(holding))


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 (another process changes it)
            await asyncio.sleep(0.05)


async def count_users(system: SystemDatabase, email: str) -> int | None:
    async with system.session() as session:
        return await session.scalar(select(func.count()).where(User.email == email))


async def count_rows(system: SystemDatabase) -> list[int | None]:
    async with system.session() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(model))
            for model in (User, Identity, Tenant, Membership)
        ]
        schemas = await session.scalar(text("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^user_[0-9]+$'"))
        return [*counts, schemas]
