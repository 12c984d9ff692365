"""Many products in one request: all or none, or the good ones, with an answer for every row."""

import pytest

from app.products import bounds
from tests.products.conftest import Shop

ROWS = [
    {"title": "One", "sku": "B-1"},
    {"title": "", "sku": "B-2"},
    {"title": "Three", "sku": "b-1"},
    {"title": "Four", "price": "x", "sku": "B-4"},
    {"title": "Five", "status": "published"},
    {"title": "Six", "sku": "B-6", "stock": 3},
    "not a product",
]


async def test_one_wrong_row_spoils_all_by_default(shop: Shop) -> None:
    answer = await shop.send("POST", "/products/bulk", json={"products": ROWS})
    assert (answer.status_code, answer.json()["code"]) == (422, "bulk_refused")
    rows = {error["loc"][2]: error["code"] for error in answer.json()["errors"]}
    assert set(rows) == {1, 2, 3, 4, 6}
    assert rows[2] == "sku_taken"
    assert (await shop.get("/products"))["items"] == []


async def test_good_rows_are_made_and_every_row_is_answered(shop: Shop) -> None:
    body = {"products": ROWS, "error_policy": "reject_failed_rows"}
    answer = (await shop.send("POST", "/products/bulk", json=body)).json()
    assert (answer["created"], answer["rejected"]) == (2, 5)
    assert [row["index"] for row in answer["results"]] == list(range(len(ROWS)))
    states = [row["status"] for row in answer["results"]]
    assert states == ["created", "rejected", "rejected", "rejected", "rejected", "created", "rejected"]
    assert all(row["errors"] for row in answer["results"] if row["status"] == "rejected")
    assert answer["results"][3]["errors"][0]["loc"] == ["price"]
    found = await shop.get("/products", sort="title")
    assert [(item["id"], item["title"], item["stock"]) for item in found["items"]] == [
        (answer["results"][0]["id"], "One", 0),
        (answer["results"][5]["id"], "Six", 3),
    ]


async def test_all_good_rows_are_made_in_one_go(shop: Shop) -> None:
    answer = await shop.send("POST", "/products/bulk", json={"items": [{"name": f"P {i}"} for i in range(60)]})
    assert answer.json()["created"] == 60
    assert (await shop.get("/products", page=1))["total"] == 60


@pytest.mark.parametrize("count", [0, bounds.BULK + 1])
async def test_the_number_of_rows_is_bounded(shared_shop: Shop, count: int) -> None:
    answer = await shared_shop.send("POST", "/products/bulk", json={"products": [{"title": "x"}] * count})
    assert answer.status_code == 422
