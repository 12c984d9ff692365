"""An export that comes back edited: the edits stand, override locks, and the source does not write them back."""

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx

from tests.conftest import Seller
from tests.intake.test_undo import undo
from tests.scraping.feeds import all_products, counters, report, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
HEADER = ("sku", "title", "brand", "price", "stock", "weight_g")
FEED = sheet(HEADER, ("A", "Lamp", "Lux", "10.00", 3, 500), ("B", "Cup", "Tea", "4.00", 7, 200))


async def edited(api: httpx.AsyncClient, seller: Seller, change: Callable[[dict[str, str]], None]) -> bytes:
    answer = await api.get("/api/v1/products/export", headers=seller.headers, params={"format": "csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    for row in rows:
        change(row)
    return sheet(tuple(rows[0]), *(tuple(row.values()) for row in rows))


async def by_sku(api: httpx.AsyncClient, seller: Seller) -> dict[str, Json]:
    return {product["sku"]: product for product in await all_products(api, seller)}


def edit_lamp(row: dict[str, str]) -> None:
    if row["sku"] == "A":
        row |= {"title": "Lamp of mine", "price": "12.00", "stock": "9"}


async def test_what_is_edited_in_an_export_outlives_the_next_import_of_its_source(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, FEED, source="Supplier")

    job = await upload(api, seller, drain, await edited(api, seller, edit_lamp))

    assert counters(job) == (0, 1, 1, 0), await report(api, seller, job)
    (warning,) = await report(api, seller, job, action="warning")
    assert (warning["code"], warning["message"].endswith("price, title.")) == ("edit_locked", True)
    lamp = (await by_sku(api, seller))["A"]
    assert (lamp["title"], lamp["price"], lamp["locked_fields"]) == ("Lamp of mine", "12.00", ["price", "title"])
    again = await upload(api, seller, drain, FEED, source="Supplier")
    (kept,) = await report(api, seller, again, action="warning")
    assert kept["code"] == "locked_field_kept"
    lamp = (await by_sku(api, seller))["A"]
    assert (lamp["title"], lamp["price"], lamp["brand"], lamp["stock"]) == ("Lamp of mine", "12.00", "Lux", 3)


async def test_an_export_overrides_what_was_locked_before_and_an_undo_gives_all_of_it_back(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, FEED, source="Supplier")
    lamp = (await by_sku(api, seller))["A"]
    path = f"/api/v1/products/{lamp['id']}"
    answer = await api.patch(path, headers=seller.headers, json={"title": "First", "weight_g": 450})
    assert answer.status_code == 200, answer.text

    job = await upload(api, seller, drain, await edited(api, seller, edit_lamp))

    assert [row["code"] for row in await report(api, seller, job, action="warning")] == ["edit_locked"]
    lamp = (await by_sku(api, seller))["A"]
    assert (lamp["title"], lamp["locked_fields"]) == ("Lamp of mine", ["price", "title", "weight_g"])
    assert (await undo(api, seller, drain, job))["outcome"] == "ok"
    lamp = (await by_sku(api, seller))["A"]
    assert (lamp["title"], lamp["price"], lamp["locked_fields"]) == ("First", "10.00", ["title", "weight_g"])


async def test_a_weight_that_a_person_has_set_is_kept(api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    await upload(api, seller, drain, FEED)
    lamp = (await by_sku(api, seller))["A"]
    await api.patch(f"/api/v1/products/{lamp['id']}", headers=seller.headers, json={"weight_g": 450})

    job = await upload(api, seller, drain, FEED)

    (warning,) = await report(api, seller, job, action="warning")
    assert "weight_g" in warning["message"]
    answer = await api.get(f"/api/v1/products/{lamp['id']}", headers=seller.headers)
    assert answer.json()["variants"][0]["weight_g"] == 450


async def test_an_export_as_it_was_locks_nothing(api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    await upload(api, seller, drain, FEED, source="Supplier")

    job = await upload(api, seller, drain, await edited(api, seller, lambda _row: None))

    assert counters(job) == (0, 0, 2, 0)
    assert await report(api, seller, job, action="warning") == []
    assert [product["locked_fields"] for product in await all_products(api, seller)] == [[], []]
