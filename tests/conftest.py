"""Fixtures that cross features: servers, a migrated database, tenants of their own per test, the API in process.

Tests keep apart by tenant: each makes its own, so nothing has to be cleaned between them.
"""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from app.api.app import create_app
from app.core import logging, migrations
from app.core.config import Settings, get_settings
from app.core.database import Database
from app.core.ids import new_id
from app.core.system_session import SystemDatabase
from app.core.tenancy import Scope
from app.queue import registry
from tests.support.servers import TestServers, leave_out_tests_that_need_our_own_server

pytest_plugins = ["tests.support.servers", "tests.support.drain", "tests.support.live", "tests.support.sandbox"]

PASSWORD = "correct horse battery staple"
os.environ.update(ENVIRONMENT="test", SECRET_KEY="a secret of the test suite, forty bytes")
for name in ("DATABASE_URL", "DATABASE_SYSTEM_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
    os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    leave_out_tests_that_need_our_own_server(items)


@pytest.fixture(scope="session")
def settings(servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of the test installation: one URL for all roles, its tables migrated."""
    os.environ.update(
        DATABASE_URL=servers.database_owner_url,
        REDIS_URL=servers.redis_url,
        REDIS_KEY_PREFIX=servers.redis_key_prefix,
        # Tests of the engine restart the server that other tests have connections to.
        DATABASE_PRE_PING="true",
        DATABASE_ROLE_APP=f"{servers.role_prefix}app",
        DATABASE_ROLE_SYSTEM=f"{servers.role_prefix}system",
        DATA_DIR=str(tmp_path_factory.mktemp("data")),
    )
    get_settings.cache_clear()
    made = get_settings()
    migrations.upgrade_blocking(made.database_url)
    registry.load()
    logging.configure(made, process="test", stream=sys.__stderr__)
    yield made
    get_settings.cache_clear()


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The application role's pool."""
    made = Database(settings, pool_size=5)
    yield made
    await made.close()


@pytest.fixture(scope="session")
async def system(settings: Settings) -> AsyncIterator[SystemDatabase]:
    """The system role's pool."""
    made = SystemDatabase(settings)
    yield made
    await made.close()


@pytest.fixture(scope="session")
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API in this process."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            yield client


@dataclass(frozen=True, slots=True)
class Seller:
    """A registered seller: the owner of a tenant, and the headers that prove it."""

    user_id: UUID
    tenant_id: int
    email: str
    password: str
    headers: dict[str, str]

    @property
    def scope(self) -> Scope:
        return Scope(tenant_id=self.tenant_id, user_id=self.user_id)


MakeSeller = Callable[[], Awaitable[Seller]]


@pytest.fixture(scope="session")
def make_seller(api: httpx.AsyncClient) -> MakeSeller:
    """Registers a seller over the API, with a tenant of their own."""

    async def make() -> Seller:
        email = f"seller-{new_id().hex}@example.com"
        answer = await api.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        body = answer.json()
        headers = {"Authorization": f"Bearer {body['access_token']}"}
        user = body["user"]
        return Seller(UUID(user["id"]), user["tenant_id"], email, PASSWORD, headers)

    return make


@pytest.fixture
async def seller(make_seller: MakeSeller) -> Seller:
    """A fresh seller for one test."""
    return await make_seller()
