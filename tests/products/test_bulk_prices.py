"""Changing many prices in one request: exact, row by row, locked, recorded, and undone."""

import asyncio
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import text

from app.core.database import Database
from app.core.ids import new_id
from tests.products.conftest import Json, Shop, codes
from tests.support.drain import Drain

PATH = "/products/bulk-price-update"


async def reprice(shop: Shop, query: str = "", **body: object) -> Json:
    answer = await shop.send("POST", PATH + query, json=body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def percent(value: object) -> Json:
    return {"type": "percent", "value": value}


async def price_of(shop: Shop, product: Json, name: str = "price") -> str | None:
    found: str | None = (await shop.get(f"/products/{product['id']}"))[name]
    return found


async def items(shop: Shop, job_id: str, **filters: object) -> list[Json]:
    found: list[Json] = (await shop.get(f"/jobs/{job_id}/items", limit=200, **filters))["items"]
    return found


async def undo(shop: Shop, drain: Drain, job_id: str) -> Json:
    answer = await shop.send("POST", f"/jobs/{job_id}/undo")
    assert answer.status_code == 202, answer.text
    await drain(shop.seller.tenant_id)
    return await shop.get(f"/jobs/{answer.json()['job_id']}")


async def test_each_variant_is_reckoned_by_itself_and_answered(shop: Shop) -> None:
    variants = [
        {"sku": f"T-{size}", "price": price, "options": {"Size": size}} for size, price in (("S", "9.95"), ("M", "20"))
    ]
    shirt = await shop.make(title="Shirt", currency="EUR", variants=variants)
    mug = await shop.make(title="Mug", sku="MUG", price="3.33", currency="EUR")
    answer = await reprice(shop, ids=[shirt["id"], mug["id"]], change=percent("10"))
    assert (answer["dry_run"], answer["products"], answer["updated_count"]) == (False, 2, 2)
    assert (answer["changed"], answer["unchanged"], answer["refused"]) == (3, 0, 0)
    rows = {row["sku"]: (row["before"], row["after"], row["status"]) for row in answer["results"]}
    assert rows == {
        "T-S": ("9.95", "10.95", "changed"),
        "T-M": ("20.00", "22.00", "changed"),
        "MUG": ("3.33", "3.66", "changed"),
    }
    found = await shop.get(f"/products/{shirt['id']}")
    assert [variant["price"] for variant in found["variants"]] == ["10.95", "22.00"]
    assert found["price"] == "10.95"
    assert (found["locked_fields"], found["version"]) == (["price"], shirt["version"] + 1)


async def test_a_dry_run_says_the_same_and_writes_nothing(shop: Shop) -> None:
    for number in range(5):
        await shop.make(sku=f"D-{number}", price=f"{number}.50", currency="EUR")
    before = (await shop.get("/products"))["items"]
    body = {"filter": {}, "change": percent("7.5"), "rounding": {"ending": "0.99", "mode": "up"}}
    pages: list[Json] = []
    while not pages or pages[-1]["next_cursor"]:
        more = {"cursor": pages[-1]["next_cursor"]} if pages else {}
        pages.append(await reprice(shop, **body, dry_run=True, limit=2, **more))
    assert [len(page["results"]) for page in pages] == [2, 2, 1]
    assert {(page["products"], page["job_id"], page["dry_run"]) for page in pages} == {(5, None, True)}
    assert (await shop.get("/products"))["items"] == before
    assert (await shop.get("/jobs"))["items"] == []
    done = await reprice(shop, **body)
    assert done["results"] == [row for page in pages for row in page["results"]]


async def test_a_cursor_of_another_change_is_refused(shop: Shop) -> None:
    for number in range(2):
        await shop.make(price=number + 1)
    first = await reprice(shop, filter={}, change=percent(1), dry_run=True, limit=1)
    other = {"filter": {}, "change": percent(2), "dry_run": True, "limit": 1, "cursor": first["next_cursor"]}
    answer = await shop.send("POST", PATH, json=other)
    assert (answer.status_code, codes(answer)) == (422, ["cursor_mismatch"])
    del other["dry_run"]
    assert codes(await shop.send("POST", PATH, json=other)) == ["contradiction"]


async def test_every_refused_row_says_why_and_what_mends_it(shop: Shop) -> None:
    wrong = {
        "R-EMPTY": ({"cost": "1"}, percent(10), {}, "price_missing"),
        "R-COSTLESS": ({"price": "5"}, {"type": "margin", "value": "0.3"}, {}, "cost_missing"),
        "R-FLOORLESS": ({"price": "5"}, percent(-10), {"min_margin": "0.1"}, "cost_missing"),
        "R-DOLLAR": ({"price": "5", "currency": "USD"}, {"type": "amount", "value": "1"}, {}, "currency_mismatch"),
        "R-SMALL": ({"price": "1"}, {"type": "amount", "value": "-1.01"}, {}, "below_zero"),
        "R-LARGE": ({"price": "99999999999"}, percent(100), {}, "too_large"),
        "R-WAS": ({"price": "5"}, percent(10), {"apply_to": "compare_at_price"}, "compare_at_price_missing"),
    }
    for sku, (fields, change, more, code) in wrong.items():
        product = await shop.make(sku=sku, **fields)
        answer = await reprice(shop, skus=[sku.lower()], change=change, **more)
        (row,) = answer["results"]
        assert (row["sku"], row["status"], row["code"]) == (sku, "refused", code)
        assert row["message"].endswith(".")
        assert row["mend"].endswith(".")
        assert (row["after"], answer["updated_count"], answer["refused"]) == (None, 0, 1)
        found = await shop.get(f"/products/{product['id']}")
        assert (found["price"], found["locked_fields"]) == (product["price"], [])
        job = await shop.get(f"/jobs/{answer['job_id']}")
        assert (job["status"], job["outcome"], job["items_failed"]) == ("completed", "partial", 1)
        (kept,) = await items(shop, answer["job_id"])
        assert (kept["action"], kept["code"], kept["entity_id"]) == ("refused", code, row["variant_id"])


async def test_what_is_not_there_is_answered_too(shop: Shop, shared_shop: Shop) -> None:
    product = await shop.make(sku="HERE", price="1")
    foreign = await shared_shop.make(price="1")
    for body, code in (
        ({"ids": [product["id"], foreign["id"]]}, "product_not_found"),
        ({"variant_ids": [product["variants"][0]["id"], foreign["variants"][0]["id"]]}, "variant_not_found"),
        ({"skus": ["HERE", "GONE"]}, "sku_not_found"),
    ):
        answer = await reprice(shop, **body, change=percent(100))
        assert [row["status"] for row in answer["results"]] == ["changed", "refused"]
        assert answer["results"][1]["code"] == code
    assert await price_of(shop, product) == "8.00"
    assert await price_of(shared_shop, foreign) == "1.00"


async def test_one_refused_row_keeps_all_others_when_asked(shop: Shop) -> None:
    good, bad = await shop.make(price="10", cost="4"), await shop.make(price="10")
    body = {
        "ids": [good["id"], bad["id"]],
        "change": {"type": "margin", "value": "0.5"},
        "error_policy": "reject_everything",
    }
    answer = await shop.send("POST", PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "price_update_refused")
    (error,) = answer.json()["errors"]
    assert error["loc"] == ["body", bad["id"], bad["variants"][0]["id"]]
    assert error["code"] == "cost_missing"
    assert await price_of(shop, good) == "10.00"
    assert (await shop.get("/jobs"))["items"] == []
    assert len((await shop.get(f"/products/{good['id']}/price-history"))["items"]) == 1


async def test_only_named_variants_change(shop: Shop) -> None:
    variants = [{"sku": f"N-{size}", "price": "10", "options": {"Size": size}} for size in ("S", "M")]
    product = await shop.make(variants=variants)
    await reprice(shop, skus=["n-m"], change={"type": "set", "value": "12"})
    found = await shop.get(f"/products/{product['id']}")
    assert [variant["price"] for variant in found["variants"]] == ["10.00", "12.00"]
    assert found["price"] == "10.00"


async def test_the_filter_is_that_of_the_list(shop: Shop) -> None:
    wanted = await shop.make(title="Blue lamp", brand="Acme", price="50", tags=["sale"], category="Home > Light")
    await shop.make(title="Blue chair", brand="Acme", price="500", tags=["sale"], category="Home")
    await shop.make(title="Red lamp", brand="Other", price="50", tags=["sale"])
    query = {"brand": "acme", "tag": "sale", "max_price": "100", "q": "lamp", "category": "light", "in_stock": False}
    listed = [item["id"] for item in (await shop.get("/products", **query))["items"]]
    answer = await reprice(shop, filter=query, change=percent(-50))
    assert listed == [wanted["id"]] == [row["product_id"] for row in answer["results"]]
    wrong = await shop.send("POST", PATH, json={"filter": {"brnad": "x"}, "change": percent(1)})
    assert (wrong.status_code, codes(wrong)) == (422, ["extra_forbidden"])


async def test_the_spelling_of_older_clients_is_understood(shop: Shop) -> None:
    product = await shop.make(title="Old", sale_price="20", cost_price="8", currency="EUR")
    body = {"product_ids": [product["id"]], "apply_to": "sale_price"}
    first = await reprice(shop, **body, adjustment_type="percentage", adjustment_value=12.5)
    assert (first["updated_count"], await price_of(shop, product)) == (1, "22.50")
    body["apply_to"] = "cost_price"
    second = await reprice(shop, **body, adjustment_type="fixed", adjustment_value=-0.1)
    assert (second["updated_count"], await price_of(shop, product, "cost")) == (1, "7.90")
    answer = await shop.send("POST", PATH, json={**body, "adjustment_type": "percentage"})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "change", "value"])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ids": [str(new_id())], "filter": {}}, "goods_unnamed"),
        ({}, "goods_unnamed"),
        ({"ids": []}, "too_short"),
        ({"ids": [str(new_id()) for _ in range(501)]}, "too_long"),
        ({"filter": {}, "change": percent(-101)}, "percent_out_of_range"),
        ({"filter": {}, "change": {"type": "margin", "value": 1}}, "margin_invalid"),
        ({"filter": {}, "change": {"type": "margin", "value": 30}}, "margin_invalid"),
        ({"filter": {}, "change": {"type": "set", "value": -1}}, "price_negative"),
        ({"filter": {}, "change": {"type": "set", "value": "1.00001"}}, "decimal_max_places"),
        ({"filter": {}, "change": {"type": "set", "value": "NaN"}}, "finite_number"),
        ({"filter": {}, "change": {"type": "set", "value": 1, "currency": "XXY"}}, "currency_unknown"),
        ({"filter": {}, "change": {"type": "margin", "value": "0.2"}, "apply_to": "cost"}, "contradiction"),
        ({"filter": {}, "min_margin": "0.2", "apply_to": "compare_at_price"}, "contradiction"),
        ({"filter": {}, "min_margin": 1}, "less_than"),
        ({"filter": {}, "rounding": {"ending": 1}}, "ending_too_large"),
        ({"filter": {}, "rounding": {"step": 0}}, "greater_than"),
    ],
)
async def test_a_wrong_rule_is_refused_as_a_whole(shared_shop: Shop, wrong: Json, code: str) -> None:
    answer = await shared_shop.send("POST", PATH, json={"change": percent(1), **wrong})
    assert (answer.status_code, codes(answer)) == (422, [code])


