"""Uploading a feed as a client does, and what came of it."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from tests.conftest import Seller
from tests.support.drain import Drain

Json = dict[str, Any]


def sheet(header: Sequence[str], *rows: Sequence[object]) -> bytes:
    """A CSV file."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([header, *rows])
    return buffer.getvalue().encode()


async def upload(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, content: bytes, filename: str = "feed.csv", **fields: str
) -> Json:
    """Upload a file, run its import, and answer the finished job."""
    answer = await api.post(
        "/api/v1/scraping/feed", headers=seller.headers, files={"file": (filename, content)}, data=fields
    )
    assert answer.status_code == 202, answer.text
    await drain(seller.tenant_id)
    return await get(api, seller, answer.headers["location"])


async def get(api: httpx.AsyncClient, seller: Seller, path: str, **query: Any) -> Json:
    """The JSON of a GET that must succeed."""
    answer = await api.get(path, headers=seller.headers, params=query)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


async def all_products(api: httpx.AsyncClient, seller: Seller) -> list[Json]:
    """Every product of a seller, page by page."""
    products: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(api, seller, "/api/v1/products", limit=200, **cursor)
        products += page["items"]
        if page["next_cursor"] is None:
            return products
        cursor = {"cursor": page["next_cursor"]}


async def report(api: httpx.AsyncClient, seller: Seller, job: Json, **query: Any) -> list[Json]:
    """The rows of an import's report."""
    page = await get(api, seller, f"/api/v1/scraping/feed/{job['id']}/report", limit=200, **query)
    rows: list[Json] = page["items"]
    return rows


def counters(job: Json, names: Iterable[str] = ("created", "updated", "unchanged", "rejected")) -> tuple[int, ...]:
    """The named counters of a finished import."""
    return tuple(job["result"][name] for name in names)
