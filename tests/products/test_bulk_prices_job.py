"""Changing the prices of more products than a request can: a job that is watched, cancelled in the middle, taken up
again, killed, and undone, and that changes every price exactly once.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import insert, text

from app.core.config import Settings
from app.core.database import Database
from app.core.ids import new_id
from app.core.tenancy import Scope
from app.products import bulk_prices, bulk_prices_job
from app.products.models import Product, Variant
from tests.conftest import PASSWORD
from tests.products.conftest import Json, Shop
from tests.support.engine import Engine, engine
from tests.support.house import House, open_house
from tests.support.servers import TestServers

__all__ = ["engine"]
PATH = "/products/bulk-price-update"
COUNT = 600
ONE_MORE = {"filter": {}, "change": {"type": "amount", "value": "1"}}
FINAL = {"completed", "failed", "cancelled"}


async def fill(database: Database, scope: Scope) -> None:
    """COUNT products whose price is 10; every 100th has none."""
    goods = [
        {"id": new_id(), "title": f"P {number}", "price": None if number % 100 == 7 else 10, "currency": "EUR"}
        for number in range(COUNT)
    ]
    sold = [
        {"id": new_id(), "product_id": one["id"], "price": one["price"], "currency": "EUR", "sku": one["title"]}
        for one in goods
    ]
    async with database.session(scope) as session:
        await session.execute(insert(Product), goods)
        await session.execute(insert(Variant), sold)


@pytest.fixture
async def large(shop: Shop, database: Database) -> Shop:
    """A shop with COUNT products."""
    await fill(database, shop.seller.scope)
    return shop


async def start(shop: Shop, **body: object) -> Json:
    answer = await shop.send("POST", PATH, json={**ONE_MORE, **body})
    assert answer.status_code == 202, answer.text
    found: Json = answer.json()
    assert answer.headers["location"] == f"/api/v1/jobs/{found['job_id']}"
    return found


async def prices(shop: Shop, database: Database) -> Counter[str]:
    async with database.session(shop.seller.scope) as session:
        found = await session.execute(text("SELECT trim_scale(price)::text, count(*) FROM products GROUP BY 1"))
        return Counter({str(row[0]): int(row[1]) for row in found})


async def cancel_at(shop: Shop, engine: Engine, database: Database, address: str, *, done: int) -> None:
    """Work until so many products are done, and cancel then: the job waits for the next one, which is held."""
    async with database.session(shop.seller.scope) as session:
        next_one = (
            f"SELECT FROM products WHERE id = (SELECT id FROM products ORDER BY id OFFSET {done} LIMIT 1) FOR UPDATE"
        )
        await session.execute(text(next_one))
        work = asyncio.create_task(engine.drain(shop.seller.tenant_id))
        async with asyncio.timeout(30):
            while (await shop.get(address))["items_processed"] < done:  # noqa: ASYNC110 (another task changes it)
                await asyncio.sleep(0.1)
        assert (await shop.send("POST", f"{address}/cancel")).status_code == 200
    await work


async def test_a_large_change_is_a_job_and_can_be_undone(large: Shop, engine: Engine, database: Database) -> None:
    accepted = await start(large)
    assert (accepted["status"], accepted["job_type"], accepted["queue"]) == (
        "pending",
        "update_prices_in_bulk",
        "maintenance",
    )
    assert await prices(large, database) == {"10": 594, "None": 6}
    later = await large.make(price="10")
    await engine.drain(large.seller.tenant_id)
    job = await large.get(f"/jobs/{accepted['job_id']}")
    assert (job["status"], job["outcome"], job["progress_percent"]) == ("completed", "partial", 100)
    assert (job["items_total"], job["items_processed"], job["items_failed"]) == (COUNT, COUNT, 6)
    assert job["counters"] == {"changed": 594, "unchanged": 0, "refused": 6}
    assert job["result"]["updated_count"] == 594
    assert await prices(large, database) == {"11": 594, "None": 6, "10": 1}, "a product made later is not meant"
    refused = (await large.get(f"/jobs/{job['id']}/items", action="refused"))["items"]
    assert [item["code"] for item in refused] == ["price_missing"] * 6
    assert all("Set its price first." in item["message"] for item in refused)

    await large.send("POST", f"/jobs/{job['id']}/undo")
    await engine.drain(large.seller.tenant_id)
    assert await prices(large, database) == {"10": 595, "None": 6}
    assert (await large.get(f"/products/{later['id']}"))["version"] == 1


async def test_cancelled_in_the_middle_it_stops_and_a_retry_goes_on_from_there(
    large: Shop, engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_prices_job, "PRODUCTS_AT_ONCE", 50)
    address = f"/jobs/{(await start(large))['job_id']}"
    await cancel_at(large, engine, database, address, done=250)
    job = await large.get(address)
    assert (job["status"], job["items_processed"]) == ("cancelled", 250)
    assert await prices(large, database) == {"11": 247, "10": 347, "None": 6}

    assert (await large.send("POST", f"{address}/retry")).status_code == 202
    await engine.drain(large.seller.tenant_id)
    job = await large.get(address)
    assert (job["status"], job["items_processed"], job["counters"]["changed"]) == ("completed", COUNT, 594)
    assert await prices(large, database) == {"11": 594, "None": 6}


async def test_what_a_cancelled_job_did_can_be_undone(
    large: Shop, engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_prices_job, "PRODUCTS_AT_ONCE", 200)
    address = f"/jobs/{(await start(large))['job_id']}"
    await cancel_at(large, engine, database, address, done=400)
    assert (await prices(large, database))["11"] == 396
    await large.send("POST", f"{address}/undo")
    await engine.drain(large.seller.tenant_id)
    assert await prices(large, database) == {"10": 594, "None": 6}


async def test_all_or_nothing_checks_everything_before_it_changes_anything(
    large: Shop, engine: Engine, database: Database
) -> None:
    address = f"/jobs/{(await start(large, error_policy='reject_everything'))['job_id']}"
    await engine.drain(large.seller.tenant_id)
    job = await large.get(address)
    assert (job["status"], job["outcome"], job["error_code"]) == ("failed", "rejected", "price_update_refused")
    assert (job["items_failed"], job["result"]["refused"]) == (6, 6)
    assert len((await large.get(f"{address}/items"))["items"]) == 6
    assert await prices(large, database) == {"10": 594, "None": 6}

    address = f"/jobs/{(await start(large, filter={'min_price': 1}, error_policy='reject_everything'))['job_id']}"
    await engine.drain(large.seller.tenant_id)
    assert (await large.get(address))["counters"] == {"changed": 594, "unchanged": 0, "refused": 0}
    assert await prices(large, database) == {"11": 594, "None": 6}


async def test_the_job_of_one_seller_leaves_the_goods_of_others_alone(
    large: Shop, shared_shop: Shop, engine: Engine
) -> None:
    foreign = await shared_shop.make(price="10")
    job = await start(large)
    await engine.drain(large.seller.tenant_id)
    assert (await shared_shop.get(f"/products/{foreign['id']}"))["price"] == "10.00"
    for path in ("", "/items"):
        assert (await shared_shop.send("GET", f"/jobs/{job['job_id']}{path}")).status_code == 404
    assert (await shared_shop.send("POST", f"/jobs/{job['job_id']}/undo")).status_code == 404


async def test_many_variants_of_few_products_are_a_job_too(
    shop: Shop, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_prices, "MOST_VARIANTS", 5)
    variants = [{"sku": f"S-{size}", "price": "1", "options": {"Size": str(size)}} for size in range(6)]
    product = await shop.make(variants=variants)
    job = await start(shop, filter=None, ids=[product["id"]])
    await engine.drain(shop.seller.tenant_id)
    assert (await shop.get(f"/jobs/{job['job_id']}"))["counters"]["changed"] == 6
    assert {one["price"] for one in (await shop.get(f"/products/{product['id']}"))["variants"]} == {"2.00"}


@pytest.fixture
def house(servers: TestServers, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An API and a pulse, and no worker yet."""
    with open_house(servers, settings, tmp_path_factory.mktemp("prices")) as opened:
        opened.start_pulse(wait=False)
        yield opened


