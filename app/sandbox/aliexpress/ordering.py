"""AliExpress' orders: freight, placing (one order for each store, unpaid), what becomes of them, and their parcels."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from app.sandbox.aliexpress.shop import RATES, TAXED, Item, Shop, Sku
from app.sandbox.aliexpress.wrapping import Many

Json = dict[str, object]
FIRST_ORDER = 3_000_000_001
CLOSED_AFTER, REVIEWED, SHIPPED, ARRIVED = (timedelta(hours=hours) for hours in (24, 1, 48, 240))
PACIFIC = timedelta(hours=-8)
STANDARD, PREMIUM = "CAINIAO_STANDARD", "CAINIAO_PREMIUM"
NAMES = {STANDARD: "AliExpress Selection Standard", PREMIUM: "AliExpress Premium Shipping"}
NEEDED = ("address", "city", "zip", "country", "mobile_no", "phone_country")
COUNTRY_NEEDS = {"BR": ("cpf",), "CL": ("rut_no",)}
FREE_FROM = Decimal(10)


@dataclass(frozen=True, slots=True)
class Line:
    """So much of one SKU, at its price then."""

    item: Item
    sku: Sku
    quantity: int
    price: Decimal


@dataclass(slots=True)
class Order:
    """What one store was asked for. Unpaid until `paid_at`."""

    number: int
    reference: str
    placed_at: datetime
    currency: str
    service: str
    lines: tuple[Line, ...]
    paid_at: datetime | None = None

    @property
    def total(self) -> Decimal:
        """What has to be paid."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))


@dataclass(slots=True)
class Account:
    """The orders of one buyer."""

    orders: list[Order] = field(default_factory=list)

    def find(self, number: str) -> Order | None:
        """The order of that number."""
        return next((order for order in self.orders if str(order.number) == number), None)


