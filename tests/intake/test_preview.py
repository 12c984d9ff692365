"""Previews: the same report as the import's, with every difference, and not a trace in the catalogue."""

from typing import Any

import httpx
import pytest

from app.core.database import Database
from tests.conftest import Seller
from tests.intake.states import checksums
from tests.scraping.feeds import all_products, counters, get, report, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
HEADER = ("sku", "title", "price", "stock", "category", "image_url")
LAMP = ("LAMP-1", "Desk lamp", "19.90", 5, "Home > Light", "https://x.example/1.jpg")
CHAIR = ("CHAIR-1", "Oak chair", "89.00", 2, "Home > Seats", "")
CHANGED = (
    ("LAMP-1", "Desk lamp XL", "17.50", 9, "Garden > New", "https://x.example/2.jpg"),
    ("VASE-1", "Vase", "5.00", 1, "Garden > New", ""),
    ("BAD-1", "Bad", "abc", 1, "", ""),
    ("LAMP-1", "Again", "1.00", 1, "", ""),
)
# Ids of what is made are made anew by the import.
FRESH = ("product_id", "entity_id", "id")


def comparable(rows: list[Json]) -> list[Json]:
    """Report rows without the ids of new things, which a preview and its import make each for themselves."""

    def plain(change: Json) -> Json:
        kept = {name: value for name, value in change.items() if name not in FRESH}
        for end in ("before", "after"):
            if change["kind"] == "category" or change["field"] == "category":
                kept[end] = change[end] and change[end]["path"]
            elif change["kind"] == "identity" and change[end]:
                kept[end] = {name: value for name, value in change[end].items() if name != "source_id"}
        return kept

    return [
        {
            **{name: value for name, value in row.items() if name not in FRESH},
            "changes": sorted((plain(change) for change in row["changes"]), key=str),
        }
        for row in rows
    ]


@pytest.mark.parametrize("source", ["upload", "Never seen before"])
async def test_a_preview_leaves_every_table_as_it_was(
    source: str, api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))
    before = await checksums(database, seller)

    job = await upload(api, seller, drain, sheet(HEADER, *CHANGED), dry_run="true", mode="full", source=source)

    assert (job["status"], job["result"]["dry_run"]) == ("completed", True), job
    assert await checksums(database, seller) == before


async def test_a_preview_and_its_import_give_equal_reports(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))
    content = sheet(HEADER, *CHANGED)

    preview = await upload(api, seller, drain, content, dry_run="true", mode="full")
    real = await upload(api, seller, drain, content, mode="full")

    names = ("created", "updated", "unchanged", "rejected", "archived", "warnings")
    assert counters(preview, names) == counters(real, names) == (1, 1, 0, 2, 1, 0)
    shown, done = await report(api, seller, preview), await report(api, seller, real)
    assert comparable(shown) == comparable(done)
    lamp = next(row for row in shown if row["external_id"] == "LAMP-1" and row["action"] == "updated")
    assert {(change["kind"], change["field"]): (change["before"], change["after"]) for change in lamp["changes"]}[
        "variant", "price"
    ] == ("19.90", "17.50")
    archived = shown[-1]
    assert (archived["action"], archived["line"], archived["code"]) == ("archived", None, "gone_from_source")
    items = (await get(api, seller, f"/api/v1/jobs/{preview['id']}/items", field="price", kind="variant"))["items"]
    assert [(item["before"], item["after"]) for item in items] == [("19.90", "17.50")]


async def test_what_a_preview_would_create_has_no_address_and_new_categories_no_id(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP))

    job = await upload(api, seller, drain, sheet(HEADER, *CHANGED), dry_run="true")

    (created,) = await report(api, seller, job, action="created")
    assert created["product_id"] is None
    items = (await get(api, seller, f"/api/v1/jobs/{job['id']}/items", limit=200))["items"]
    (moved,) = [item for item in items if item["field"] == "category"]
    assert moved["after"] == {"id": None, "path": "Garden > New"}
    assert sorted(i["after"]["path"] for i in items if i["kind"] == "category") == ["Garden", "Garden > New"]


async def test_locked_fields_are_named_in_the_preview(api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP))
    (lamp,) = await all_products(api, seller)
    await api.patch(f"/api/v1/products/{lamp['id']}", headers=seller.headers, json={"title": "My lamp"})

    job = await upload(api, seller, drain, sheet(HEADER, CHANGED[0]), dry_run="true")

    (warning,) = await report(api, seller, job, action="warning")
    assert (warning["code"], "title" in warning["message"]) == ("locked_field_kept", True)
    items = (await get(api, seller, f"/api/v1/jobs/{job['id']}/items", field="title"))["items"]
    assert items == []


async def test_a_preview_over_several_batches_tells_of_every_product(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    rows = [(f"S-{n}", f"Thing {n}", "10.00", 1, "Home", "") for n in range(1100)]
    await upload(api, seller, drain, sheet(HEADER, *rows))
    changed = [(sku, title, "11.00", stock, "Garden", image) for sku, title, _, stock, _, image in rows]

    job = await upload(api, seller, drain, sheet(HEADER, *changed), dry_run="true")

    assert counters(job) == (0, 1100, 0, 0)
    query = {"field": "price", "kind": "variant", "include_total": True, "limit": 1}
    page = await get(api, seller, f"/api/v1/jobs/{job['id']}/items", **query)
    assert page["total"] == 1100
    assert {product["price"] for product in await all_products(api, seller)} == {"10.00"}
