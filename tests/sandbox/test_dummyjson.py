"""The sandbox speaks DummyJSON's protocol as documented: paths, parameters, statuses, words, headers."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.sandbox import GOODS, Sandbox
from tests.support.shared import shared


@pytest.fixture
def vendor(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.url}/dummyjson", trust_env=False, timeout=30) as client:
        yield client


def test_a_list_says_how_many_it_holds_not_how_many_were_asked(vendor: httpx.Client) -> None:
    first, last = vendor.get("/products").json(), vendor.get("/products?limit=100&skip=200").json()
    assert (first["total"], first["skip"], first["limit"], len(first["products"])) == (GOODS, 0, 30, 30)
    assert (last["total"], last["skip"], last["limit"], len(last["products"])) == (GOODS, 200, 50, 50)
    beyond = vendor.get("/products?skip=10000")
    assert (beyond.status_code, beyond.json()["products"], beyond.json()["limit"]) == (200, [], 0)
    assert len(vendor.get("/products?limit=0").json()["products"]) == GOODS


def test_the_real_goods_and_ours_have_the_same_fields_of_the_same_types(vendor: httpx.Client) -> None:
    real = httpx.Response(200, content=shared("data/dummyjson/products.json").read_bytes()).json()
    ours = vendor.get("/products?limit=0").json()["products"]

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {name: shape(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [shape(value[0])] if value else []
        return "number" if isinstance(value, int | float) else type(value).__name__

    assert shape(next(item for item in real if "brand" in item)) == shape(next(i for i in ours if "brand" in i))
    for goods in (real, ours):
        assert any("brand" not in item for item in goods)
        assert len({item["sku"] for item in goods}) == len({item["id"] for item in goods}) == len(goods)
        assert all(0 <= item["stock"] <= 100 and len(item["meta"]["barcode"]) == 13 for item in goods)
    assert {item["availabilityStatus"] for item in ours} == {item["availabilityStatus"] for item in real}
    assert {item["shippingInformation"] for item in ours} == {item["shippingInformation"] for item in real}


def test_fields_order_and_search_are_chosen_by_parameters(vendor: httpx.Client) -> None:
    chosen = vendor.get("/products?limit=0&select=title,price,nonsense&sortBy=price&order=desc").json()["products"]
    assert all(set(item) == {"id", "title", "price"} for item in chosen)
    assert [item["price"] for item in chosen] == sorted((item["price"] for item in chosen), reverse=True)
    word = chosen[0]["title"].split()[0]
    found = vendor.get("/products/search", params={"q": word.upper(), "limit": 0}).json()
    assert 0 < found["total"] < GOODS
    assert all(word.lower() in f"{i['title']} {i['description']}".lower() for i in found["products"])
    assert vendor.get("/products?order=up").json() == {"message": "Order can be: 'asc' or 'desc'"}


def test_categories_and_their_products(vendor: httpx.Client) -> None:
    slugs = vendor.get("/products/category-list").json()
    assert [category["slug"] for category in vendor.get("/products/categories").json()] == slugs
    counted = [vendor.get(f"/products/category/{slug}?limit=0").json()["total"] for slug in slugs]
    assert sum(counted) == GOODS
    assert vendor.get("/products/category/nonsense").json()["products"] == []


def test_one_product_and_what_is_not_there(vendor: httpx.Client) -> None:
    assert vendor.get("/products/7").json()["id"] == 7
    assert vendor.get("/product/7").json() == vendor.get("/products/7").json()
    missing = vendor.get("/products/99999")
    assert (missing.status_code, missing.json()) == (404, {"message": "Product with id '99999' not found"})
    wrong = vendor.get("/products?limit=many")
    assert (wrong.status_code, wrong.json()) == (400, {"message": "Invalid 'limit' - must be a number"})
    moved = vendor.get("/products/?limit=1")
    assert (moved.status_code, moved.headers["location"]) == (301, "/dummyjson/products?limit=1")
    assert vendor.get("/nonsense").status_code == 404


def test_writes_are_simulated_and_store_nothing(vendor: httpx.Client) -> None:
    added = vendor.post("/products/add", json={"title": "New"})
    assert (added.status_code, added.json()) == (201, {"id": GOODS + 1, "title": "New"})
    assert vendor.get(f"/products/{GOODS + 1}").status_code == 404
    before = vendor.get("/products/3").json()
    assert vendor.patch("/products/3", json={"title": "Other", "id": 9}).json()["title"] == "Other"
    gone = vendor.delete("/products/3").json()
    assert gone["isDeleted"] is True
    assert "deletedOn" in gone
    assert "sku" not in gone
    assert vendor.get("/products/3").json() == before


def test_logins_give_tokens_that_open_the_account(vendor: httpx.Client) -> None:
    wrong = vendor.post("/auth/login", json={"username": "emilys", "password": "no"})
    assert (wrong.status_code, wrong.json()) == (400, {"message": "Invalid credentials"})
    login = vendor.post("/auth/login", json={"username": "emilys", "password": "emilyspass"}).json()
    me = vendor.get("/auth/me", headers={"Authorization": f"Bearer {login['accessToken']}"})
    assert me.json()["username"] == "emilys"
    for token in ("", f"Bearer {login['accessToken']}x", f"Bearer {login['refreshToken']}", "Bearer a.b.c"):
        assert vendor.get("/auth/me", headers={"Authorization": token}).status_code == 401
    fresh = vendor.post("/auth/refresh", json={"refreshToken": login["refreshToken"]}).json()
    assert vendor.get("/auth/me", headers={"Authorization": f"Bearer {fresh['accessToken']}"}).status_code == 200
    assert vendor.post("/auth/refresh", json={"refreshToken": login["accessToken"]}).status_code == 403


def test_any_status_can_be_asked_for(vendor: httpx.Client) -> None:
    assert vendor.get("/http/404/Hello_Peter").status_code == 404
    assert vendor.get("/http/503").json() == {"status": "503", "message": "Service Unavailable"}
    assert vendor.get("/test").json() == {"status": "ok", "method": "GET"}
    assert vendor.get("/ip").json()["ip"] == "127.0.0.1"


def test_more_than_a_hundred_calls_in_ten_seconds_are_refused(sandbox: Sandbox, vendor: httpx.Client) -> None:
    sandbox.world.reset(rate_limits=True)
    answers = [vendor.get("/test") for _ in range(102)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [429] * 2
    assert answers[0].headers["ratelimit-policy"] == "100;w=10"
    assert (answers[0].headers["ratelimit-limit"], answers[0].headers["ratelimit-remaining"]) == ("100", "99")
    assert "retry-after" not in answers[99].headers
    assert answers[100].json() == {"message": "request limit exceeded, please wait a few seconds"}
    assert 1 <= int(answers[100].headers["retry-after"]) <= 10
