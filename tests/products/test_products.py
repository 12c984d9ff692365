"""Products over the API: making, reading, changing, deleting, restoring."""

from decimal import Decimal

import pytest

from app.core.ids import new_id
from tests.conftest import MakeSeller
from tests.products.conftest import Shop, codes

SHIRT = {
    "title": "Linen shirt",
    "description": "<p>Soft.</p><script>alert(1)</script>",
    "brand": "Nord",
    "sku": "LS-1",
    "gtin": "4006381333931",
    "price": "49.90",
    "compare_at_price": 59,
    "cost": "20.125",
    "currency": "EUR",
    "stock": 7,
    "tags": ["summer", "linen", "summer"],
    "attributes": {"material": "linen", "care": ["30°", "no bleach"]},
    "images": ["https://img.example.com/1.jpg", {"url": "https://img.example.com/2.jpg", "alt_text": "Back"}],
}


async def test_a_product_comes_back_as_it_was_made(shop: Shop) -> None:
    made = await shop.make(**SHIRT)
    found = await shop.get(f"/products/{made['id']}")
    assert found == made
    assert found["description"] == "<p>Soft.</p>"
    assert (found["price"], found["compare_at_price"], found["cost"]) == ("49.90", "59.00", "20.125")
    assert found["tags"] == ["summer", "linen"]
    assert found["stock"] == 7
    assert found["status"] == "draft"
    assert [(image["url"], image["alt"]) for image in found["images"]] == [
        ("https://img.example.com/1.jpg", None),
        ("https://img.example.com/2.jpg", "Back"),
    ]
    assert [variant["sku"] for variant in found["variants"]] == ["LS-1"]
    assert found["sources"] == []
    assert found["version"] == 1


async def test_the_spellings_of_existing_clients_are_understood(shop: Shop) -> None:
    body = {
        "name": "Mug",
        "sale_price": 9.9,
        "cost_price": "3",
        "stock_quantity": 4,
        "vendor": "Clay",
        "category": "Kitchen > Cups",
        "image_url": "https://img.example.com/mug.jpg",
        "weight": 0.35,
        "weight_unit": "kg",
    }
    made = (await shop.send("POST", "/products", json=body)).json()
    assert (made["title"], made["price"], made["cost"], made["stock"], made["brand"]) == (
        "Mug",
        "9.90",
        "3.00",
        4,
        "Clay",
    )
    assert made["images"][0]["url"] == "https://img.example.com/mug.jpg"
    assert made["variants"][0]["weight_g"] == 350
    category = await shop.get(f"/categories/{made['category_id']}")
    assert category["path"] == "Kitchen > Cups"


async def test_money_without_a_currency_is_the_tenants(shop: Shop) -> None:
    assert (await shop.make(price="1"))["currency"] == "EUR"


async def test_amounts_stay_exact_to_the_largest(shop: Shop) -> None:
    made = await shop.make(price="99999999999.9999", cost=0.1)
    assert (made["price"], made["cost"]) == ("99999999999.9999", "0.10")
    assert Decimal(made["price"]) == Decimal("99999999999.9999")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "abc"),
        ("price", -5),
        ("price", "1e400"),
        ("price", "NaN"),
        ("price", "100000000000"),
        ("price", "1.00001"),
        ("currency", "EURO"),
        ("gtin", "4006381333932"),
        ("title", "  "),
        ("title", "x" * 501),
        ("title", "a\u0000b"),
        ("stock", -1),
        ("stock", 1.5),
        ("stock", 1_000_000_001),
        ("tags", ["x"] * 101),
        ("images", ["javascript:alert(1)"]),
        ("images", ["http://"]),
        ("status", "sold"),
        ("category_id", "01a20498-8ee8-70da-a1e1-673043ef4c9c"),
        ("no_such_field", 1),
        ("weight", "heavy"),
        ("weight", "1e400"),
        ("weight", "NaN"),
        ("weight", -1),
    ],
)
async def test_wrong_values_are_refused_and_nothing_is_made(shared_shop: Shop, field: str, value: object) -> None:
    title = f"refused {new_id()}"
    answer = await shared_shop.send("POST", "/products", json={"title": title, "sku": None, field: value})
    assert answer.status_code == 422, answer.text
    assert codes(answer)
    assert (await shared_shop.get("/products", q=title))["items"] == []


async def test_attributes_with_numbers_that_json_does_not_know_are_refused(shared_shop: Shop) -> None:
    raw = b'{"title": "x", "attributes": {"a": NaN}}'
    answer = await shared_shop.send("POST", "/products", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}, answer.text


