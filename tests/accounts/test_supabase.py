"""Tokens of the installation's Supabase project: a person of theirs is a seller of ours from the first request on."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from app.accounts.models import Identity, User
from app.core.config import Settings
from app.core.ids import new_id
from app.core.system_session import SystemDatabase
from tests.accounts.forging import forge, our_claims
from tests.accounts.lab import AUTH, Account, another_process, bearer

SECRET = "the secret of a supabase project, 40 byt"
PROJECT = "https://abcdefgh.supabase.co"
ISSUER = f"{PROJECT}/auth/v1"


@pytest.fixture
async def project_api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The API of an installation with a Supabase project."""
    changes = {"supabase_jwt_secret": SecretStr(SECRET), "supabase_url": PROJECT}
    async with another_process(settings.model_copy(update=changes)) as client:
        yield client


def token_of(subject: str, address: str, **changes: object) -> str:
    claims = {name: value for name, value in our_claims().items() if name not in {"jti", "tid", "sid"}}
    claims |= {"iss": ISSUER, "aud": "authenticated", "role": "authenticated", "sub": subject, "email": address}
    claims |= {"is_anonymous": False, "session_id": str(new_id()), "user_metadata": {"role": "admin"}}
    return forge({"alg": "HS256", "typ": "JWT", "kid": "of the project"}, claims | changes, SECRET.encode())


def new_person() -> tuple[str, str]:
    return str(new_id()), f"person-{new_id().hex}@example.com"


async def count(system: SystemDatabase, email: str) -> tuple[int | None, int | None]:
    async with system.session() as session:
        users = await session.scalar(select(func.count()).where(User.email == email))
        identities = await session.scalar(
            select(func.count())
            .select_from(Identity)
            .join(User, User.id == Identity.user_id)
            .where(User.email == email)
        )
        return users, identities


async def test_a_person_seen_first_gets_a_sellers_account_and_keeps_it(
    project_api: httpx.AsyncClient, system: SystemDatabase
) -> None:
    subject, email = new_person()
    first = await project_api.get(f"{AUTH}/me", headers=bearer(token_of(subject, email)))
    assert first.status_code == 200, first.text
    user = first.json()
    assert (user["email"], user["role"], user["is_admin"]) == (email, "owner", False)
    again = await project_api.get(f"{AUTH}/me", headers=bearer(token_of(subject, email)))
    assert again.json() == user
    products = await project_api.get("/api/v1/products", headers=bearer(token_of(subject, email)))
    assert products.status_code == 200
    assert await count(system, email) == (1, 1)


async def test_first_requests_sent_at_once_make_one_account(
    project_api: httpx.AsyncClient, system: SystemDatabase
) -> None:
    subject, email = new_person()
    answers = await asyncio.gather(
        *(project_api.get(f"{AUTH}/me", headers=bearer(token_of(subject, email))) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await count(system, email) == (1, 1)


async def test_the_same_address_is_no_proof_of_owning_the_account(
    project_api: httpx.AsyncClient, system: SystemDatabase, victim: Account
) -> None:
    subject, _ = new_person()
    answer = await project_api.get(f"{AUTH}/me", headers=bearer(token_of(subject, victim.email)))
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert await count(system, victim.email) == (1, 1)


async def test_the_same_subject_of_another_issuer_is_somebody_else(settings: Settings) -> None:
    subject, email = new_person()
    open_issuer = {"supabase_jwt_secret": SecretStr(SECRET)}
    async with another_process(settings.model_copy(update=open_issuer)) as client:
        one = await client.get(f"{AUTH}/me", headers=bearer(token_of(subject, email)))
        other = token_of(subject, f"b{email}", iss="https://zyxwvuts.supabase.co/auth/v1")
        two = await client.get(f"{AUTH}/me", headers=bearer(other))
    assert (one.status_code, two.status_code) == (200, 200)
    assert one.json()["id"] != two.json()["id"]


async def test_an_issuer_called_like_us_opens_no_account_of_ours(settings: Settings, victim: Account) -> None:
    open_issuer = {"supabase_jwt_secret": SecretStr(SECRET)}
    async with another_process(settings.model_copy(update=open_issuer)) as client:
        forged = token_of(str(victim.user_id), victim.email, iss="crossdock")
        answer = await client.get(f"{AUTH}/me", headers=bearer(forged))
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"role": "anon"}, 401),
        ({"role": "service_role"}, 401),
        ({"is_anonymous": True}, 401),
        ({"iss": "https://evil.example/auth/v1"}, 401),
        ({"aud": "anon"}, 401),
        ({"exp": 1}, 401),
        ({"email": ""}, 422),
    ],
)
async def test_other_tokens_of_the_project_make_nothing(
    project_api: httpx.AsyncClient, system: SystemDatabase, change: dict[str, object], status: int
) -> None:
    subject, email = new_person()
    answer = await project_api.get(f"{AUTH}/me", headers=bearer(token_of(subject, email, **change)))
    assert answer.status_code == status, answer.text
    assert await count(system, email) == (0, 0)


async def test_logging_out_ends_nothing_here_and_says_so(project_api: httpx.AsyncClient) -> None:
    headers = bearer(token_of(*new_person()))
    answer = await project_api.post(f"{AUTH}/logout", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"id": None, "deleted": True})
