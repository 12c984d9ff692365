"""Taking back what a bulk change did: recorded by triggers, restored where nobody has changed it since."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.core.database import Database
from app.jobs import changes
from app.products import restore, summary
from app.queue.outbox import enqueue
from tests.conftest import Seller

Json = dict[str, Any]
RAISE = text("UPDATE variants SET price = price * 2 WHERE price IS NOT NULL RETURNING product_id")


@pytest.fixture
async def lamps(api: httpx.AsyncClient, seller: Seller) -> list[Json]:
    """Three products at 10.00."""
    made = []
    for number in range(3):
        body = {"title": f"Lamp {number}", "sku": f"L-{number}", "price": "10"}
        answer = await api.post("/api/v1/products", headers=seller.headers, json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
    return made


async def raise_prices(database: Database, seller: Seller, *, recorded: bool = True) -> UUID:
    """Double every price as a bulk change does; answers the job."""
    async with database.session(seller.scope) as session:
        job = await enqueue(session, "test_noop")
        if recorded:
            await changes.record(session, job.id)
        touched = set((await session.execute(RAISE)).scalars())
        await summary.refresh(session, touched)
        return job.id


async def items(api: httpx.AsyncClient, seller: Seller, job_id: UUID, **query: Any) -> list[Json]:
    answer = await api.get(f"/api/v1/jobs/{job_id}/items", headers=seller.headers, params=query)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found


async def price_of(api: httpx.AsyncClient, seller: Seller, product: Json) -> str:
    answer = await api.get(f"/api/v1/products/{product['id']}", headers=seller.headers)
    return str(answer.json()["price"])


async def test_before_and_after_are_kept_under_the_job_and_shown_page_by_page(
    api: httpx.AsyncClient, seller: Seller, database: Database, lamps: list[Json]
) -> None:
    job_id = await raise_prices(database, seller)

    found = await items(api, seller, job_id)
    assert [(item["kind"], item["field"], item["before"], item["after"]) for item in found] == [
        ("variant", "price", "10.00", "20.00")
    ] * 3
    assert {item["product_id"] for item in found} == {lamp["id"] for lamp in lamps}
    first = await api.get(f"/api/v1/jobs/{job_id}/items", headers=seller.headers, params={"limit": 2})
    rest = await items(api, seller, job_id, limit=2, cursor=first.json()["next_cursor"])
    assert first.json()["items"] + rest == found
    assert await items(api, seller, job_id, field="title") == []
    assert await items(api, seller, job_id, action="updated", product_id=lamps[0]["id"]) == found[:1]


async def test_nothing_is_kept_of_what_is_not_recorded(
    api: httpx.AsyncClient, seller: Seller, database: Database, lamps: list[Json]
) -> None:
    job_id = await raise_prices(database, seller, recorded=False)

    assert await items(api, seller, job_id) == []


async def test_restoring_brings_back_what_nobody_has_changed_and_says_why_it_kept_the_rest(
    api: httpx.AsyncClient, seller: Seller, database: Database, lamps: list[Json]
) -> None:
    job_id = await raise_prices(database, seller)
    edited = await api.patch(f"/api/v1/products/{lamps[1]['id']}", headers=seller.headers, json={"price": "33"})
    assert edited.status_code == 200
    await api.delete(f"/api/v1/products/{lamps[2]['id']}", headers=seller.headers)

    async with database.session(seller.scope) as session:
        await restore.restore_products(session, job_id, [UUID(lamp["id"]) for lamp in lamps], job_id)
        counted = await restore.count(session, job_id)

    assert counted == {"restored": 1, "kept": 2, "reasons": {"changed_since": 1, "deleted_since": 1}}
    assert await price_of(api, seller, lamps[0]) == "10.00"
    assert await price_of(api, seller, lamps[1]) == "33.00"
    kept = await items(api, seller, job_id, undone="kept")
    assert {(item["product_id"], item["code"]) for item in kept} == {
        (lamps[1]["id"], "changed_since"),
        (lamps[2]["id"], "deleted_since"),
    }
    assert all(item["message"] for item in kept)


async def test_what_is_restored_has_a_new_entity_tag(
    api: httpx.AsyncClient, seller: Seller, database: Database, lamps: list[Json]
) -> None:
    job_id = await raise_prices(database, seller)
    path = f"/api/v1/products/{lamps[0]['id']}"
    before = (await api.get(path, headers=seller.headers)).headers["etag"]

    async with database.session(seller.scope) as session:
        await restore.restore_products(session, job_id, [UUID(lamps[0]["id"])], job_id)

    assert (await api.get(path, headers=seller.headers)).headers["etag"] != before