async def test_a_sku_of_another_product_is_refused_in_any_case(shop: Shop) -> None:
    await shop.make(sku="ABC-1")
    answer = await shop.send("POST", "/products", json={"title": "Other", "sku": "abc-1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "sku_taken")
    assert len((await shop.get("/products"))["items"]) == 1


async def test_a_product_of_another_tenant_does_not_exist(shop: Shop, make_seller: MakeSeller) -> None:
    made = await shop.make()
    stranger = Shop(shop.api, await make_seller())
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/restore"),
        ("GET", "/variants"),
    ):
        body = {"json": {}} if method in {"PATCH", "PUT"} else {}
        answer = await stranger.send(method, f"/products/{made['id']}{path}", **body)
        assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found"), (method, path)


async def test_without_a_token_nothing_is_shown(shop: Shop) -> None:
    made = await shop.make()
    assert (await shop.api.get("/api/v1/products")).status_code == 401
    assert (await shop.api.get(f"/api/v1/products/{made['id']}")).status_code == 401


async def test_a_change_touches_only_what_it_names_and_locks_it(shop: Shop) -> None:
    made = await shop.make(**SHIRT)
    changed = (await shop.change(made["id"], price="39", stock=2, category="Shirts")).json()
    assert (changed["price"], changed["stock"], changed["version"]) == ("39.00", 2, 2)
    assert changed["locked_fields"] == ["category_id", "price", "stock"]
    assert changed["variants"][0]["price"] == "39.00"
    same = {"title", "description", "brand", "tags", "attributes", "images", "sku", "gtin", "created_at"}
    assert {name: changed[name] for name in same} == {name: made[name] for name in same}
    assert changed["updated_at"] > made["updated_at"]


async def test_put_is_partial_too(shop: Shop) -> None:
    made = await shop.make(**SHIRT)
    answer = await shop.send("PUT", f"/products/{made['id']}?lock=false", json={"title": "Shirt"})
    assert answer.json()["title"] == "Shirt"
    assert answer.json()["brand"] == "Nord"
    assert answer.json()["locked_fields"] == []


async def test_null_clears_what_may_be_empty_and_refuses_the_rest(shop: Shop) -> None:
    made = await shop.make(**SHIRT, category="Shirts")
    cleared = await shop.change(
        made["id"], brand=None, category_id=None, price=None, tags=None, images=None, description=None, attributes=None
    )
    body = cleared.json()
    assert (body["brand"], body["category_id"], body["price"], body["tags"]) == (None, None, None, [])
    assert (body["images"], body["description"], body["attributes"]) == ([], "", {})
    for field in ("title", "status", "currency", "stock"):
        answer = await shop.change(made["id"], **{field: None})
        assert (answer.status_code, codes(answer)) == (422, ["not_clearable"]), field


async def test_an_empty_change_changes_nothing(shop: Shop) -> None:
    made = await shop.make()
    assert (await shop.change(made["id"])).json() == made


async def test_replaced_images_keep_the_ids_of_those_that_stay(shop: Shop) -> None:
    made = await shop.make(images=["https://img.example.com/a.jpg", "https://img.example.com/b.jpg"])
    changed = (
        await shop.change(made["id"], images=["https://img.example.com/c.jpg", "https://img.example.com/a.jpg"])
    ).json()
    assert [image["url"][-5:] for image in changed["images"]] == ["c.jpg", "a.jpg"]
    assert changed["images"][1]["id"] == made["images"][0]["id"]


async def test_a_lock_is_shown_and_given_back(shop: Shop) -> None:
    made = await shop.make()
    path = f"/products/{made['id']}/locks"
    assert (await shop.get(f"{path}/price"))["locked"] is False
    await shop.change(made["id"], price=1)
    assert (await shop.get(f"{path}/price"))["locked"] is True
    answer = await shop.send("DELETE", f"{path}/price")
    assert answer.json() == {"id": made["id"], "deleted": True, "field": "price"}
    assert (await shop.get(f"{path}/price"))["locked"] is False
    assert (await shop.send("GET", f"{path}/nonsense")).json()["code"] == "field_not_lockable"


async def test_a_deleted_product_is_gone_and_comes_back_whole(shop: Shop) -> None:
    made = await shop.make(**SHIRT)
    answer = await shop.send("DELETE", f"/products/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"id": made["id"], "deleted": True})
    assert (await shop.send("GET", f"/products/{made['id']}")).status_code == 404
    assert (await shop.send("DELETE", f"/products/{made['id']}")).status_code == 404
    assert (await shop.get("/products"))["items"] == []
    restored = (await shop.send("POST", f"/products/{made['id']}/restore")).json()
    apart = {"version", "updated_at"}
    assert {k: v for k, v in restored.items() if k not in apart} == {k: v for k, v in made.items() if k not in apart}
    again = await shop.send("POST", f"/products/{made['id']}/restore")
    assert (again.status_code, again.json()["code"]) == (409, "product_not_deleted")


async def test_a_sku_of_a_deleted_product_is_free_and_then_stops_its_return(shop: Shop) -> None:
    first = await shop.make(sku="ONE")
    await shop.send("DELETE", f"/products/{first['id']}")
    await shop.make(sku="one")
    answer = await shop.send("POST", f"/products/{first['id']}/restore")
    assert (answer.status_code, answer.json()["code"]) == (409, "sku_taken")
    assert (await shop.send("GET", f"/products/{first['id']}")).status_code == 404


async def test_the_etag_guards_a_write_and_spares_a_read(shop: Shop) -> None:
    made = await shop.make(sku="E-1", stock=1)
    path = f"/products/{made['id']}"
    etag = (await shop.send("GET", path)).headers["ETag"]
    unchanged = await shop.send("GET", path, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    await shop.send("POST", "/inventory/adjust", json={"sku": "E-1", "delta": 1, "reason": "counted"})
    moved = await shop.send("GET", path, headers={"If-None-Match": etag})
    assert moved.status_code == 200
    assert moved.headers["ETag"] != etag
    stale = await shop.send("PATCH", path, json={"title": "New"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert stale.headers["ETag"] == moved.headers["ETag"]
    assert (await shop.get(path))["title"] == "Thing"
    fresh = await shop.send("PATCH", path, json={"title": "New"}, headers={"If-Match": moved.headers["ETag"]})
    assert fresh.json()["title"] == "New"
    assert (await shop.send("GET", path)).headers["ETag"] == fresh.headers["ETag"]
    assert (await shop.send("DELETE", path, headers={"If-Match": etag})).status_code == 412


async def test_the_same_idempotency_key_makes_one_product(shop: Shop) -> None:
    key = {"Idempotency-Key": str(new_id())}
    answers = [await shop.send("POST", "/products", json={"title": "Once"}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len((await shop.get("/products"))["items"]) == 1
