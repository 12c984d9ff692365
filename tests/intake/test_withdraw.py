"""Variants that a full import no longer names have no stock until they are named again; previewed, undone, asked."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Seller
from tests.intake.states import checksums
from tests.intake.test_full import steer
from tests.intake.test_undo import undo
from tests.scraping.feeds import all_products, counters, get, report, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
HEADER = ("id", "item_group_id", "title", "price", "quantity", "size", "gtin")
SIZES = ("S", "M", "L")


def shirts(count: int, sizes: tuple[str, ...] = SIZES, stock: object = 5) -> list[tuple[object, ...]]:
    return [
        (f"T{number}-{size}", f"T{number}", f"Shirt {number}", "10.00", stock, size, "")
        for number in range(count)
        for size in sizes
    ]


async def levels(api: httpx.AsyncClient, seller: Seller) -> list[int]:
    products = [await get(api, seller, f"/api/v1/products/{p['id']}") for p in await all_products(api, seller)]
    return sorted(variant["stock"] for product in products for variant in product["variants"])


async def offers(database: Database, seller: Seller) -> dict[str, int | None]:
    async with database.session(seller.scope) as session:
        rows = await session.execute(text("SELECT external_id, stock FROM offers"))
        return {row[0]: row[1] for row in rows}


async def test_a_variant_that_vanishes_has_no_stock_until_it_is_named_again(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *shirts(1)))

    job = await upload(api, seller, drain, sheet(HEADER, *shirts(1, ("S", "M"))), mode="full")

    assert counters(job, ("created", "updated", "unchanged", "archived", "warnings")) == (0, 1, 0, 0, 1)
    (warning,) = await report(api, seller, job, action="warning")
    assert (warning["code"], warning["external_id"]) == ("variant_gone_from_source", "T0-L")
    assert await offers(database, seller) == {"T0-S": 5, "T0-M": 5, "T0-L": 0}
    assert await levels(api, seller) == [0, 5, 5]

    again = await upload(api, seller, drain, sheet(HEADER, *shirts(1, ("S", "M"))), mode="full")
    assert counters(again, ("updated", "warnings")) == (0, 0)
    back = await upload(api, seller, drain, sheet(HEADER, *shirts(1)), mode="full")
    assert counters(back, ("updated", "warnings")) == (1, 0)
    assert await levels(api, seller) == [5, 5, 5]


async def test_a_preview_shows_the_vanished_variant_and_an_undo_brings_it_back(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    first = await upload(api, seller, drain, sheet(HEADER, *shirts(2)))
    changed = [*shirts(1, ("S", "M")), *shirts(2, ("S", "M", "L"))[3:]]
    before = await offers(database, seller)

    seen = await upload(api, seller, drain, sheet(HEADER, *changed), mode="full", dry_run="true")

    assert await offers(database, seller) == before
    job = await upload(api, seller, drain, sheet(HEADER, *changed), mode="full")
    shown, done = [
        [
            (change["kind"], change["field"], change["before"], change["after"])
            for change in (await get(api, seller, f"/api/v1/jobs/{one['id']}/items", limit=200))["items"]
        ]
        for one in (seen, job)
    ]
    assert shown == done
    assert [change for change in done if change[1] == "stock"] == [("offer", "stock", 5, 0), ("stock", "stock", 5, 0)]
    assert (await report(api, seller, seen, action="warning"))[0]["external_id"] == "T0-L"

    assert (await undo(api, seller, drain, job))["outcome"] == "ok"
    assert await offers(database, seller) == before
    assert set(await levels(api, seller)) == {5}
    assert (await undo(api, seller, drain, first))["outcome"] == "ok"
    assert await all_products(api, seller) == []


@pytest.mark.parametrize("why", ["partial", "rejected", "renamed", "uncounted"])
async def test_a_variant_that_may_still_be_there_keeps_its_stock(
    why: str, api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    known = [(*row[:6], "4006381333931") for row in shirts(1, ("S",))]
    stock = "" if why == "uncounted" else 5
    rows = [*known, *shirts(1, ("M", "L"), stock)]
    await upload(api, seller, drain, sheet(HEADER, *rows))
    before = await offers(database, seller)
    rest = {
        "partial": rows[:2],
        "rejected": [*rows[:2], (*rows[2][:3], "abc", *rows[2][4:])],
        "renamed": [("NEW-S", *known[0][1:]), *rows[1:]],
        "uncounted": rows[:2],
    }[why]

    job = await upload(api, seller, drain, sheet(HEADER, *rest), mode="partial" if why == "partial" else "full")

    assert counters(job, ("rejected", "warnings")) == (int(why == "rejected"), 0), await report(api, seller, job)
    after = await offers(database, seller)
    assert {name: after[name] for name in before} == before


async def test_a_locked_stock_stays_and_the_offer_is_empty(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *shirts(1)))
    async with database.session(seller.scope) as session:
        await session.execute(text("UPDATE products SET locked_fields = '{stock}'"))

    await upload(api, seller, drain, sheet(HEADER, *shirts(1, ("S",))), mode="full")

    assert (await offers(database, seller))["T0-M"] == 0
    assert set(await levels(api, seller)) == {5}


async def test_too_many_vanished_variants_are_asked_about_before_anything_is_written(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *shirts(4)))
    before = await checksums(database, seller)

    job = await upload(api, seller, drain, sheet(HEADER, *shirts(4, ("S",))), mode="full")

    asked = job["result"]["confirmation"]
    assert (job["status"], asked["reasons"], asked["vanished"]) == ("waiting", ["variants_vanish"], 0)
    assert (asked["variants_known"], asked["variants_vanished"]) == (12, 8)
    changed = {name for name, value in (await checksums(database, seller)).items() if value != before[name]}
    assert changed <= {"staged_products", "staged_variants", "staged_withdrawn", "sources"}
    done = await steer(api, seller, drain, job, "confirm")
    assert (done["status"], counters(done, ("warnings",))) == ("completed", (8,))
    assert await levels(api, seller) == [0] * 8 + [5] * 4
