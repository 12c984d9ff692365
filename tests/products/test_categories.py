"""The seller's category tree, and products in it."""

from app.core.ids import new_id
from app.products import bounds
from tests.products.conftest import Json, Shop


async def _make(shop: Shop, name: str, parent: Json | None = None) -> Json:
    body = {"name": name, "parent_id": parent and parent["id"]}
    answer = await shop.send("POST", "/categories", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def test_the_tree_shows_what_was_made(shop: Shop) -> None:
    home = await _make(shop, "Home")
    garden = await _make(shop, "Garten & Möbel", home)
    assert (garden["path"], garden["slug"]) == ("Home > Garten & Möbel", "garten-mobel")
    assert await shop.get(f"/categories/{garden['id']}") == garden
    tree = (await shop.get("/categories/tree"))["items"]
    assert [(node["name"], [child["name"] for child in node["children"]]) for node in tree] == [
        ("Home", ["Garten & Möbel"])
    ]
    listed = await shop.get("/categories")
    assert [item["path"] for item in listed["items"]] == ["Home", "Home > Garten & Möbel"]
    below = await shop.get("/categories", parent_id=home["id"])
    assert [item["id"] for item in below["items"]] == [garden["id"]]


async def test_a_name_stands_once_in_a_place_in_any_case(shop: Shop) -> None:
    home = await _make(shop, "Home")
    await _make(shop, "Lamps", home)
    await _make(shop, "Lamps")
    for body in ({"name": "HOME"}, {"name": "lamps", "parent_id": home["id"]}):
        answer = await shop.send("POST", "/categories", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "category_name_taken")


async def test_a_rename_reaches_everything_below(shop: Shop) -> None:
    a = await _make(shop, "A")
    b = await _make(shop, "B", a)
    c = await _make(shop, "C", b)
    await shop.send("PATCH", f"/categories/{a['id']}", json={"name": "Z"})
    assert (await shop.get(f"/categories/{c['id']}"))["path"] == "Z > B > C"
    await shop.send("PATCH", f"/categories/{b['id']}", json={"parent_id": None})
    assert (await shop.get(f"/categories/{c['id']}"))["path"] == "B > C"


async def test_a_category_cannot_stand_below_itself(shop: Shop) -> None:
    a = await _make(shop, "A")
    b = await _make(shop, "B", a)
    for parent in (a, b):
        answer = await shop.send("PATCH", f"/categories/{a['id']}", json={"parent_id": parent["id"]})
        assert (answer.status_code, answer.json()["code"]) == (409, "category_loop")
    assert (await shop.get(f"/categories/{b['id']}"))["path"] == "A > B"


async def test_the_tree_has_a_bottom(shop: Shop) -> None:
    parent = None
    for depth in range(bounds.CATEGORY_DEPTH):
        parent = await _make(shop, f"L{depth}", parent)
    assert parent is not None
    answer = await shop.send("POST", "/categories", json={"name": "deeper", "parent_id": parent["id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "category_too_deep")


async def test_a_category_with_others_below_stays_and_its_products_survive_a_removal(shop: Shop) -> None:
    a = await _make(shop, "A")
    b = await _make(shop, "B", a)
    product = await shop.make(category_id=b["id"])
    answer = await shop.send("DELETE", f"/categories/{a['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "category_not_empty")
    assert (await shop.send("DELETE", f"/categories/{b['id']}")).json() == {"id": b["id"], "deleted": True}
    assert (await shop.get(f"/products/{product['id']}"))["category_id"] is None
    assert (await shop.send("GET", f"/categories/{b['id']}")).json()["code"] == "category_not_found"
    assert (await shop.send("GET", f"/categories/{new_id()}")).status_code == 404


async def test_products_are_found_by_category_with_all_below_by_id_name_and_path(shop: Shop) -> None:
    first = await shop.make(title="Cup", category="Kitchen > Cups")
    second = await shop.make(title="Pan", category="kitchen")
    await shop.make(title="Chair", category="Home")
    kitchen = second["category_id"]
    both = {first["id"], second["id"]}
    for parameters in ({"category_id": kitchen}, {"category": "KITCHEN"}):
        found = await shop.get("/products", **parameters)
        assert {item["id"] for item in found["items"]} == both
    by_path = await shop.get("/products", category="kitchen > cups")
    assert [item["id"] for item in by_path["items"]] == [first["id"]]
    assert (await shop.get("/products", category="nowhere"))["items"] == []
    again = await shop.make(title="Glass", category="cups")
    assert again["category_id"] == first["category_id"]
