"""Feeds at an address: downloaded by the job, once, and known again when they have not changed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.queue.means import Means
from app.queue.purge import purge
from tests.api.conftest import changed, open_client
from tests.conftest import Seller
from tests.scraping.feed_host import FeedHost, running_host
from tests.scraping.feeds import all_products, counters, get, report, sheet
from tests.support.drain import Drain, drain_by

Json = dict[str, Any]
FEED = "/api/v1/scraping/feed"
LAMP = sheet(("sku", "title", "price"), ("L-1", "Lamp", "5"), ("L-2", "Shade", "abc"))


@pytest.fixture(scope="module")
async def host() -> AsyncIterator[FeedHost]:
    """The supplier's server; its origin is allowed as that of the sandbox is."""
    async with running_host() as made:
        yield made


@pytest.fixture(scope="module")
def reachable(settings: Settings, host: FeedHost) -> Settings:
    return changed(settings, sandbox_url=host.origin, upload_max_bytes=100_000, job_retry_seconds=0.0)


@pytest.fixture(scope="module")
async def client(reachable: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(reachable) as made:
        yield made


@pytest.fixture(scope="module")
async def work(reachable: Settings) -> AsyncIterator[Drain]:
    opened = Means(Resources.open(reachable, pool_size=3), SystemDatabase(reachable), lambda: False)
    yield drain_by(opened)
    await opened.close()


async def bring(client: httpx.AsyncClient, seller: Seller, work: Drain, url: str, **fields: Any) -> Json:
    answer = await client.post(FEED, headers=seller.headers, json={"url": url, **fields})
    assert answer.status_code == 202, answer.text
    await work(seller.tenant_id)
    return await get(client, seller, answer.headers["location"])


async def test_a_feed_at_an_address_goes_the_same_road_as_an_upload(
    client: httpx.AsyncClient, seller: Seller, work: Drain, host: FeedHost
) -> None:
    host.files["/lamps.csv"] = LAMP
    job = await bring(client, seller, work, f"{host.origin}/lamps.csv?token=hidden", source="Lamps")
    assert (job["status"], job["error_code"]) == ("failed", "vendor_not_found"), job
    job = await bring(client, seller, work, f"{host.origin}/lamps.csv", source="Lamps")
    assert (job["outcome"], counters(job)) == ("partial", (1, 0, 0, 1)), job
    assert job["result"]["download"]["size"] == len(LAMP)
    assert job["result"]["download"]["filename"] == "lamps.csv"
    (rejected,) = await report(client, seller, job, action="rejected")
    assert rejected["code"] == "price_invalid"
    assert [product["sku"] for product in await all_products(client, seller)] == ["L-1"]


@pytest.mark.parametrize("has_etags", [True, False])
async def test_the_same_file_again_is_known_and_said_to_be_unchanged(
    has_etags: bool, client: httpx.AsyncClient, seller: Seller, work: Drain, host: FeedHost
) -> None:
    host.has_etags = has_etags
    host.files["/same.csv"] = LAMP
    url = f"{host.origin}/same.csv"
    await bring(client, seller, work, url)
    host.sent.clear()

    again = await bring(client, seller, work, url)
    assert host.sent == [("/same.csv", 304 if has_etags else 200)]
    assert (again["outcome"], again["result"]["file_unchanged"]) == ("ok", True)
    assert counters(again) == (0, 0, 0, 0)
    otherwise = await bring(client, seller, work, url, mapping={"title": "ignore"})
    assert "file_unchanged" not in otherwise["result"]

    await bring(client, seller, work, url)
    host.files["/same.csv"] = LAMP.replace(b"5", b"7")
    newer = await bring(client, seller, work, url)
    assert "file_unchanged" not in newer["result"]
    assert [product["price"] for product in await all_products(client, seller)] == ["7.00"]
    host.has_etags = True


async def test_an_import_that_was_taken_back_is_made_again(
    client: httpx.AsyncClient, seller: Seller, work: Drain, host: FeedHost
) -> None:
    host.files["/back.csv"] = LAMP
    first = await bring(client, seller, work, f"{host.origin}/back.csv")
    undone = await client.post(f"/api/v1/jobs/{first['id']}/undo", headers=seller.headers)
    assert undone.status_code == 202, undone.text
    await work(seller.tenant_id)
    assert await all_products(client, seller) == []
    again = await bring(client, seller, work, f"{host.origin}/back.csv")
    assert "file_unchanged" not in again["result"]
    assert len(await all_products(client, seller)) == 1


@pytest.mark.parametrize(
    ("url", "code", "word"),
    [
        ("http://user:pass@shop.example/feed.csv", "address_not_allowed", "user name"),
        ("http://127.0.0.1:1/feed.csv", "address_not_allowed", "public"),
        ("http://169.254.169.254/latest/meta-data", "address_not_allowed", "public"),
        ("ftp://shop.example/feed.csv", "address_not_allowed", "http://"),
        ("feed.csv", "address_not_allowed", "http://"),
        ("", "validation_failed", "url"),
    ],
)
async def test_an_address_that_is_not_called_starts_no_job(
    url: str, code: str, word: str, client: httpx.AsyncClient, seller: Seller
) -> None:
    for address in (FEED, f"{FEED}/inspect"):
        answer = await client.post(address, headers=seller.headers, json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert word in answer.json()["detail"]
    assert (await get(client, seller, "/api/v1/jobs"))["items"] == []


@pytest.mark.parametrize(
    "failing",
    [
        (b"HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n", "vendor_not_found"),
        (b"HTTP/1.1 401 -\r\nContent-Length: 0\r\n\r\n", "credentials_rejected"),
        (b"HTTP/1.1 200 -\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000, "vendor_answer_too_large"),
        (b"HTTP/1.1 200 -\r\nContent-Length: 15\r\n\r\n<!doctype html>", "feed_format_unsupported"),
        (b"HTTP/1.1 302 -\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n", "address_not_allowed"),
    ],
)
async def test_a_download_that_fails_says_why_on_the_job_and_changes_nothing(
    failing: tuple[bytes, str], client: httpx.AsyncClient, seller: Seller, work: Drain, host: FeedHost
) -> None:
    host.answers["/bad.csv"], code = failing
    job = await bring(client, seller, work, f"{host.origin}/bad.csv")
    assert (job["status"], job["outcome"], job["error_code"]) == ("failed", "rejected", code), job
    assert job["error_message"]
    assert await all_products(client, seller) == []


async def test_the_same_key_starts_one_import(
    client: httpx.AsyncClient, seller: Seller, host: FeedHost, work: Drain
) -> None:
    headers = {**seller.headers, "Idempotency-Key": "once"}
    host.files["/once.csv"] = LAMP
    body = {"url": f"{host.origin}/once.csv"}
    first, again = [await client.post(FEED, headers=headers, json=body) for _ in range(2)]
    assert first.json() == again.json()
    other = await client.post(FEED, headers=headers, json={**body, "source": "Other"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await get(client, seller, "/api/v1/jobs"))["items"]) == 1
    await work(seller.tenant_id)


async def test_a_file_at_an_address_can_be_looked_at(client: httpx.AsyncClient, seller: Seller, host: FeedHost) -> None:
    host.files["/look.csv"] = LAMP
    answer = await client.post(f"{FEED}/inspect", headers=seller.headers, json={"url": f"{host.origin}/look.csv"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["filename"], found["size"], found["head_only"]) == ("look.csv", len(LAMP), False)
    assert [row["product"] and row["product"]["external_id"] for row in found["rows"]] == ["L-1", None]
    missing = await client.post(f"{FEED}/inspect", headers=seller.headers, json={"url": f"{host.origin}/none.csv"})
    assert (missing.status_code, missing.json()["code"]) == (422, "vendor_not_found")
    host.answers["/down.csv"] = b"HTTP/1.1 503 -\r\nContent-Length: 0\r\n\r\n"
    down = await client.post(f"{FEED}/inspect", headers=seller.headers, json={"url": f"{host.origin}/down.csv"})
    assert (down.status_code, down.json()["code"]) == (422, "address_silent")


async def test_what_a_job_has_downloaded_goes_with_the_job(
    client: httpx.AsyncClient,
    seller: Seller,
    work: Drain,
    host: FeedHost,
    *,
    system: SystemDatabase,
    settings: Settings,
) -> None:
    host.files["/lamps.csv"] = LAMP
    job = await bring(client, seller, work, f"{host.origin}/lamps.csv", source="Lamps")
    kept = Path(settings.storage_dir) / "tenants" / str(seller.tenant_id) / "feeds"
    assert [path.name for path in kept.iterdir()] == [job["id"]]
    async with system.session() as session:
        aged = text("UPDATE jobs SET completed_at = now() - interval '91 days' WHERE id = :id")
        await session.execute(aged, {"id": job["id"]})

    await purge(system, 90)
    await work(seller.tenant_id)

    assert list(kept.iterdir()) == []