class Failed(Exception):
    """An order that was not placed: the vendor's code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def freight_answer(shop: Shop, asked: Mapping[str, str]) -> Json:
    """aliexpress.ds.freight.query: a SKU is named by its number, not by its attributes."""
    wanted = read_json(asked.get("queryDeliveryReq", ""))
    number, country = str(wanted.get("productId", "")), str(wanted.get("shipToCountry", "")).upper()
    item = shop.find(int(number)) if number.isdecimal() else None
    sku = next((sku for sku in item.skus if str(sku.id) == str(wanted.get("selectedSkuId"))), None) if item else None
    currency = str(wanted.get("currency", "USD")).upper()
    if item is None or sku is None or not country or (item.is_food and country not in TAXED):
        words = "DELIVERY_NOT_AVAILABLE_TO_YOUR_ADDRESS"
        return {"result": {"success": False, "code": "500", "msg": words}}
    currency = currency if currency in RATES else "USD"
    options = [_option(STANDARD, shop, sku, country, currency), _option(PREMIUM, shop, sku, country, currency)]
    told: Json = {"msg": "Call succeeds", "code": 200, "success": True}
    return {"result": {**told, "delivery_options": Many("delivery_option_d_t_o", options)}}


def _option(code: str, shop: Shop, sku: Sku, country: str, currency: str) -> Json:
    is_free = code == STANDARD and shop.price(sku, country, "EUR") >= FREE_FROM
    fee = (Decimal("1.99" if code == STANDARD else "13.57") * RATES[currency]).quantize(Decimal("0.01"))
    days = {STANDARD: (7, 14), PREMIUM: (5, 9)}[code]
    cost: Json = {
        "shipping_fee_cent": str(fee),
        "shipping_fee_format": f"{fee} {currency}",
        "shipping_fee_currency": currency,
    }
    return {
        "code": code,
        "company": NAMES[code],
        "free_shipping": is_free,
        "tracking": True,
        "min_delivery_days": days[0],
        "max_delivery_days": days[1],
        "guaranteed_delivery_days": "60",
        "delivery_date_desc": "Sep. 25 - Oct. 02",
        "ship_from_country": sku.warehouse[1] if sku.warehouse else "CN",
        **({} if is_free else cost),
    }


def create_answer(shop: Shop, account: Account, asked: Mapping[str, str], now: datetime, first: int) -> Json:
    """aliexpress.ds.order.create."""
    try:
        orders = _placed(shop, account, asked, now, first)
    except Failed as failed:
        return {"result": {"is_success": False, "error_code": failed.code, "error_msg": str(failed)}}
    account.orders += orders
    return {"result": {"is_success": True, "order_list": Many("number", [order.number for order in orders])}}


def _placed(shop: Shop, account: Account, asked: Mapping[str, str], now: datetime, first: int) -> list[Order]:
    wanted = read_json(asked.get("param_place_order_request4_open_api_d_t_o", ""))
    payment = read_json(asked.get("ds_extend_request", "")).get("payment")
    currency = str(payment.get("pay_currency", "USD")).upper() if isinstance(payment, dict) else "USD"
    reference, items = str(wanted.get("out_order_id") or ""), wanted.get("product_items")
    address = wanted.get("logistics_address")
    country = _country_of(address if isinstance(address, dict) else {})
    if currency not in RATES:
        raise Failed("PRICE_PAY_CURRENCY_ERROR", f"The currency {currency} cannot be paid in.")
    if reference and any(order.reference == reference for order in account.orders):
        raise Failed("REPEATED_ORDER_ERROR", "The order has been placed already.")
    if not isinstance(items, list) or not items:
        raise Failed("ERROR_WHEN_BUILD_FOR_PLACE_ORDER", "There are no products in the order.")
    by_store: dict[tuple[int, str], list[Line]] = {}
    for item in items:
        line, service = _line(shop, item if isinstance(item, dict) else {}, country, currency)
        by_store.setdefault((line.item.store, service), []).append(line)
    lines = [line for group in by_store.values() for line in group]
    _check_stock(shop, lines, country)
    for line in lines:
        shop.take(line.sku, line.quantity)
    return [
        Order(first + place, reference, now, currency, service, tuple(group))
        for place, ((_store, service), group) in enumerate(by_store.items())
    ]


def _check_stock(shop: Shop, lines: list[Line], country: str) -> None:
    wanted: dict[int, int] = {}
    for line in lines:
        wanted[line.sku.id] = wanted.get(line.sku.id, 0) + line.quantity
        stock = shop.stock(line.sku, country)
        if stock is not None and stock < wanted[line.sku.id]:
            raise Failed("INVENTORY_HOLD_ERROR", f"There is not enough of {line.item.id}.")


def _country_of(address: Mapping[str, object]) -> str:
    country = str(address.get("country", "")).upper()
    needed = (*NEEDED, *COUNTRY_NEEDS.get(country, ()))
    missing = [name for name in needed if not str(address.get(name) or "").strip()]
    if not (address.get("contact_person") or address.get("full_name")):
        missing.append("contact_person")
    if missing:
        raise Failed("B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL", f"The address lacks {', '.join(missing)}.")
    return country


def _line(shop: Shop, wanted: Mapping[str, object], country: str, currency: str) -> tuple[Line, str]:
    number, count = str(wanted.get("product_id", "")), wanted.get("product_count")
    item = shop.find(int(number)) if number.isdecimal() else None
    # Attributes are compared letter for letter.
    sku = next((sku for sku in item.skus if sku.attr == str(wanted.get("sku_attr") or "")), None) if item else None
    quantity = int(str(count)) if str(count).isdecimal() else 0
    if item is None or sku is None or not 1 <= quantity <= 9999:
        raise Failed("ERROR_WHEN_BUILD_FOR_PLACE_ORDER", f"The product {number} with these attributes does not exist.")
    service = str(wanted.get("logistics_service_name") or "")
    if service not in NAMES or (item.is_food and country not in TAXED):
        raise Failed("DELIVERY_METHOD_NOT_EXIST", f"{service or 'No service'} does not deliver {number} to {country}.")
    return Line(item, sku, quantity, shop.price(sku, country, currency)), service


def states_of(order: Order, now: datetime) -> tuple[str, str, str | None]:
    """The order's state, that of its parcel, and why it ended."""
    if order.paid_at is None:
        if now - order.placed_at >= CLOSED_AFTER:
            return "FINISH", "NO_LOGISTICS", "CANCELED"
        return "PLACE_ORDER_SUCCESS", "NO_LOGISTICS", None
    passed = now - order.paid_at
    if passed < REVIEWED:
        return "RISK_CONTROL", "NO_LOGISTICS", None
    if passed < SHIPPED:
        return "WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_SEND_GOODS", None
    if passed < ARRIVED:
        return "WAIT_BUYER_ACCEPT_GOODS", "SELLER_SEND_GOODS", None
    return "FINISH", "BUYER_ACCEPT_GOODS", None


