"""A worker whose sandbox is a product API of the test's own."""

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
from tests.support.engine import Engine
from tests.sync.product_api import ProductApi, serve_product_api

Json = dict[str, Any]
SYNC = "/api/v1/sync"


@pytest.fixture
def product_api() -> Iterator[ProductApi]:
    """DummyJSON with its 194 products."""
    with serve_product_api() as api:
        yield api


@pytest.fixture
async def worker(settings: Settings, product_api: ProductApi) -> AsyncIterator[Engine]:
    """The engine of a worker for which the product API is the sandbox."""
    own = settings.model_copy(
        update={"sandbox_url": product_api.url, "job_retry_seconds": 0.01, "job_cancel_poll_seconds": 0.2}
    )
    means = Means(Resources.open(own, pool_size=4), SystemDatabase(own, pool_size=2), lambda: False)
    yield Engine(means)
    await means.close()


@dataclass
class Shop:
    """What a seller does and sees over the API."""

    api: httpx.AsyncClient
    seller: Seller
    worker: Engine

    async def post(self, path: str, body: Json | None = None, status: int = 202) -> Json:
        answer = await self.api.post(f"{SYNC}{path}", json=body, headers=self.seller.headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def get(self, path: str, status: int = 200) -> Json:
        answer = await self.api.get(path, headers=self.seller.headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def work(self) -> None:
        """Do what the outbox holds, what was put off included."""
        for _ in range(20):
            await self._let_pauses_of_the_other_side_pass()
            async with self.worker.means.system.session() as session:
                due = text("UPDATE outbox SET available_at = now() WHERE tenant_id = :tenant AND sent_at IS NULL")
                await session.execute(due, {"tenant": self.seller.tenant_id})
            if not await self.worker.drain(self.seller.tenant_id):
                return

    async def _let_pauses_of_the_other_side_pass(self) -> None:
        redis = self.worker.means.resources.redis
        if keys := [key async for key in redis.client.scan_iter(f"{redis.prefix}lane:*")]:
            await redis.client.delete(*keys)

    async def sync(self, body: Json | None = None) -> Json:
        """Trigger, work, and answer the job as it is then."""
        job = await self.post("/trigger", body)
        await self.work()
        return await self.get(f"/api/v1/jobs/{job['id']}")

    async def status(self) -> Json:
        """How the one connection stands."""
        (only,) = (await self.get(f"{SYNC}/status"))["items"]
        return dict(only)

    async def products(self) -> dict[str, Json]:
        """All products by what their source calls them."""
        found: list[Json] = []
        path: str | None = "/api/v1/products?limit=200"
        while path:
            page = await self.get(path)
            found += page["items"]
            path = f"/api/v1/products?limit=200&cursor={page['next_cursor']}" if page["next_cursor"] else None
        return {product["sources"][0]["external_id"]: product for product in found}


@pytest.fixture
def shop(api: httpx.AsyncClient, seller: Seller, worker: Engine) -> Shop:
    return Shop(api, seller, worker)