async def test_amounts_without_a_currency_are_in_the_tenants(shop: Shop) -> None:
    euro, yen = await shop.make(price="10", currency="EUR"), await shop.make(price="1000", currency="JPY")
    answer = await reprice(shop, filter={}, change={"type": "amount", "value": "2.50"})
    assert {row["currency"]: row["code"] for row in answer["results"]} == {"EUR": None, "JPY": "currency_mismatch"}
    await reprice(shop, filter={}, change={"type": "amount", "value": "250", "currency": "JPY"})
    assert (await price_of(shop, euro), await price_of(shop, yen)) == ("12.50", "1250.00")


async def test_a_price_never_falls_below_the_margin_that_must_remain(shop: Shop) -> None:
    product = await shop.make(price="30", cost="16", currency="EUR")
    body = {"change": percent(-50), "rounding": {"ending": "0.99", "mode": "down"}, "min_margin": "0.2"}
    (row,) = (await reprice(shop, ids=[product["id"]], **body))["results"]
    assert (row["after"], row["reason"]) == ("20.99", "raised_to_min_margin")


async def test_the_changed_field_is_locked_unless_asked_not_to(shop: Shop, drain: Drain) -> None:
    sheet = b"sku,title,price,currency\nL-1,One,10.00,EUR\nL-2,Two,10.00,EUR\n"
    await shop.send("POST", "/scraping/feed", files={"file": ("feed.csv", sheet)})
    await drain(shop.seller.tenant_id)
    await reprice(shop, skus=["L-1"], change=percent(50))
    await reprice(shop, "?lock=false", skus=["L-2"], change=percent(50))
    found = {item["sku"]: item for item in (await shop.get("/products"))["items"]}
    assert [found[sku]["locked_fields"] for sku in ("L-1", "L-2")] == [["price"], []]
    newer = sheet.replace(b"10.00", b"11.00")
    await shop.send("POST", "/scraping/feed", files={"file": ("feed.csv", newer)})
    await drain(shop.seller.tenant_id)
    found = {item["sku"]: item["price"] for item in (await shop.get("/products"))["items"]}
    assert found == {"L-1": "15.00", "L-2": "11.00"}


