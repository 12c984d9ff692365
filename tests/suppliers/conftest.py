"""A seller, a vendor of the tests' own, and a worker."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.queue.means import Means
from tests.conftest import Seller
from tests.suppliers.warehouse import Warehouse, registered
from tests.support.engine import Engine

Json = dict[str, Any]
BASE = "/api/v1/suppliers"


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with registered(Warehouse()) as shop:
        yield shop


@pytest.fixture(scope="module")
async def worker(settings: Settings) -> AsyncIterator[Engine]:
    quick = settings.model_copy(update={"job_retry_seconds": 0.01, "job_cancel_poll_seconds": 0.2})
    means = Means(Resources.open(quick, pool_size=4), SystemDatabase(quick, pool_size=2), lambda: False)
    yield Engine(means)
    await means.close()


@dataclass
class Desk:
    """What a seller does and sees over the API."""

    api: httpx.AsyncClient
    seller: Seller
    worker: Engine

    async def ask(self, method: str, path: str, body: Json | None = None, status: int = 200) -> Json:
        url = path if path.startswith("/api") else f"{BASE}{path}"
        answer = await self.api.request(method, url, json=body, headers=self.seller.headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def connect(self, status: int = 201, **more: Any) -> Json:
        return await self.ask("POST", "/connect", {"vendor": "warehouse", "api_key": "key-one"} | more, status)

    async def work(self) -> None:
        """Do what the outbox holds, what was put off included."""
        for _ in range(10):
            async with self.worker.means.system.session() as session:
                due = text("UPDATE outbox SET available_at = now() WHERE tenant_id = :tenant AND sent_at IS NULL")
                await session.execute(due, {"tenant": self.seller.tenant_id})
            if not await self.worker.drain(self.seller.tenant_id):
                return

    async def sync(self, supplier: Json, kind: str = "products", mode: str = "full") -> list[Json]:
        """Start, work, and answer the jobs as they are then."""
        body = {"supplier_id": supplier["id"], "kind": kind, "mode": mode}
        started = await self.ask("POST", "/sync", body, 202)
        await self.work()
        return [await self.ask("GET", f"/api/v1/jobs/{job['id']}") for job in started["jobs"]]

    async def products(self) -> dict[str, Json]:
        """All products by title."""
        items = (await self.ask("GET", "/api/v1/products?limit=200"))["items"]
        return {item["title"]: item for item in items}


@pytest.fixture
def desk(api: httpx.AsyncClient, seller: Seller, worker: Engine) -> Desk:
    return Desk(api, seller, worker)
