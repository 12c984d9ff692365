"""Orders reach BigBuy once, come back as what they became, and are never thought lost or placed without knowing."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.integrations.bigbuy.orders import order_of, state_of
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.contracts.errors import (
    AuthExpired,
    NotSent,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
)
from app.integrations.contracts.supplier import (
    Address,
    OutcomeUnknown,
    Purchase,
    PurchaseLine,
    ShippingOption,
    Supplier,
)
from tests.integrations.bigbuy.shop import VENDOR, Shop
from tests.integrations.http.stage import Asked, answer
from tests.support.shared import shared

ADDRESS = Address(
    name="John Michael Doe",
    line1="C/ Altea",
    line2="2B",
    city="Valencia",
    postal_code="46005",
    country="es",
    phone="664869570",
    email="john@email.com",
    company="Doe SL",
)
LINES = (PurchaseLine("5", "S1", 2), PurchaseLine("v6", "S2", 1), PurchaseLine("v7", "S3", 1))
PURCHASE = Purchase("R-1", LINES, ADDRESS, language="es", note="ring twice")
PLACED = answer(201, b"", location="/rest/order/119")
NOTHING = answer(200, b"")
SPLIT = (400, {"code": 400, "message": "in different warehouses", "error_detail": {"warehouses": [{}]}})
KNOWN = (409, {"code": "ER008", "message": '{"info":"Order already exists","data":{"orderId":119}}'})
SOLD = (400, {"code": "ER003", "message": '{"info":"Products error.","data":{"skus":["S1"]}}'})
ORDER = {
    "id": "119",
    "internalReference": "R-1",
    "status": "Payment accepted",
    "totalPaidTaxIncl": 9.809999999999999,
    "products": [{"id": "5", "reference": "S1", "quantity": 2}],
}


@pytest.fixture
async def supplier(shop: Shop) -> AsyncIterator[Supplier]:
    """BigBuy, which knows no order, and whose check finds nothing wrong."""
    shop.says("order/reference/R-1", NOTHING)
    shop.says("order/check", {"total": 9.809999999999999})
    assert VENDOR.supplier is not None
    async with VENDOR.supplier(shop.access(tries=2)) as opened:
        yield opened


def created(shop: Shop) -> int:
    """How often something was ordered."""
    return len([one for one in shop.stage.asked if one.target.startswith("/rest/order/create")])


async def test_an_order_is_looked_up_checked_and_created_once(shop: Shop, supplier: Supplier) -> None:
    shop.says("order/create", PLACED)
    (order,) = (await supplier.place(PURCHASE)).orders
    assert (order.external_id, order.state, order.reference) == ("119", "received", "R-1")
    assert (order.total, order.currency, order.lines) == (Decimal("9.81"), "EUR", LINES)
    assert [one.target for one in shop.stage.asked] == [
        "/rest/order/reference/R-1.json",
        "/rest/order/check.json",
        "/rest/order/create.json",
    ]
    (sent,) = shop.asked("order/create")
    assert shop.asked("order/check") == [sent]
    assert sent["order"] | {"carriers": len(sent["order"]["carriers"])} == {
        "internalReference": "R-1",
        "language": "es",
        "paymentMethod": "moneybox",
        "carriers": 8,
        "shippingAddress": {
            "firstName": "John Michael",
            "lastName": "Doe",
            "country": "ES",
            "postcode": "46005",
            "town": "Valencia",
            "address": "Doe SL, C/ Altea, 2B",
            "phone": "664869570",
            "email": "john@email.com",
            "comment": "ring twice",
        },
        "products": [
            {"reference": "S1", "quantity": 2},
            {"reference": "S2", "quantity": 1},
            {"reference": "S3", "quantity": 1},
        ],
    }


def test_the_request_has_the_form_of_the_sample() -> None:
    sample = json.loads(shared("specs/bigbuy/samples/order_request.json").read_bytes())["order"]
    made = order_of(PURCHASE, BigBuy())
    assert made.keys() == sample.keys()
    assert made["shippingAddress"].keys() == sample["shippingAddress"].keys()  # type: ignore[union-attr]


async def test_the_carriers_that_were_chosen_go_along_and_equal_articles_are_one(
    shop: Shop, supplier: Supplier
) -> None:
    shop.says("order/create", PLACED)
    await supplier.place(replace(PURCHASE, lines=(LINES[0], replace(LINES[0], quantity=3)), shipping=("gls", "seur")))
    (sent,) = shop.asked("order/create")
    assert sent["order"]["carriers"] == [{"name": "gls"}, {"name": "seur"}]
    assert sent["order"]["products"] == [{"reference": "S1", "quantity": 5}]


@pytest.mark.parametrize(
    ("purchase", "words"),
    [
        (replace(PURCHASE, address=replace(ADDRESS, phone=None, email=" ")), "without phone, email"),
        (replace(PURCHASE, lines=(PurchaseLine("5", None, 1),)), "Article 5 has no SKU"),
    ],
)
async def test_what_is_missing_is_told_before_anything_is_sent(
    purchase: Purchase, words: str, shop: Shop, supplier: Supplier
) -> None:
    with pytest.raises(Rejected, match=words):
        await supplier.place(purchase)
    assert shop.stage.asked == []


async def test_a_reference_that_is_known_is_not_ordered_again_though_its_goods_are_sold_by_now(
    shop: Shop, supplier: Supplier
) -> None:
    shop.says("order/reference/R-1", {"id": "119", "totalPaidTaxIncl": "9.81"})
    shop.says("order/119", ORDER)
    shop.says("order/check", SOLD)
    (order,) = (await supplier.place(PURCHASE)).orders
    assert (order.external_id, order.total, order.vendor_state) == ("119", Decimal("9.81"), "Payment accepted")
    assert order.lines == (PurchaseLine("", "S1", 2),)
    assert created(shop) == 0


@pytest.mark.parametrize("where", ["order/check", "order/create"])
async def test_an_order_that_was_faster_is_the_answer(where: str, shop: Shop, supplier: Supplier) -> None:
    shop.says("order/create", PLACED)
    shop.says(where, KNOWN)
    shop.says("order/119", ORDER)
    assert [order.external_id for order in (await supplier.place(PURCHASE)).orders] == ["119"]


async def test_goods_of_several_warehouses_become_an_order_for_each(shop: Shop, supplier: Supplier) -> None:
    shop.says("order/check", SPLIT)
    parts = [{"warehouse": 1, "total": 9.809999999999999}, {"warehouse": 3, "total": 132.13}]
    shop.says("order/check/multishipping", {"orders": parts, "errors": []})
    sample = json.loads(shared("specs/bigbuy/samples/order_create_multishipping_response.json").read_bytes())
    shop.says("order/create/multishipping", sample)
    placed = await supplier.place(PURCHASE)
    assert placed.refused == ()
    assert [(one.external_id, one.warehouse, one.total) for one in placed.orders] == [
        ("123", "1", Decimal("9.81")),
        ("124", "3", Decimal("132.13")),
    ]
    assert [one.lines for one in placed.orders] == [LINES[:1], LINES[1:]]


async def test_lines_that_were_not_taken_are_told_beside_those_that_were(shop: Shop, supplier: Supplier) -> None:
    shop.says("order/check", SPLIT)
    shop.says("order/check/multishipping", {"orders": [], "errors": []})
    made = {"id": "123", "warehouse": 1, "productReferences": ["S2"]}
    shop.says("order/create/multishipping", {"orders": [made], "errors": [SOLD[1]]})
    placed = await supplier.place(PURCHASE)
    assert [one.external_id for one in placed.orders] == ["123"]
    assert [(line.external_id, line.code) for line in placed.refused] == [("5", "out_of_stock"), ("v7", "out_of_stock")]


async def test_a_split_order_of_which_nothing_was_taken_is_refused(shop: Shop, supplier: Supplier) -> None:
    shop.says("order/check", SPLIT)
    shop.says("order/check/multishipping", {"orders": [], "errors": []})
    shop.says("order/create/multishipping", {"orders": [], "errors": [SOLD[1]]})
    with pytest.raises(Rejected, match="S1"):
        await supplier.place(PURCHASE)


@pytest.mark.parametrize(
    "said",
    [
        (500, {}),
        (504, "late"),
        (200, {"code": 500, "message": "Something went wrong"}),
        (400, {"code": "ER009", "message": "x"}),
        answer(200, b"HTTP/1.0 500 Internal Server Error\r\n\r\n{}"),
        answer(200, b"<html>"),
        answer(201, b""),
        answer(201, b"", location="/elsewhere"),
        answer(302, b"", location="/rest/order/119"),
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{",
    ],
)
async def test_an_answer_that_does_not_tell_what_happened_leaves_the_order_in_doubt(
    said: Any, shop: Shop, supplier: Supplier
) -> None:
    shop.says("order/create", said)
    with pytest.raises(OutcomeUnknown):
        await supplier.place(PURCHASE)
    assert created(shop) == 1


async def test_a_create_that_is_never_answered_is_in_doubt(shop: Shop, supplier: Supplier) -> None:
    async def silent(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    shop.stage.scenes["/rest/order/create.json"] = silent
    with pytest.raises(OutcomeUnknown):
        await supplier.place(PURCHASE)
    assert created(shop) == 1


@pytest.mark.parametrize("said", [{"errors": [], "orders": []}, {"orders": [{"warehouse": 1}]}, [1], (500, {})])
async def test_a_split_create_that_does_not_tell_is_in_doubt(said: Any, shop: Shop, supplier: Supplier) -> None:
    shop.says("order/check", SPLIT)
    shop.says("order/check/multishipping", {"orders": [], "errors": []})
    shop.says("order/create/multishipping", said)
    with pytest.raises(OutcomeUnknown):
        await supplier.place(PURCHASE)
    assert created(shop) == 1


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (SOLD, Rejected),
        ((401, {"code": 401, "message": "no"}), AuthExpired),
        ((503, {}), Unavailable),
        (answer(429, b"You exceeded the rate limit", X_Ratelimit_Reset="9999999999"), RateLimited),
        (
            (400, {"code": 400, "message": "Validation Failed", "errors": {"children": {"a": {"errors": ["b"]}}}}),
            Rejected,
        ),
    ],
)
async def test_what_the_check_refuses_is_not_ordered(
    said: Any, error: type[VendorError], shop: Shop, supplier: Supplier
) -> None:
    shop.says("order/check", said)
    with pytest.raises(error) as told:
        await supplier.place(PURCHASE)
    assert not isinstance(told.value, OutcomeUnknown)
    assert created(shop) == 0


async def test_a_create_that_met_a_limit_or_a_refusal_is_not_in_doubt(shop: Shop, supplier: Supplier) -> None:
    shop.says("order/create", SOLD)
    with pytest.raises(Rejected, match="S1"):
        await supplier.place(PURCHASE)
    shop.says("order/create", answer(429, b"You exceeded the rate limit", X_Ratelimit_Reset="9999999999"))
    with pytest.raises(RateLimited):
        await supplier.place(PURCHASE)


async def test_an_order_that_could_not_be_sent_is_not_in_doubt(shop: Shop) -> None:
    assert VENDOR.supplier is not None
    access = shop.access(base_url="http://127.0.0.1:9")
    open_to = access.app.model_copy(update={"sandbox_url": "http://127.0.0.1:9"})
    async with VENDOR.supplier(replace(access, app=open_to)) as supplier:
        with pytest.raises(NotSent):
            await supplier.place(PURCHASE)


async def test_what_became_of_a_reference_is_found_or_certainly_nothing(shop: Shop, supplier: Supplier) -> None:
    assert await supplier.find_placed("R-1") is None
    shop.says("order/reference/R-1", (404, {"errors": [{"code": 34, "message": "Sorry, that page does not exist"}]}))
    assert await supplier.find_placed("R-1") is None
    shop.says("order/reference/R-1", (500, {}))
    with pytest.raises(Unavailable):
        await supplier.find_placed("R-1")
    shop.says("order/reference/R-1", {"id": "119"})
    shop.says("order/119", ORDER | {"status": "Enviado"})
    found = await supplier.find_placed("R-1")
    assert found is not None
    assert [(one.external_id, one.state) for one in found.orders] == [("119", "shipped")]


async def test_a_reference_is_one_part_of_the_address_whatever_it_holds(shop: Shop, supplier: Supplier) -> None:
    shop.says("order/reference/a%2F..%2Fb%3Fc", NOTHING)
    assert await supplier.find_placed("a/../b?c") is None


async def test_orders_are_read_and_those_that_are_gone_left_out(shop: Shop, supplier: Supplier) -> None:
    shop.says("order/119", ORDER)
    shop.says("order/120", NOTHING)
    shop.says("order/121", (404, {"errors": [{"code": 34, "message": "no"}]}))
    assert [one.external_id for one in await supplier.get_orders(["119", "120", "121"])] == ["119"]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Awaiting payment", "unpaid"),
        ("Payment accepted", "received"),
        ("Preparation in progress", "processing"),
        ("Shipped", "shipped"),
        ("Delivered", "delivered"),
        ("Not delivered", "unknown"),
        ("Canceled", "cancelled"),
        ("Pedido cancelado", "cancelled"),
        ("something new", "unknown"),
        (None, "unknown"),
    ],
)
def test_the_names_of_states_are_understood(status: str | None, state: str) -> None:
    assert state_of(status) == state


async def test_parcels_are_matched_by_order_and_nulls_are_passed_over(shop: Shop, supplier: Supplier) -> None:
    def parcel(number: str, date: str | None, words: str) -> dict[str, Any]:
        return {"trackingNumber": number, "statusDate": date, "statusDescription": words, "carrier": {"id": "7"}}

    stations = [parcel("T1", "2026-11-20 10:00:00", "In transit"), parcel("T1", "2026-11-21 10:00:00", "Delivered")]
    shop.says(
        "tracking/orders",
        [
            None,
            {"id": 120, "trackings": [parcel("T2", "soon", "Left")]},
            {"id": 119, "trackings": stations},
            {"id": 7, "trackings": stations},
            {"id": 121, "trackings": [{"trackingNumber": None}]},
        ],
    )
    shop.says("tracking/carriers", [{"id": 7, "name": "SEUR"}])
    found = {one.number: one for one in await supplier.list_tracking(["119", "120", "121"])}
    assert set(found) == {"T1", "T2"}
    assert (found["T1"].order_id, found["T1"].carrier) == ("119", "SEUR")
    assert [(event.at, event.text) for event in found["T1"].events] == [
        (datetime(2026, 11, 21, 10, tzinfo=UTC), "Delivered"),
        (datetime(2026, 11, 20, 10, tzinfo=UTC), "In transit"),
    ]
    assert found["T2"].events[0].at is None
    assert await supplier.list_tracking([]) == ()


async def test_many_orders_are_tracked_by_a_few_calls(shop: Shop, supplier: Supplier) -> None:
    shop.says("tracking/orders", [])
    assert await supplier.list_tracking([str(number) for number in range(120)]) == ()
    assert [len(sent["track"]["orders"]) for sent in shop.asked("tracking/orders")] == [50, 50, 20]


async def test_ways_to_send_are_told_cheapest_first_with_the_codes_that_orders_take(
    shop: Shop, supplier: Supplier
) -> None:
    def option(name: str, cost: Any, delay: str = "") -> dict[str, Any]:
        return {"shippingService": {"id": "1", "name": name, "delay": delay}, "cost": cost, "weight": 1}

    shop.says(
        "shipping/orders",
        {
            "shippingOptions": [
                option("SEUR 24", 4.6000000001, "24h"),
                option("Correos International", 3.2, "5-10 days"),
                option("Correos Paq 72", 9, "48h - 72h"),
                option("SEUR 48", 4, "48h"),
                option("Mondial Relay", None),
                {"cost": 1},
                None,
            ]
        },
    )
    assert await supplier.list_shipping_options(LINES, ADDRESS) == (
        ShippingOption("correosinternational", "Correos International", Decimal("3.20"), "EUR", 5, 10),
        ShippingOption("seur", "SEUR 48", Decimal("4.00"), "EUR", 2, 2),
        ShippingOption("correos", "Correos Paq 72", Decimal("9.00"), "EUR", 2, 3),
        ShippingOption("mondial", "Mondial Relay", None, None),
    )
    (sent,) = shop.asked("shipping/orders")
    assert sent["order"]["delivery"] == {"isoCountry": "ES", "postcode": "46005"}
    shop.says("shipping/orders", (400, {"code": "ER010", "message": '{"info":"no carrier","data":{}}'}))
    assert await supplier.list_shipping_options(LINES, ADDRESS) == ()