def order_answer(account: Account, asked: Mapping[str, str], now: datetime) -> Json | None:
    """aliexpress.trade.ds.order.get; None: there is no such order. A flat `order_id` gets an answer without result."""
    if "single_order_query" not in asked:
        return {}
    order = account.find(str(read_json(asked["single_order_query"]).get("order_id", "")))
    if order is None:
        return None
    state, logistics, end = states_of(order, now)
    children = [
        {
            "product_id": str(line.item.id),
            "product_count": str(line.quantity),
            "product_price": {"amount": str(line.price), "currency_code": order.currency},
            "sku_id": str(line.sku.id),
            **({"end_reason": end} if end else {}),
        }
        for line in order.lines
    ]
    sent = logistics in {"SELLER_SEND_GOODS", "BUYER_ACCEPT_GOODS"}
    parcels = [{"logistics_no": _parcel(order), "logistics_service": order.service}] if sent else []
    result: Json = {
        "gmt_create": (order.placed_at + PACIFIC).strftime("%Y-%m-%d %H:%M:%S"),
        "order_status": state,
        "logistics_status": logistics,
        "order_amount": {"amount": str(order.total), "currency_code": order.currency},
        "store_info": {"store_id": order.lines[0].item.store},
        "child_order_list": Many("aeop_child_order_info", children),
        "logistics_info_list": Many("aeop_order_logistics_info", parcels),
    }
    return {"result": result}


def tracking_answer(account: Account, asked: Mapping[str, str], now: datetime) -> Json:
    """aliexpress.ds.order.tracking.get; newest first."""
    order = account.find(asked.get("ae_order_id", ""))
    if order is None or order.paid_at is None or now - order.paid_at < SHIPPED:
        return {"result": {"ret": False, "code": "1001", "msg": "TRACKING DATA NOT FOUND"}}
    nodes: list[Json] = [
        _node(order.paid_at + SHIPPED, "Your package has been handed to the carrier.", "IN_TRANSIT"),
        # Some times are texts.
        {**(made := _node(order.placed_at, "Your order has been successfully created", "CREATED"))}
        | {"time_stamp": str(made["time_stamp"])},
    ]
    if now - order.paid_at >= ARRIVED:
        nodes.insert(0, _node(order.paid_at + ARRIVED, "Your package has been delivered.", "DELIVERED"))
    line: Json = {
        "mail_no": _parcel(order),
        "carrier_name": NAMES[order.service],
        "detail_node_list": Many("detail_node", nodes),
    }
    data: Json = {"tracking_detail_line_list": Many("tracking_detail", [line])}
    return {"result": {"ret": True, "code": "0", "data": data}}


def _node(at: datetime, words: str, name: str) -> Json:
    return {"time_stamp": int(at.timestamp() * 1000), "tracking_detail_desc": words, "tracking_name": name}


def _parcel(order: Order) -> str:
    return f"LP{order.number}CN"


def read_json(text: str) -> Json:
    """The object in a parameter; what is none is an empty one."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
