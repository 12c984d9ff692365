"""Variants and images of a product: adding, changing, removing, and what the product repeats of them."""

import pytest
from sqlalchemy import update

from app.core.database import Database
from app.core.ids import new_id
from app.products.models import Product
from tests.products.conftest import Shop, codes

SIZES = [
    {"sku": "S-1", "options": {"Size": "S"}, "stock": 1},
    {"sku": "M-1", "options": {"Size": "M"}, "stock": 2, "price": "12"},
]


async def test_variants_take_the_products_amounts_where_they_have_none(shop: Shop) -> None:
    made = await shop.make(price="10", cost="4", variants=SIZES, options=[{"name": "Size", "values": ["XS", "S"]}])
    assert [(one["sku"], one["price"], one["cost"], one["stock"]) for one in made["variants"]] == [
        ("S-1", "10.00", "4.00", 1),
        ("M-1", "12.00", "4.00", 2),
    ]
    assert made["options"] == [{"name": "Size", "values": ["XS", "S", "M"]}]
    assert (made["sku"], made["price"], made["stock"]) == ("S-1", "10.00", 3)


@pytest.mark.parametrize("field", ["sku", "stock"])
async def test_with_variants_a_product_has_no_goods_of_its_own(shared_shop: Shop, field: str) -> None:
    value = "X" if field == "sku" else 1
    answer = await shared_shop.send("POST", "/products", json={"title": "T", "variants": SIZES, field: value})
    assert (answer.status_code, codes(answer)) == (422, ["contradiction"])


async def test_an_added_variant_is_found_counted_and_bumps_the_version(shop: Shop) -> None:
    made = await shop.make(price="10", variants=SIZES)
    path = f"/products/{made['id']}/variants"
    answer = await shop.send(
        "POST", path, json={"sku": "L-1", "options": {"Size": "L"}, "stock_quantity": 5, "price": 15}
    )
    assert answer.status_code == 201
    body = answer.json()
    assert [one["sku"] for one in body["variants"]] == ["S-1", "M-1", "L-1"]
    assert (body["stock"], body["version"], body["options"][0]["values"]) == (8, 2, ["S", "M", "L"])
    variant = await shop.get(answer.headers["Location"].removeprefix("/api/v1"))
    assert variant == body["variants"][2]
    assert (await shop.get(path))["items"] == body["variants"]
    assert [item["id"] for item in (await shop.get("/products", q="l-1"))["items"]] == [made["id"]]


async def test_the_main_variant_is_the_first_by_position(shop: Shop) -> None:
    made = await shop.make(price="10", variants=SIZES)
    first, second = (one["id"] for one in made["variants"])
    answer = await shop.send("PATCH", f"/products/{made['id']}/variants/{first}", json={"position": 9})
    assert (answer.json()["sku"], answer.json()["price"]) == ("M-1", "12.00")
    assert [one["id"] for one in answer.json()["variants"]] == [second, first]


async def test_a_change_of_a_variant_touches_only_what_it_names(shop: Shop) -> None:
    made = await shop.make(price="10", variants=SIZES)
    variant = made["variants"][1]
    answer = await shop.send(
        "PATCH", f"/products/{made['id']}/variants/{variant['id']}", json={"sale_price": "13", "stock": 7}
    )
    assert answer.json()["variants"][1] == {**variant, "price": "13.00", "stock": 7}
    assert answer.json()["price"] == "10.00"