async def test_an_unchanged_price_is_locked_once_and_keeps_its_version_then(shop: Shop) -> None:
    product = await shop.make(price="5", currency="EUR")
    for _ in range(2):
        answer = await reprice(shop, ids=[product["id"]], change={"type": "set", "value": 5})
        assert (answer["updated_count"], answer["unchanged"]) == (0, 1)
    found = await shop.get(f"/products/{product['id']}")
    assert (found["locked_fields"], found["version"]) == (["price"], product["version"] + 1)
    assert len((await shop.get(f"/products/{product['id']}/price-history"))["items"]) == 1


async def test_the_change_is_recorded_under_a_job_and_can_be_undone(shop: Shop, drain: Drain) -> None:
    first, second = [await shop.make(sku=sku, price=price) for sku, price in (("U-1", "10"), ("U-2", "20"))]
    done = await reprice(shop, filter={}, change=percent(25))
    job = await shop.get(f"/jobs/{done['job_id']}")
    assert (job["job_type"], job["status"], job["outcome"], job["queue"]) == (
        "update_prices_in_bulk",
        "completed",
        "ok",
        "maintenance",
    )
    assert (job["items_total"], job["items_processed"], job["progress_percent"]) == (2, 2, 100)
    assert job["counters"] == {"changed": 2, "unchanged": 0, "refused": 0}
    kept = await items(shop, done["job_id"], field="price")
    assert sorted((item["before"], item["after"]) for item in kept) == [("10.00", "12.50"), ("20.00", "25.00")]
    (change, _) = (await shop.get(f"/products/{first['id']}/price-history"))["items"]
    assert (change["cause"], change["job_id"]) == ("update_prices_in_bulk", done["job_id"])

    await shop.change(second["id"], price="26")
    undone = await undo(shop, drain, done["job_id"])
    assert (undone["status"], undone["outcome"]) == ("completed", "partial")
    assert (await price_of(shop, first), await price_of(shop, second)) == ("10.00", "26.00")
    assert (await shop.get(f"/products/{first['id']}"))["locked_fields"] == []
    stayed = [item for item in await items(shop, undone["id"], undone="kept") if item["field"] == "price"]
    assert [(item["entity_id"], item["code"]) for item in stayed] == [(second["variants"][0]["id"], "changed_since")]
    (change, *_) = (await shop.get(f"/products/{first['id']}/price-history"))["items"]
    assert (change["cause"], change["after"]["price"]) == ("undo_price_update", "10.00")


