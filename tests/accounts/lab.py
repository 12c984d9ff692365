"""The place where attacks on tokens are tried: the API in process, a victim's account, and what may not change."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from app.accounts.authentication import Authenticator
from app.api.app import create_app
from app.core.config import Settings
from app.core.ids import new_id
from app.core.system_session import SystemDatabase
from tests.accounts.forging import claims_of, forge, our_claims, our_header, secret_of
from tests.conftest import PASSWORD

AUTH = "/api/v1/auth"


@dataclass(frozen=True, slots=True)
class Account:
    """A registered account and its tokens."""

    user_id: UUID
    tenant_id: int | None
    email: str
    access: str
    refresh: str

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.access)

    @property
    def session_id(self) -> UUID:
        return UUID(str(claims_of(self.access)["sid"]))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request of an attacker that has to be refused."""

    path: str = f"{AUTH}/me"
    method: str = "GET"
    headers: Mapping[str, str] | list[tuple[str, str]] = field(default_factory=dict)
    json: object = None


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class Lab:
    """What an attack has to work with."""

    api: httpx.AsyncClient
    app: FastAPI
    settings: Settings
    system: SystemDatabase

    @property
    def authenticator(self) -> Authenticator:
        found: Authenticator = self.app.state.authenticator
        return found

    async def register(self, **more: object) -> Account:
        body = {"email": f"victim-{new_id().hex}@example.com", "password": PASSWORD, **more}
        return self.account(await self.api.post(f"{AUTH}/register", json=body), 201)

    async def log_in(self, account: Account, password: str = PASSWORD) -> Account:
        body = {"email": account.email, "password": password}
        return self.account(await self.api.post(f"{AUTH}/login", json=body), 200)

    def account(self, answer: httpx.Response, status: int) -> Account:
        assert answer.status_code == status, answer.text
        body = answer.json()
        user = body["user"]
        return Account(UUID(user["id"]), user["tenant_id"], user["email"], body["access_token"], body["refresh_token"])

    def forged(self, victim: Account, *, secret: bytes | None = None, **changes: object) -> str:
        """A token like the victim's own with other claims; rightly signed unless a secret is given."""
        claims = our_claims(victim.user_id, victim.session_id, victim.tenant_id, **changes)
        return forge(our_header(self.settings), claims, secret or secret_of(self.settings))

    async def is_let_in(self, access: str) -> bool:
        answer = await self.api.get(f"{AUTH}/me", headers=bearer(access))
        assert answer.status_code in {200, 401, 403}, answer.text
        return answer.status_code == 200

    async def refresh(self, token: str) -> httpx.Response:
        return await self.api.post(f"{AUTH}/refresh", json={"refresh_token": token})

    async def execute(self, statement: str, **values: object) -> None:
        async with self.system.session() as session:
            await session.execute(text(statement), values)

    async def state_of(self, account: Account) -> list[object]:
        """Everything about an account that an attack could change."""
        tables = {"users": "id", "identities": "user_id", "memberships": "user_id", "sessions": "user_id"}
        async with self.system.session() as session:
            found: list[object] = []
            for table, column in tables.items():
                query = text(f"SELECT {table}::text FROM {table} WHERE {column} = :user ORDER BY 1")
                found += (await session.scalars(query, {"user": account.user_id})).all()
            members = text("SELECT memberships::text FROM memberships WHERE tenant_id = :tenant ORDER BY 1")
            found += (await session.scalars(members, {"tenant": account.tenant_id})).all()
        return found


@asynccontextmanager
async def another_process(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a second application over the same servers, as another process would be."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50002))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            yield client
