"""Ordering from the sandbox's BigBuy: what it costs, what it changes, how it refuses, where the parcel is."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.bigbuy.conftest import ADDRESS, lying_in, order, stock
from tests.sandbox.bigbuy.test_catalogue import SPEC
from tests.support.contracts import responses, validator
from tests.support.sandbox import Sandbox


def as_the_contract_says(method: str, path: str, answer: httpx.Response) -> Any:
    schema = next(schema for verb, held, schema in responses(SPEC) if (verb, held) == (method, f"/rest{path}"))
    validator(SPEC, schema).validate(answer.json())
    return answer.json()


def code_and_data(refused: httpx.Response) -> tuple[str, Any]:
    body = refused.json()
    return body["code"], json.loads(body["message"])["data"]


def test_checking_changes_nothing_and_ordering_takes_stock_and_money(vendor: httpx.Client) -> None:
    sku = lying_in(vendor, 1)
    before, purse = stock(vendor)[sku][0]["quantity"], vendor.get("/user/purse.json").json()
    checked = vendor.post("/order/check.json", json=order("our-1", {sku: 2}))
    total = as_the_contract_says("post", "/order/check.json", checked)["total"]
    assert stock(vendor)[sku][0]["quantity"] == before

    created = vendor.post("/order/create.json", json=order("our-1", {sku: 2}))
    assert (created.status_code, created.content) == (201, b"")
    location = created.headers["location"]
    assert location.startswith("/rest/order/")
    assert stock(vendor)[sku][0]["quantity"] == before - 2
    placed = as_the_contract_says("get", "/order/{id}.json", vendor.get(f"{location.removeprefix('/rest')}.json"))
    assert (placed["internalReference"], placed["status"]) == ("our-1", "Payment accepted")
    assert placed["totalPaidTaxIncl"] == pytest.approx(total, abs=0.01)
    assert placed["products"][0]["reference"] == sku
    assert vendor.get("/user/purse.json").json() == pytest.approx(purse - placed["totalPaidTaxIncl"])
    found = as_the_contract_says("get", "/order/reference/{reference}.json", vendor.get("/order/reference/our-1.json"))
    assert found["id"] == placed["id"] == location.rpartition("/")[2]


def test_a_reference_is_ordered_once(vendor: httpx.Client) -> None:
    sku = lying_in(vendor, 1)
    first = vendor.post("/order/create.json", json=order("again", {sku: 1}))
    after = stock(vendor)[sku]
    for path in ("/order/create.json", "/order/create/multishipping.json"):
        refused = vendor.post(path, json=order("again", {sku: 1}))
        assert refused.status_code == 409
        assert code_and_data(refused) == ("ER008", {"orderId": int(first.headers["location"].rpartition("/")[2])})
    assert stock(vendor)[sku] == after
    unknown = vendor.get("/order/reference/never.json")
    assert (unknown.status_code, unknown.content) == (200, b"")


def test_goods_in_different_warehouses_need_the_other_endpoint(vendor: httpx.Client) -> None:
    near, far = lying_in(vendor, 1), lying_in(vendor, 3)
    wanted = order("split", {near: 1, far: 1})
    before = stock(vendor)
    for path in ("/order/check.json", "/order/create.json"):
        refused = vendor.post(path, json=wanted)
        assert (refused.status_code, "different warehouses" in refused.json()["message"]) == (400, True)
        assert len(refused.json()["error_detail"]["warehouses"]) == 2
    assert stock(vendor) == before
    path = "/order/check/multishipping.json"
    checked = as_the_contract_says("post", path, vendor.post(path, json=wanted))
    assert [part["warehouse"] for part in checked["orders"]] == [1, 3]
    path = "/order/create/multishipping.json"
    created = as_the_contract_says("post", path, vendor.post(path, json=wanted))
    assert [(part["productReferences"], part["warehouse"]) for part in created["orders"]] == [([near], 1), ([far], 3)]
    assert len({part["id"] for part in created["orders"]}) == 2
    assert vendor.get("/order/reference/split.json").json()["id"] == created["orders"][0]["id"]
    assert stock(vendor)[far][0]["quantity"] == before[far][0]["quantity"] - 1


def test_what_is_short_is_an_error_beside_what_is_sent(vendor: httpx.Client) -> None:
    sku, short = lying_in(vendor, 1), lying_in(vendor, 3)
    created = vendor.post("/order/create/multishipping.json", json=order("part", {sku: 1, short: 100_000})).json()
    assert [part["productReferences"] for part in created["orders"]] == [[sku]]
    assert created["errors"][0]["code"] == "ER003"
    assert json.loads(created["errors"][0]["message"])["data"] == {"skus": [short]}


def test_orders_that_cannot_be_are_refused_in_its_codes(sandbox: Sandbox, vendor: httpx.Client) -> None:
    sku = lying_in(vendor, 1)
    parent = next(item["sku"] for item in vendor.get("/catalog/products.json").json() if item["attributes"])
    account = sandbox.world.bigbuy.account("sandbox")
    refused = {
        "ER001": order("r", {"V9999999": 1}),
        "ER002": order("r", {parent: 1}),
        "ER003": order("r", {sku: 100_000}),
        "ER004": order("r", {sku: 1}, shippingAddress={**ADDRESS, "postcode": "4600"}),
        "ER010": order("r", {sku: 1}, carriers=[{"name": "pigeon"}]),
        "ER011": order("r", {sku: 1}, paymentMethod="gold"),
    }
    answers = {code: code_and_data(vendor.post("/order/create.json", json=body)) for code, body in refused.items()}
    assert {code: told[0] for code, told in answers.items()} == {code: code for code in refused}
    assert answers["ER002"][1] == {"skus": [parent]}
    assert answers["ER004"][1] == {"zipExample": "46005"}
    account.money_box = account.minimum
    assert code_and_data(vendor.post("/order/create.json", json=order("r", {sku: 1})))[0] == "ER005"
    account.minimum = account.money_box * 100_000
    code, data = code_and_data(vendor.post("/order/create.json", json=order("r", {sku: 1})))
    assert (code, set(data)) == ("ER007", {"minimunPurchase", "totalOrder"})
    assert account.orders == []
    assert vendor.get("/order/reference/r.json").content == b""


def test_a_malformed_order_is_a_tree_of_what_is_wrong(vendor: httpx.Client) -> None:
    body = order("", {"V1000000": 1, "": 0}, shippingAddress={**ADDRESS, "town": ""})
    refused = vendor.post("/order/create.json", json=body)
    assert (refused.status_code, refused.json()["message"]) == (400, "Validation Failed")
    tree = refused.json()["errors"]["children"]
    assert tree["internalReference"]["errors"]
    assert list(tree["shippingAddress"]["children"]) == ["town"]
    assert set(tree["products"]["children"]["1"]["children"]) == {"reference", "quantity"}
    assert tree["paymentMethod"] == {}
    assert vendor.post("/order/create.json", content=b"{").status_code == 400


def test_parcels_travel_by_the_clock_of_the_sandbox(sandbox: Sandbox, vendor: httpx.Client) -> None:
    sku = lying_in(vendor, 1)
    vendor.post("/order/create.json", json=order("travels", {sku: 1}))
    number = int(vendor.get("/order/reference/travels.json").json()["id"])
    asked = {"track": {"orders": [{"id": number}, {"id": 5}]}}
    statuses = {item["name"] for item in vendor.get("/order/orderstatuses.json").json()}

    def seen() -> tuple[str, Any, Any]:
        one = as_the_contract_says("get", "/tracking/order/{id}.json", vendor.get(f"/tracking/order/{number}.json"))
        many = vendor.post("/tracking/orders.json", json=asked).json()
        return vendor.get(f"/order/{number}.json").json()["status"], one, many

    assert seen() == ("Payment accepted", [], [None])
    sandbox.world.clock.advance(timedelta(hours=2))
    assert seen() == ("Preparation in progress", [], [None])
    sandbox.world.clock.advance(timedelta(hours=23))
    status, one, many = seen()
    assert (status, one, one[0]["trackings"][0]["statusDescription"]) == ("Shipped", many, "IN TRANSIT")
    notes = vendor.get(f"/order/delivery-notes/{number}.json")
    assert as_the_contract_says("get", "/order/delivery-notes/{id}.json", notes)
    sandbox.world.clock.advance(timedelta(hours=48))
    assert seen()[0] == "Delivered"
    assert seen()[0] in statuses


def test_shipping_says_ways_and_costs(vendor: httpx.Client) -> None:
    sku = lying_in(vendor, 1)
    lines = [{"reference": sku, "quantity": 2}]
    body = {"order": {"delivery": {"isoCountry": "DE", "postcode": "10115"}, "products": lines}}
    path = "/shipping/orders.json"
    options = as_the_contract_says("post", path, vendor.post(path, json=body))["shippingOptions"]
    costs = [option["cost"] for option in options]
    assert costs == sorted(costs)
    assert len(costs) == len(vendor.get("/shipping/carriers.json").json())
    body["order"]["delivery"]["postcode"] = "1"
    tree = vendor.post(path, json=body).json()["errors"]["children"]
    assert "'NNNNN'" in tree["delivery"]["children"]["postcode"]["errors"][0]
    lowest = vendor.get("/shipping/lowest-shipping-costs-by-country/FR.json").json()
    assert {len(item) for item in lowest} == {1, 4}
    assert any(item.get("cost", "") is None for item in lowest)
    path = "/shipping/lowest-shipping-cost-by-country.json"
    asked = {"product_country": {"reference": sku, "countryIsoCode": "FR"}}
    assert as_the_contract_says("post", path, vendor.post(path, json=asked))["reference"] == sku