async def test_an_undo_leaves_nothing_published_without_a_price(shop: Shop, drain: Drain) -> None:
    shown, hidden = await shop.make(title="Shown", currency="EUR"), await shop.make(title="Hidden", currency="EUR")
    done = await reprice(shop, filter={}, change={"type": "set", "value": "5"})
    assert (await shop.change(shown["id"], status="published")).status_code == 200
    undone = await undo(shop, drain, done["job_id"])
    assert (await price_of(shop, shown), await price_of(shop, hidden)) == ("5.00", None)
    kept = {item["field"]: item["code"] for item in await items(shop, undone["id"], undone="kept")}
    assert kept["price"] == "published_since"


async def test_a_repeated_request_changes_prices_once(shop: Shop) -> None:
    product = await shop.make(price="10")
    key = {"Idempotency-Key": new_id().hex}
    body = {"ids": [product["id"]], "change": percent(10)}
    answers = [await shop.send("POST", PATH, json=body, headers=key) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert await price_of(shop, product) == "11.00"


async def test_changes_at_once_of_the_same_goods_all_count(shop: Shop) -> None:
    products = [await shop.make(price="1") for _ in range(3)]
    body = {"filter": {}, "change": {"type": "amount", "value": "1"}}
    await asyncio.gather(*(reprice(shop, **body) for _ in range(6)))
    assert [await price_of(shop, product) for product in products] == ["7.00"] * 3


async def test_a_stranger_changes_nothing(shop: Shop, api: httpx.AsyncClient, database: Database) -> None:
    product = await shop.make(price="10")
    body = {"filter": {}, "change": percent(10)}
    assert (await api.post(f"/api/v1{PATH}", json=body)).status_code == 401
    async with database.session(shop.seller.scope) as session:
        stored = await session.scalar(text("SELECT price FROM variants WHERE product_id = :id"), {"id": product["id"]})
    assert stored == Decimal(10)


async def test_goods_without_variants_are_refused(shop: Shop, database: Database) -> None:
    product = await shop.make(title="Set of two")
    async with database.session(shop.seller.scope) as session:
        await session.execute(text("DELETE FROM variants"))
    (row,) = (await reprice(shop, ids=[product["id"]], change=percent(10)))["results"]
    assert (row["status"], row["code"], row["variant_id"]) == ("refused", "variant_missing", None)
