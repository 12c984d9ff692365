"""The product list: complete pages in every order and dialect, every filter, chosen fields, refused queries."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from app.core.database import Database
from app.products import reads
from app.products.filters import SORTS
from app.products.schemas import ProductQuery
from tests.conftest import MakeSeller, Seller
from tests.products.catalogue import scatter
from tests.products.conftest import Shop, codes

COUNT = 57


@pytest.fixture(scope="module")
async def scattered(database: Database, make_seller: MakeSeller) -> Seller:
    """A seller with random products; many share a sort value or lack it."""
    seller = await make_seller()
    async with database.session(seller.scope) as session:
        await scatter(session, 1, COUNT)
    return seller


async def _walk(database: Database, seller: Seller, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = orjson.loads(await reads.list_products(database, seller.tenant_id, ProductQuery(cursor=cursor, **query)))
        found += page["items"]
        assert len(page["items"]) <= page["page_size"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def _key(name: str, item: dict[str, Any]) -> Any:
    value = item[name]
    if value is None:
        return None
    if name == "price":
        return Decimal(value)
    return value.lower() if name == "title" else value


@pytest.mark.parametrize("limit", [1, 7, 50])
@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
async def test_walking_all_pages_meets_every_product_once_and_in_order(
    database: Database, scattered: Seller, sort: str, limit: int
) -> None:
    found = await _walk(database, scattered, sort=sort, limit=limit)
    assert len(found) == len({item["id"] for item in found}) == COUNT
    keys = [_key(sort.removeprefix("-"), item) for item in found]
    present = [key for key in keys if key is not None]
    assert keys == [*present, *[None] * (len(keys) - len(present))]
    ordered = sorted(present, reverse=sort.startswith("-"))
    if sort.removeprefix("-") in {"title", "sku"}:  # the database's own collation orders texts
        assert sorted(present) == sorted(ordered)
    else:
        assert present == ordered


@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
async def test_page_numbers_show_the_same_order_as_cursors(database: Database, scattered: Seller, sort: str) -> None:
    by_cursor = await _walk(database, scattered, sort=sort, limit=20)
    by_number: list[dict[str, Any]] = []
    for number in range(1, 5):
        query = ProductQuery(sort=sort, limit=20, page=number)
        page = orjson.loads(await reads.list_products(database, scattered.tenant_id, query))
        assert (page["page"], page["total"], page["total_pages"]) == (number, COUNT, 3)
        by_number += page["items"]
    assert [item["id"] for item in by_number] == [item["id"] for item in by_cursor]


async def test_a_product_made_meanwhile_is_no_reason_to_miss_or_repeat_one(shop: Shop) -> None:
    for number in range(6):
        await shop.make(title=f"P{number}")
    first = await shop.get("/products", limit=3)
    await shop.make(title="late")
    second = await shop.get("/products", limit=3, cursor=first["next_cursor"])
    titles = [item["title"] for item in (*first["items"], *second["items"])]
    assert titles == ["P5", "P4", "P3", "P2", "P1", "P0"]
    assert second["next_cursor"] is None


async def test_each_filter_finds_what_it_names_and_nothing_else(shop: Shop) -> None:
    a = await shop.make(
        title="A", brand="Nord", sku="AA-1", price=10, status="published", tags=["red"], stock=3, category="X > Y"
    )
    b = await shop.make(title="B", brand="süd", sku="BB-1", price="20.5", tags=["blue", "red hot"])
    deleted = await shop.make(title="C", brand="Nord", sku="CC-1", tags=["red"])
    await shop.send("DELETE", f"/products/{deleted['id']}")
    for parameters, expected in (
        ({}, [b, a]),
        ({"status": "published"}, [a]),
        ({"status": "draft"}, [b]),
        ({"brand": "NORD"}, [a]),
        ({"brand": "SÜD"}, [b]),
        ({"sku": "aa-1"}, [a]),
        ({"sku": "AA"}, []),
        ({"sku": "cc-1"}, []),
        ({"min_price": "10.0001"}, [b]),
        ({"max_price": "20.49"}, [a]),
        ({"min_price": 10, "max_price": 20.5}, [b, a]),
        ({"in_stock": "true"}, [a]),
        ({"in_stock": "false"}, [b]),
        ({"tag": "red"}, [a]),
        ({"tag": "red hot"}, [b]),
        ({"category_id": a["category_id"]}, [a]),
        ({"updated_since": b["updated_at"]}, [b]),
        ({"updated_since": datetime.now(UTC).isoformat()}, []),
        ({"supplier_id": a["id"]}, []),
        ({"status": "published", "brand": "süd"}, []),
    ):
        found = (await shop.get("/products", **parameters))["items"]
        assert [item["id"] for item in found] == [item["id"] for item in expected], parameters


async def test_goods_of_a_source_are_found_by_it(database: Database, shop: Shop) -> None:
    async with database.session(shop.seller.scope) as session:
        await scatter(session, 5, 12)
    items = (await shop.get("/products", limit=200))["items"]
    named = [item for item in items if item["sources"]]
    source_id = named[0]["sources"][0]["source_id"]
    found = (await shop.get("/products", supplier_id=source_id, limit=200))["items"]
    assert {item["id"] for item in found} == {item["id"] for item in named}


@pytest.mark.parametrize(
    "parameters",
    [
        {"per_page": 2, "page": 2},
        {"page_size": 2, "page": 2},
        {"limit": 2, "skip": 2},
        {"limit": 2, "offset": 2, "sort_by": "created_at", "sort_order": "desc"},
    ],
)
async def test_every_paging_dialect_shows_the_same_page(shop: Shop, parameters: dict[str, object]) -> None:
    for number in range(5):
        await shop.make(title=f"P{number}")
    page = await shop.get("/products", **parameters)
    assert [item["title"] for item in page["items"]] == ["P2", "P1"]
    assert (page["page"], page["page_size"], page["total"], page["total_pages"]) == (2, 2, 5, 3)


@pytest.mark.parametrize("spelling", ["q", "search"])
async def test_both_spellings_of_search_work_and_both_slash_forms(shop: Shop, spelling: str) -> None:
    await shop.make(title="Red shoe")
    await shop.make(title="Blue hat")
    for path in ("/products", "/products/"):
        found = (await shop.get(path, **{spelling: "sho"}))["items"]
        assert [item["title"] for item in found] == ["Red shoe"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("colour=red", "parameter_unknown"),
        ("sort=colour", "sort_unknown"),
        ("limit=0", "greater_than_equal"),
        ("limit=201", "less_than_equal"),
        ("limit=x", "int_parsing"),
        ("cursor=abc", "cursor_invalid"),
        ("page=0", "greater_than_equal"),
        ("page=1&offset=3", "contradiction"),
        ("fields=secret", "field_unknown"),
        ("status=lost", "literal_error"),
        ("category_id=1", "uuid_parsing"),
        ("min_price=NaN", "finite_number"),
        ("min_price=-1", "greater_than_equal"),
        ("q=%00", None),
        ("tag=a%00b", None),
        ("updated_since=yesterday", None),
        ("q=" + "x" * 201, "too_long"),
    ],
)
async def test_a_query_that_means_nothing_is_refused(shared_shop: Shop, query: str, code: str | None) -> None:
    answer = await shared_shop.send("GET", f"/products?{query}")
    assert answer.status_code == 422, answer.text
    if code is not None:
        assert codes(answer) == [code]


async def test_a_cursor_is_good_for_its_own_question_only(shop: Shop, make_seller: MakeSeller) -> None:
    for number in range(3):
        await shop.make(title=f"P{number}")
    cursor = (await shop.get("/products", limit=1))["next_cursor"]
    stranger = Shop(shop.api, await make_seller())
    for asker, parameters in ((shop, {"sort": "title"}), (shop, {"status": "draft"}), (stranger, {})):
        answer = await asker.send("GET", "/products", params={"limit": 1, "cursor": cursor, **parameters})
        assert (answer.status_code, codes(answer)) == (422, ["cursor_mismatch"])
