"""Ordering from the sandbox's AliExpress: freight, one order for each store, unpaid, then parcels by its clock."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.aliexpress.conftest import ADDRESS, Caller, place, product, skus
from tests.sandbox.aliexpress.test_goods import FIRST, lacks, sample, shape
from tests.support.sandbox import Sandbox


def on_sale(caller: Caller, *, stores: int = 1) -> list[tuple[int, Any]]:
    """Items that can be had, of so many stores, each with a SKU of which there are some."""
    found: dict[int, tuple[int, Any]] = {}
    for number in range(FIRST, FIRST + 60):
        shown = product(caller, number)
        plenty = [sku for sku in skus(shown) if sku.get("sku_available_stock", 0) > 20]
        if plenty and shown["result"]["ae_item_base_info_dto"]["product_status_type"] == "onSelling":
            found.setdefault(shown["result"]["ae_store_info"]["store_id"], (number, plenty[0]))
        if len(found) == stores:
            return list(found.values())
    raise AssertionError("too few stores")


def line(number: int, sku: Any, count: int = 1, service: str = "CAINIAO_STANDARD") -> dict[str, object]:
    named = {"product_id": number, "sku_attr": sku["sku_attr"], "logistics_service_name": service}
    return {**named, "product_count": count, "order_memo": ""}


def state(caller: Caller, number: int) -> Any:
    asked = json.dumps({"order_id": number})
    return caller.call("aliexpress.trade.ds.order.get", single_order_query=asked)["result"]


def test_freight_wants_the_number_of_a_sku(caller: Caller) -> None:
    ((number, sku),) = on_sale(caller)
    asked = {"productId": str(number), "quantity": "1", "shipToCountry": "FR", "currency": "EUR", "locale": "fr_FR"}

    def options(selected: str) -> Any:
        request = json.dumps({**asked, "selectedSkuId": selected})
        return caller.call("aliexpress.ds.freight.query", queryDeliveryReq=request)

    told = options(sku["sku_id"])
    assert (
        lacks(
            shape(sample("freight_query_ok")["result"]["delivery_options"]), shape(told["result"]["delivery_options"])
        )
        == []
    )
    listed = told["result"]["delivery_options"]["delivery_option_d_t_o"]
    assert [option["code"] for option in listed] == ["CAINIAO_STANDARD", "CAINIAO_PREMIUM"]
    assert all(("shipping_fee_cent" in option) is not option["free_shipping"] for option in listed)
    refused = options(sku["sku_attr"])["result"]
    assert (refused["success"], refused["msg"]) == (False, "DELIVERY_NOT_AVAILABLE_TO_YOUR_ADDRESS")


def test_one_request_becomes_an_order_for_each_store_and_takes_stock(caller: Caller) -> None:
    first, second = on_sale(caller, stores=2)
    placed = place(caller, "our-1", [line(*first, count=2), line(*second)])
    assert placed["is_success"] is True
    assert len(placed["order_list"]["number"]) == 2
    left = next(sku for sku in skus(product(caller, first[0])) if sku["sku_id"] == first[1]["sku_id"])
    assert left["sku_available_stock"] == first[1]["sku_available_stock"] - 2
    shown = state(caller, placed["order_list"]["number"][0])
    assert (shown["order_status"], shown["logistics_status"]) == ("PLACE_ORDER_SUCCESS", "NO_LOGISTICS")
    assert shown["child_order_list"]["aeop_child_order_info"]["product_count"] == "2"
    again = place(caller, "our-1", [line(*first)])
    assert (again["is_success"], again["error_code"]) == (False, "REPEATED_ORDER_ERROR")


def test_an_order_travels_once_it_is_paid(sandbox: Sandbox, caller: Caller) -> None:
    ((number, sku),) = on_sale(caller)
    order = place(caller, "travels", [line(number, sku)])["order_list"]["number"][0]
    tracking = {"ae_order_id": str(order), "language": "en_US"}
    not_yet = caller.call("aliexpress.ds.order.tracking.get", **tracking)["result"]
    assert not_yet == sample("tracking_get_not_yet")["result"]
    control = f"{sandbox.url}/_sandbox/aliexpress/orders"
    paid = httpx.post(f"{control}/{order}/payment", headers=sandbox.headers, trust_env=False)
    assert paid.status_code == 204
    assert httpx.post(f"{control}/5/payment", headers=sandbox.headers, trust_env=False).status_code == 404
    seen = []
    for hours in (0, 2, 47, 192):
        sandbox.world.clock.advance(timedelta(hours=hours))
        caller.consent()
        seen.append(state(caller, order)["order_status"])
    assert seen == ["RISK_CONTROL", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_ACCEPT_GOODS", "FINISH"]
    told = caller.call("aliexpress.ds.order.tracking.get", **tracking)
    parcel = told["result"]["data"]["tracking_detail_line_list"]["tracking_detail"]
    nodes = parcel["detail_node_list"]["detail_node"]
    assert parcel["mail_no"] == state(caller, order)["logistics_info_list"]["aeop_order_logistics_info"]["logistics_no"]
    assert [int(node["time_stamp"]) for node in nodes] == sorted((int(n["time_stamp"]) for n in nodes), reverse=True)
    assert {type(node["time_stamp"]) for node in nodes} == {int, str}
    assert lacks(shape(sample("order_get_single_child_as_object")["result"]), shape(state(caller, order))) == []


def test_an_unpaid_order_is_closed_after_a_day(sandbox: Sandbox, caller: Caller) -> None:
    ((number, sku),) = on_sale(caller)
    order = place(caller, "unpaid", [line(number, sku)])["order_list"]["number"][0]
    sandbox.world.clock.advance(timedelta(hours=24))
    caller.consent()
    shown = state(caller, order)
    end = shown["child_order_list"]["aeop_child_order_info"]["end_reason"]
    assert (shown["order_status"], end) == ("FINISH", "CANCELED")


def test_orders_that_cannot_be_are_refused_and_take_nothing(sandbox: Sandbox, caller: Caller) -> None:
    ((number, sku),) = on_sale(caller)

    def code(item: dict[str, object], **more: Any) -> str:
        return place(caller, "refused", [item], **more)["error_code"]

    right = line(number, sku)
    assert code(line(number, sku, count=9999)) == "INVENTORY_HOLD_ERROR"
    assert code({**right, "sku_attr": sku["sku_id"]}) == "ERROR_WHEN_BUILD_FOR_PLACE_ORDER"
    assert code(line(number, sku, service="PIGEON")) == "DELIVERY_METHOD_NOT_EXIST"
    no_zip = {**ADDRESS, "zip": ""}
    assert code(right, logistics_address=no_zip) == "B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL"
    brazil = {**ADDRESS, "country": "BR"}
    assert code(right, logistics_address=brazil) == "B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL"
    assert sandbox.world.aliexpress.accounts["sandbox"].orders == []
    assert skus(product(caller, number)) == skus(product(caller, number))
    assert sandbox.world.aliexpress.shop.stocks == {}
    flat = caller.call("aliexpress.trade.ds.order.get", order_id="3000000001")
    assert "result" not in flat
    unknown = caller.raw("aliexpress.trade.ds.order.get", single_order_query=json.dumps({"order_id": 5}))
    assert unknown["error_response"]["sub_code"] == "isv.order-not-exist"


def test_an_order_whose_answer_is_dropped_was_placed_all_the_same(sandbox: Sandbox, caller: Caller) -> None:
    ((number, sku),) = on_sale(caller)
    sandbox.fault("drop", vendor="aliexpress", path="/sync/aliexpress.ds.order.create", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        place(caller, "dropped", [line(number, sku)])
    assert [order.reference for order in sandbox.world.aliexpress.accounts["sandbox"].orders] == ["dropped"]
    assert place(caller, "dropped", [line(number, sku)])["error_code"] == "REPEATED_ORDER_ERROR"


def test_accounts_do_not_see_each_others_orders(caller: Caller) -> None:
    ((number, sku),) = on_sale(caller)
    order = place(caller, "mine", [line(number, sku)])["order_list"]["number"][0]
    caller.consent(account="sandbox-two")
    asked = json.dumps({"order_id": order})
    assert "error_response" in caller.raw("aliexpress.trade.ds.order.get", single_order_query=asked)
