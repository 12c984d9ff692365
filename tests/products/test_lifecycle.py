"""The statuses of a product: every move, legal or not, as a table; and what publishing needs."""

from itertools import product
from typing import get_args

import pytest

from app.products.lifecycle import MOVES
from app.products.schemas import Status
from tests.products.conftest import Shop

STATUSES = get_args(Status)
LEGAL = {
    ("draft", "published"),
    ("draft", "archived"),
    ("published", "draft"),
    ("published", "sold"),
    ("published", "archived"),
    ("sold", "published"),
    ("sold", "archived"),
    ("archived", "draft"),
}
# How a fresh draft gets to each status.
WAY = {"draft": (), "published": ("published",), "sold": ("published", "sold"), "archived": ("archived",)}


@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, STATUSES)))
async def test_a_move_is_made_or_refused_as_the_table_says(shared_shop: Shop, before: str, after: str) -> None:
    made = await shared_shop.make(price="5")
    path = f"/products/{made['id']}/status"
    for step in WAY[before]:
        assert (await shared_shop.send("POST", path, json={"status": step})).status_code == 200
    answer = await shared_shop.send("POST", path, json={"status": after})
    found = await shared_shop.get(f"/products/{made['id']}")
    if (before, after) in LEGAL:
        assert (answer.status_code, found["status"]) == (200, after)
        assert answer.json() == found
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "illegal_status_move")
        assert found["status"] == before
        assert all(legal in answer.json()["detail"] for legal in MOVES[before])


async def test_a_product_without_a_price_cannot_be_published_by_any_road(shop: Shop) -> None:
    made = await shop.make()
    moved = await shop.send("POST", f"/products/{made['id']}/status", json={"status": "published"})
    changed = await shop.change(made["id"], status="published")
    created = await shop.send("POST", "/products", json={"title": "New", "status": "published"})
    for answer in (moved, changed, created):
        assert (answer.status_code, answer.json()["code"]) == (409, "product_not_ready")
    assert [item["status"] for item in (await shop.get("/products"))["items"]] == ["draft"]


async def test_a_published_product_keeps_its_price(shop: Shop) -> None:
    made = await shop.make(price="5", status="published")
    answer = await shop.change(made["id"], price=None)
    assert (answer.status_code, answer.json()["code"]) == (409, "product_not_ready")
    main = made["variants"][0]["id"]
    answer = await shop.send("PATCH", f"/products/{made['id']}/variants/{main}", json={"price": None})
    assert (answer.status_code, answer.json()["code"]) == (409, "product_not_ready")
    assert (await shop.get(f"/products/{made['id']}"))["price"] == "5.00"


async def test_a_change_may_publish_and_price_at_once(shop: Shop) -> None:
    made = await shop.make()
    changed = await shop.change(made["id"], status="published", price="3")
    assert (changed.json()["status"], changed.json()["price"]) == ("published", "3.00")


async def test_featured_are_the_tagged_ones_or_else_the_newest_published(shop: Shop) -> None:
    await shop.make(title="Draft", tags=["featured"])
    for title in ("Old", "New"):
        await shop.make(title=title, price=1, status="published")
    page = await shop.get("/products/featured")
    assert [item["title"] for item in page["items"]] == ["New", "Old"]
    await shop.make(title="Star", price=1, status="published", tags=["featured"])
    await shop.make(title="Newest", price=1, status="published")
    page = await shop.get("/products/featured", limit=5)
    assert [item["title"] for item in page["items"]] == ["Star"]
    assert page["next_cursor"] is None


async def test_a_repeated_move_with_the_same_key_is_answered_once_more_and_not_refused(shop: Shop) -> None:
    made = await shop.make(price=1)
    path, key = f"/products/{made['id']}/status", {"Idempotency-Key": "publish-once"}
    first, second = [await shop.send("POST", path, json={"status": "published"}, headers=key) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert first.headers["ETag"] == second.headers["ETag"]
