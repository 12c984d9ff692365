"""Taking an import back: everything it did goes, what others did since stays and is named."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core.database import Database
from app.inventory import ledger
from tests.conftest import Seller
from tests.intake.states import visible
from tests.scraping.feeds import all_products, counters, get, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
HEADER = ("sku", "title", "price", "stock", "category", "brand", "tags", "image_url", "gtin", "description")
LAMP = (
    "LAMP-1",
    "Desk lamp",
    "19.90",
    5,
    "Home > Light",
    "Lumo",
    "a,b",
    "https://x.example/1.jpg",
    "4006381333931",
    "",
)
CHAIR = ("CHAIR-1", "Oak chair", "89.00", 2, "Home > Seats", "Holz", "", "https://x.example/2.jpg", "", "<p>Oak</p>")
OTHER_LAMP = (
    "LAMP-1", "Desk lamp XL", "17.50", 9, "Garden", "Lumo2", "b,c", "https://x.example/3.jpg", "4006381333931", "New",
)  # fmt: skip
VASE = ("VASE-1", "Vase", "5.00", 1, "Garden > Pots", "", "", "", "", "")


async def undo(api: httpx.AsyncClient, seller: Seller, drain: Drain, job: Json) -> Json:
    """Undo a job and answer the undo's own."""
    answer = await api.post(f"/api/v1/jobs/{job['id']}/undo", headers=seller.headers)
    assert answer.status_code == 202, answer.text
    await drain(seller.tenant_id)
    return await get(api, seller, answer.headers["location"])


async def kept(api: httpx.AsyncClient, seller: Seller, job: Json) -> list[Json]:
    items: list[Json] = (await get(api, seller, f"/api/v1/jobs/{job['id']}/items", undone="kept"))["items"]
    return items


async def test_after_the_undo_of_the_only_import_the_catalogue_is_as_before_and_the_file_goes_in_again(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    before = await visible(api, seller)
    job = await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))

    undone = await undo(api, seller, drain, job)

    assert (undone["status"], undone["outcome"], undone["result"]["kept"]) == ("completed", "ok", 0), undone
    assert await visible(api, seller) == before
    again = await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))
    assert counters(again) == (2, 0, 0, 0)
    assert {p["sku"]: (p["price"], p["stock"]) for p in await all_products(api, seller)} == {
        "LAMP-1": ("19.90", 5),
        "CHAIR-1": ("89.00", 2),
    }


async def test_imports_are_undone_one_after_another_back_to_the_beginning(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    empty = await visible(api, seller)
    first = await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))
    between = await visible(api, seller)
    second = await upload(api, seller, drain, sheet(HEADER, OTHER_LAMP, VASE))
    assert counters(second) == (1, 1, 0, 0)

    undone = await undo(api, seller, drain, second)

    assert undone["outcome"] == "ok", undone["result"]
    assert await visible(api, seller) == between
    assert (await undo(api, seller, drain, first))["outcome"] == "ok"
    assert await visible(api, seller) == empty


async def test_the_changes_of_an_import_are_listed_field_by_field(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP))
    job = await upload(api, seller, drain, sheet(HEADER, OTHER_LAMP))

    items = (await get(api, seller, f"/api/v1/jobs/{job['id']}/items", limit=200))["items"]

    assert {(i["kind"], i["field"]): (i["before"], i["after"]) for i in items if i["kind"] in {"variant", "stock"}} == {
        ("variant", "price"): ("19.90", "17.50"),
        ("stock", "stock"): (5, 9),
    }
    of_product = {i["field"]: (i["before"], i["after"]) for i in items if i["kind"] == "product"}
    assert of_product["title"] == ("Desk lamp", "Desk lamp XL")
    assert of_product["tags"] == (["a", "b"], ["b", "c"])
    assert [end["path"] for end in of_product["category"]] == ["Home > Light", "Garden"]
    assert sorted(i["action"] for i in items if i["kind"] == "image") == ["created", "removed"]


async def test_what_was_changed_or_sold_since_stays_and_is_named(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP))
    job = await upload(api, seller, drain, sheet(HEADER, OTHER_LAMP, CHAIR, VASE))
    products = {p["sku"]: p for p in await all_products(api, seller)}
    lamp = products["LAMP-1"]
    edited = await api.patch(f"/api/v1/products/{lamp['id']}", headers=seller.headers, json={"price": "18.00"})
    assert edited.status_code == 200
    edited = await api.patch(
        f"/api/v1/products/{products['VASE-1']['id']}", headers=seller.headers, json={"title": "My vase"}
    )
    assert edited.status_code == 200
    chair = await get(api, seller, f"/api/v1/products/{products['CHAIR-1']['id']}")
    async with database.session(seller.scope) as session:
        await ledger.adjust(session, {UUID(chair["variants"][0]["id"]): -1}, ledger.Cause("sold"), kind="sale")

    undone = await undo(api, seller, drain, job)

    assert (undone["outcome"], undone["result"]["kept"]) == ("partial", 6), undone["result"]
    assert {(i["kind"], i["field"], i["code"]) for i in await kept(api, seller, job)} == {
        ("variant", "price", "changed_since"),
        ("product", None, "changed_since"),
        ("category", None, "category_in_use"),
    }
    now = {p["sku"]: (p["title"], p["price"], p["stock"]) for p in await all_products(api, seller)}
    assert now == {
        "LAMP-1": ("Desk lamp", "18.00", 5),
        "CHAIR-1": ("Oak chair", "89.00", 1),
        "VASE-1": ("My vase", "5.00", 1),
    }
    assert await kept(api, seller, undone) == await kept(api, seller, job)


async def test_quantities_return_as_entries_of_the_ledger(api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP))
    job = await upload(api, seller, drain, sheet(HEADER, OTHER_LAMP))

    undone = await undo(api, seller, drain, job)

    entries = (await get(api, seller, "/api/v1/inventory/LAMP-1/entries"))["items"]
    assert [(e["quantity"], e["on_hand_after"]) for e in entries] == [(-4, 5), (4, 9), (5, 5)]
    assert (entries[0]["reason"], entries[0]["job_id"]) == ("undo", undone["id"])


@pytest.mark.parametrize("of", ["the undo", "a preview"])
async def test_what_cannot_be_undone_is_refused_clearly(
    of: str, api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    if of == "the undo":
        job = await undo(api, seller, drain, await upload(api, seller, drain, sheet(HEADER, LAMP)))
    else:
        job = await upload(api, seller, drain, sheet(HEADER, LAMP), dry_run="true")

    answer = await api.post(f"/api/v1/jobs/{job['id']}/undo", headers=seller.headers)

    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_undoable")
    assert ("undo itself" if of == "the undo" else "preview") in answer.json()["detail"]


async def test_an_import_that_was_undone_cannot_be_retried_and_is_undone_once(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    job = await upload(api, seller, drain, sheet(HEADER, LAMP))
    first, second = await undo(api, seller, drain, job), await undo(api, seller, drain, job)

    assert first["id"] == second["id"]
    assert await all_products(api, seller) == []


async def test_an_offer_beside_goods_of_another_source_goes_and_the_goods_stay(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP))
    before = await visible(api, seller)
    theirs = ("THEIRS-9", "Their lamp", "11.00", 3, "", "", "", "", "4006381333931", "")
    job = await upload(api, seller, drain, sheet(HEADER, theirs), source="Supplier B")
    assert await visible(api, seller) != before

    assert (await undo(api, seller, drain, job))["outcome"] == "ok"

    assert await visible(api, seller) == before
