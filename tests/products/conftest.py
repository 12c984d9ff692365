"""A catalogue to work on: a client of one seller, and makers of products over the API."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conftest import MakeSeller, Seller

Json = dict[str, Any]
BASE = "/api/v1"


@dataclass(frozen=True, slots=True)
class Shop:
    """The API as one seller uses it."""

    api: httpx.AsyncClient
    seller: Seller

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.seller.headers, **options.pop("headers", {})}
        return await self.api.request(method, BASE + path, headers=headers, **options)

    async def get(self, path: str, **parameters: object) -> Json:
        answer = await self.send("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def make(self, **fields: object) -> Json:
        answer = await self.send("POST", "/products", json={"title": "Thing", **fields})
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    async def change(self, product_id: str, query: str = "", **fields: object) -> httpx.Response:
        return await self.send("PATCH", f"/products/{product_id}{query}", json=fields)


MakeShop = Callable[[], Awaitable[Shop]]


@pytest.fixture
async def shop(api: httpx.AsyncClient, seller: Seller) -> Shop:
    """A shop of a fresh seller."""
    return Shop(api, seller)


@pytest.fixture(scope="session")
async def shared_shop(api: httpx.AsyncClient, make_seller: MakeSeller) -> Shop:
    """A shop for tests that only read what they made themselves, or refuse to write."""
    return Shop(api, await make_seller())


def codes(answer: httpx.Response) -> list[str]:
    """The codes of the wrong fields of a refusal."""
    return [error["code"] for error in answer.json().get("errors", [])]
