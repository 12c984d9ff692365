"""The price history: whoever changes a price leaves exactly one row that says from what, to what and by whom."""

from decimal import Decimal

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.core.database import Database
from tests.products.conftest import Json, Shop
from tests.support.drain import Drain

FIRST = b"sku,title,price,cost,currency,stock\nA-1,One,10.00,4.00,EUR,1\nA-2,Two,20.00,,EUR,2\nA-3,Three,,,EUR,0\n"
THEN = b"sku,title,price,cost,currency,stock\nA-1,One,11.50,4.00,EUR,1\nA-2,Two!,20.00,,EUR,9\nA-3,Three,,,EUR,0\n"


async def history(shop: Shop, product: Json, **parameters: object) -> list[Json]:
    found: list[Json] = (await shop.get(f"/products/{product['id']}/price-history", **parameters))["items"]
    return found


def moved(change: Json, name: str) -> tuple[str | None, str | None]:
    return change["before"][name], change["after"][name]


async def test_the_first_prices_have_nothing_before_them(shop: Shop) -> None:
    product = await shop.make(price="12.50", cost="4", currency="EUR")
    (change,) = await history(shop, product)
    assert change["before"] == dict.fromkeys(("price", "compare_at_price", "cost", "currency"))
    assert change["after"] == {"price": "12.50", "compare_at_price": None, "cost": "4.00", "currency": "EUR"}
    assert (change["cause"], change["user_id"], change["job_id"]) == ("edited", str(shop.seller.user_id), None)
    assert change["variant_id"] == product["variants"][0]["id"]


async def test_a_product_without_prices_has_no_history(shop: Shop) -> None:
    product = await shop.make(title="Not priced yet")
    assert await history(shop, product) == []


async def test_an_edit_leaves_one_row_and_an_edit_of_something_else_none(shop: Shop) -> None:
    product = await shop.make(price="10.00", compare_at_price="15")
    for fields in ({"price": "9.99"}, {"title": "Other"}, {"price": "9.990"}, {"compare_at_price": None}):
        assert (await shop.change(product["id"], **fields)).status_code == 200
    changes = await history(shop, product)
    assert [moved(change, "price") for change in changes] == [("9.99", "9.99"), ("10.00", "9.99"), (None, "10.00")]
    assert moved(changes[0], "compare_at_price") == ("15.00", None)


async def test_a_new_currency_is_a_change_of_every_variant(shop: Shop) -> None:
    variants = [{"sku": f"V-{size}", "options": {"Size": size}} for size in ("S", "M")]
    product = await shop.make(price="10", currency="EUR", variants=variants)
    assert (await shop.change(product["id"], currency="USD")).status_code == 200
    changes = await history(shop, product)
    assert [moved(change, "currency") for change in changes[:2]] == [("EUR", "USD")] * 2
    assert {change["variant_id"] for change in changes[:2]} == {variant["id"] for variant in product["variants"]}


async def test_an_import_leaves_one_row_for_each_changed_price_under_its_job(shop: Shop, drain: Drain) -> None:
    jobs = []
    for content in (FIRST, THEN):
        answer = await shop.send("POST", "/scraping/feed", files={"file": ("feed.csv", content)})
        jobs.append(answer.json()["id"])
        await drain(shop.seller.tenant_id)
    products = {product["sku"]: product for product in (await shop.get("/products"))["items"]}
    changes = await history(shop, products["A-1"])
    assert [moved(change, "price") for change in changes] == [("10.00", "11.50"), (None, "10.00")]
    assert [change["job_id"] for change in changes] == [jobs[1], jobs[0]]
    assert {change["cause"] for change in changes} == {"import_csv_products"}
    assert [moved(change, "price") for change in await history(shop, products["A-2"])] == [(None, "20.00")]
    assert await history(shop, products["A-3"]) == []


async def test_a_variant_has_its_own_history_and_keeps_it_when_removed(shop: Shop) -> None:
    variants = [{"sku": f"R-{size}", "price": size, "options": {"Size": size}} for size in ("1", "2")]
    product = await shop.make(variants=variants)
    path = f"/products/{product['id']}/variants/{product['variants'][1]['id']}"
    assert (await shop.send("PATCH", path, json={"price": "3"})).status_code == 200
    assert (await shop.send("DELETE", path)).status_code == 200
    changes = (await shop.get(f"{path}/price-history"))["items"]
    assert [moved(change, "price") for change in changes] == [("2.00", "3.00"), (None, "2.00")]
    assert len(await history(shop, product)) == 3


async def test_the_history_pages_newest_first(shop: Shop) -> None:
    product = await shop.make(price="1")
    for price in range(2, 7):
        await shop.change(product["id"], price=price)
    prices: list[str] = []
    cursor: dict[str, object] = {}
    while True:
        page = await shop.get(f"/products/{product['id']}/price-history", limit=4, **cursor)
        prices += [item["after"]["price"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert prices == ["6.00", "5.00", "4.00", "3.00", "2.00", "1.00"]


async def test_only_the_owner_of_the_product_sees_it(shop: Shop, api: httpx.AsyncClient, shared_shop: Shop) -> None:
    product = await shop.make(price="1")
    path = f"/products/{product['id']}/price-history"
    answer = await shared_shop.send("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found")
    assert (await api.get(f"/api/v1{path}")).status_code == 401
    variant = f"/products/{product['id']}/variants/{product['id']}/price-history"
    assert (await shop.send("GET", variant)).json()["code"] == "variant_not_found"


async def test_the_history_cannot_be_rewritten(shop: Shop, database: Database) -> None:
    await shop.make(price="1")
    for statement in ("UPDATE price_changes SET price_after = 2", "DELETE FROM price_changes"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.session(shop.seller.scope) as session:
                await session.execute(text(statement))
    async with database.session(shop.seller.scope) as session:
        assert await session.scalar(text("SELECT price_after FROM price_changes")) == Decimal(1)


async def test_one_statement_over_many_variants_records_each_that_changed(shop: Shop, database: Database) -> None:
    for number in range(4):
        await shop.make(sku=f"M-{number}", price=number)
    async with database.session(shop.seller.scope) as session:
        # The settings of an import's transactions.
        await session.execute(text("SET LOCAL enable_hashjoin = off"))
        await session.execute(text("UPDATE variants SET price = greatest(price, 2), updated_at = now()"))
    async with database.session(shop.seller.scope) as session:
        found = await session.execute(
            text("SELECT price_before, price_after FROM price_changes WHERE price_before IS NOT NULL ORDER BY 1")
        )
        assert [tuple(row) for row in found] == [(Decimal(0), Decimal(2)), (Decimal(1), Decimal(2))]