async def fill_of(settings: Settings, scope: Scope) -> None:
    database = Database(settings, pool_size=1)
    await fill(database, scope)
    await database.close()


@pytest.mark.processes
@pytest.mark.own_server
def test_a_killed_worker_leaves_every_price_changed_once(house: House) -> None:
    with httpx.Client(base_url=f"{house.start_api()}/api/v1", timeout=30) as client:
        body = {"email": f"{new_id()}@example.com", "password": PASSWORD}
        account = client.post("/auth/register", json=body).json()
        client.headers["Authorization"] = f"Bearer {account['access_token']}"
        asyncio.run(fill_of(house.settings, Scope(account["user"]["tenant_id"])))
        accepted = client.post(PATH, json=ONE_MORE)
        address = f"/jobs/{accepted.json()['job_id']}"

        worker = house.start_worker("maintenance", fault_at="prices_batch_written:1:group", wait=False)
        worker.process.wait(60)
        assert worker.process.returncode == -signal.SIGKILL, worker.output()[-2000:]
        assert 0 < client.get(address).json()["items_processed"] < COUNT
        house.start_worker("maintenance", wait=False)
        for _ in range(600):
            job = client.get(address).json()
            if job["status"] in FINAL:
                break
            time.sleep(0.1)

        assert (job["status"], job["attempt"], job["items_processed"]) == ("completed", 2, COUNT)
        assert job["counters"] == {"changed": 594, "unchanged": 0, "refused": 6}
        found = client.get("/products", params={"min_price": "11", "max_price": "11", "page": 1}).json()
        assert found["total"] == 594