async def test_two_variants_cannot_have_the_same_options_or_sku(shop: Shop) -> None:
    made = await shop.make(price="10", variants=SIZES)
    path = f"/products/{made['id']}/variants"
    for body, code in (
        ({"options": {"Size": "S"}}, "options_taken"),
        ({"sku": "s-1", "options": {"Size": "XL"}}, "sku_taken"),
    ):
        answer = await shop.send("POST", path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert await shop.get(f"/products/{made['id']}") == made
    answer = await shop.send("POST", "/products", json={"title": "T", "variants": [SIZES[0], {**SIZES[0], "sku": "Z"}]})
    assert (answer.status_code, codes(answer)) == (422, ["options_taken"])


async def test_a_removed_variant_frees_its_sku_and_the_last_one_stays(shop: Shop) -> None:
    made = await shop.make(price="10", variants=SIZES)
    first, second = (one["id"] for one in made["variants"])
    path = f"/products/{made['id']}/variants"
    answer = await shop.send("DELETE", f"{path}/{first}")
    assert answer.json() == {"id": first, "deleted": True}
    body = await shop.get(f"/products/{made['id']}")
    assert (body["sku"], body["stock"], len(body["variants"])) == ("M-1", 2, 1)
    assert (await shop.send("DELETE", f"{path}/{second}")).json()["code"] == "last_variant"
    assert (await shop.send("DELETE", f"{path}/{first}")).json()["code"] == "variant_not_found"
    assert (await shop.send("GET", f"{path}/{first}")).json()["code"] == "variant_not_found"
    await shop.make(title="Heir", sku="S-1")


async def test_a_product_that_returns_brings_back_only_the_variants_it_left_with(shop: Shop) -> None:
    made = await shop.make(price="10", variants=SIZES)
    first = made["variants"][0]["id"]
    await shop.send("DELETE", f"/products/{made['id']}/variants/{first}")
    await shop.send("DELETE", f"/products/{made['id']}")
    restored = (await shop.send("POST", f"/products/{made['id']}/restore")).json()
    assert [one["sku"] for one in restored["variants"]] == ["M-1"]


async def test_images_come_and_go_by_address(shop: Shop) -> None:
    made = await shop.make(images=["https://img.example.com/1.jpg"])
    path = f"/products/{made['id']}/images"
    answer = await shop.send("POST", path, json={"url": "https://img.example.com/2.jpg", "alt": "Side"})
    assert answer.status_code == 201
    assert [(image["alt"], image["position"]) for image in answer.json()["images"]] == [(None, 0), ("Side", 1)]
    assert answer.json()["locked_fields"] == ["images"]
    again = await shop.send("POST", path, json="https://img.example.com/2.jpg")
    assert len(again.json()["images"]) == 2
    image_id = again.json()["images"][0]["id"]
    assert (await shop.send("DELETE", f"{path}/{image_id}")).json() == {"id": image_id, "deleted": True}
    assert [image["url"][-5:] for image in (await shop.get(path))["items"]] == ["2.jpg"]
    missing = await shop.send("DELETE", f"{path}/{new_id()}")
    assert missing.json()["code"] == "image_not_found"


async def test_writes_to_parts_are_guarded_by_the_products_etag(shop: Shop) -> None:
    made = await shop.make(sku="G-1")
    stale = {"If-Match": '"stale"'}
    main = made["variants"][0]["id"]
    path = f"/products/{made['id']}"
    for method, where, body in (
        ("POST", "/variants", {"sku": "X"}),
        ("PATCH", f"/variants/{main}", {"sku": "X"}),
        ("DELETE", f"/variants/{main}", None),
        ("POST", "/images", {"url": "https://img.example.com/2.jpg"}),
        ("POST", "/status", {"status": "archived"}),
    ):
        answer = await shop.send(method, path + where, json=body, headers=stale)
        assert answer.status_code == 412, (method, where)
    assert await shop.get(path) == made


async def test_goods_that_a_source_knows_without_variants_are_shown_and_can_be_made_sellable(
    database: Database, shop: Shop
) -> None:
    bundle, set_of_two = new_id(), new_id()
    async with database.session(shop.seller.scope) as session:
        session.add_all([Product(id=bundle, title="Bundle"), Product(id=set_of_two, title="Set", own_sku="SET")])
    found = await shop.get(f"/products/{bundle}")
    assert (found["variants"], found["stock"], found["price"], found["currency"]) == ([], 0, None, None)
    assert (await shop.change(str(bundle), title="Renamed")).json()["variants"] == []
    priced = (await shop.change(str(bundle), price="5", stock=2, status="published")).json()
    assert (priced["price"], priced["currency"], priced["stock"], len(priced["variants"])) == ("5.00", "EUR", 2, 1)
    added = await shop.send("POST", f"/products/{set_of_two}/variants", json={"sku": "SET-1", "price": 1})
    assert (added.json()["sku"], added.json()["variants"][0]["currency"]) == ("SET", "EUR")


async def test_a_product_with_a_sku_above_its_variants_changes_that_one(database: Database, shop: Shop) -> None:
    made = await shop.make(sku="V-1")
    async with database.session(shop.seller.scope) as session:
        await session.execute(update(Product).values(own_sku="PARENT", sku="PARENT"))
    changed = (await shop.change(made["id"], sku="OTHER")).json()
    assert (changed["sku"], changed["variants"][0]["sku"]) == ("OTHER", "V-1")
    cleared = (await shop.change(made["id"], sku=None)).json()
    assert cleared["sku"] == "V-1"
