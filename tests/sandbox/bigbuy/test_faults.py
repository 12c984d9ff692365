"""Faults speak in BigBuy's words, and what was accepted before the line broke has happened."""

from decimal import Decimal

import httpx
import pytest

from tests.sandbox.bigbuy.conftest import lying_in, order, stock
from tests.support.sandbox import GOODS, Sandbox


def test_an_order_whose_answer_is_dropped_was_placed_all_the_same(sandbox: Sandbox, vendor: httpx.Client) -> None:
    sku = lying_in(vendor, 1)
    before = stock(vendor)[sku][0]["quantity"]
    sandbox.fault("drop", vendor="bigbuy", path="/rest/order/create.json", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        vendor.post("/order/create.json", json=order("dropped", {sku: 1}))
    assert stock(vendor)[sku][0]["quantity"] == before - 1
    assert vendor.get("/order/reference/dropped.json").json()["id"]
    assert vendor.post("/order/create.json", json=order("dropped", {sku: 1})).json()["code"] == "ER008"


def test_errors_in_a_200_come_in_all_the_shapes_that_were_seen(sandbox: Sandbox, vendor: httpx.Client) -> None:
    sandbox.fault("soft", vendor="bigbuy")
    first, second, third = (vendor.get("/catalog/products.json") for _ in range(3))
    assert {answer.status_code for answer in (first, second, third)} == {200}
    assert first.json() == {"code": 500, "message": "Something went wrong"}
    assert second.text.startswith("HTTP/1.0 500 Internal Server Error\r\n")
    assert third.content == b""


def test_a_status_is_told_in_its_words(sandbox: Sandbox, vendor: httpx.Client) -> None:
    def under(status: int, path: str = "/catalog/products.json") -> httpx.Response:
        sandbox.world.faults.all.clear()
        sandbox.fault("status", vendor="bigbuy", status=status)
        return vendor.get(path)

    assert under(429).text == "You exceeded the rate limit"
    assert under(429).headers["x-ratelimit-reset"].isdecimal()
    assert under(504).text.startswith("<html>")
    assert under(400).json() == {"code": "Bad request", "message": 400}
    assert under(503).json() == {"code": 503, "message": "Something went wrong"}
    assert under(503, "/order/create.json").json()["code"] == "ER009"


def test_a_key_that_expired_is_refused(sandbox: Sandbox, vendor: httpx.Client) -> None:
    sandbox.fault("expired", vendor="bigbuy", path="/rest/catalog/*", times=1)
    assert vendor.get("/user/purse.json").status_code == 200
    assert [vendor.get("/catalog/tags.json").status_code for _ in range(2)] == [401, 200]


def test_lists_repeat_loop_shrink_double_and_drift(sandbox: Sandbox, vendor: httpx.Client) -> None:
    def ids(page: int) -> list[int]:
        return [item["id"] for item in vendor.get(f"/catalog/products.json?pageSize=100&page={page}").json()]

    def under(kind: str, **values: object) -> None:
        sandbox.world.faults.all.clear()
        sandbox.fault(kind, vendor="bigbuy", **values)

    under("repeat")
    assert ids(1) == ids(3) == ids(99)
    under("loop")
    assert ids(4)[0] == 1001 + 300 - GOODS
    under("duplicate", amount=2)
    assert ids(1)[:4] == [1001, 1002, 1001, 1002]
    under("shrink", amount=3, times=1)
    assert ids(1)[0] == 1004
    assert {item["product"] for item in vendor.get("/catalog/productsvariations.json").json()}.isdisjoint(
        range(1001, 1004)
    )
    under("drift", amount=20, path="/rest/catalog/products.json")
    before, was = stock(vendor), vendor.get("/catalog/productvariationprices.json").json()
    vendor.get("/catalog/products.json")
    assert stock(vendor) != before
    assert vendor.get("/catalog/productvariationprices.json").json() != was


def test_what_changes_is_dated(sandbox: Sandbox, vendor: httpx.Client) -> None:
    def stock_dates() -> dict[str, str]:
        return {item["sku"]: item["dateUpdStock"] for item in vendor.get("/catalog/products.json").json()}

    was = stock_dates()
    sandbox.world.bigbuy.drift(5)
    changed = {sku for sku, date in stock_dates().items() if date != was[sku]}
    assert 1 <= len(changed) <= 5


def test_articles_and_money_change_when_told(sandbox: Sandbox, vendor: httpx.Client) -> None:
    def steer(method: str, path: str, json: object = None) -> httpx.Response:
        url = f"{sandbox.url}/_sandbox/bigbuy/accounts/sandbox{path}"
        return httpx.request(method, url, json=json, headers=sandbox.headers, trust_env=False)

    sku = lying_in(vendor, 1)
    wanted = {"fields": {"wholesalePrice": -5}, "stocks": [{"quantity": 7, "warehouse": 3}]}
    assert steer("PATCH", f"/articles/{sku}", wanted).json()["wholesalePrice"] == -5
    assert [(line["quantity"], line["warehouse"]) for line in stock(vendor)[sku]] == [(7, 3)]
    assert steer("PATCH", "", {"money_box": "1.50"}).json()["money_box"] == "1.50"
    assert sandbox.world.bigbuy.account("sandbox").money_box == Decimal("1.50")
    assert steer("DELETE", "/articles/S1000000").status_code == 204
    assert "S1000000" not in {item["sku"] for item in vendor.get("/catalog/products.json").json()}
    assert steer("DELETE", "/articles/S1000000").status_code == 404
    assert steer("PATCH", "/articles/nonsense", {"fields": {"a": 1}}).status_code == 404
    assert steer("PATCH", f"/articles/{sku}", {"price": 1}).status_code == 422
