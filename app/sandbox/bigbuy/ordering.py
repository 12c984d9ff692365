"""What BigBuy makes of an order: validation, what cannot be ordered, from which warehouses it comes, what it costs.
Nothing of HTTP here; refusals in its own words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.sandbox.bigbuy.account import FIRST_ORDER, Account, Order, OrderLine
from app.sandbox.bigbuy.catalogue import FIRST_ID, Json
from app.sandbox.bigbuy.refusals import Refused, coded, invalid
from app.sandbox.bigbuy.sending import CARRIERS, POSTCODES, cheapest
from app.sandbox.translations import LANGUAGES

ADDRESS = ("firstName", "lastName", "country", "postcode", "town", "address", "phone", "email")
PAYMENTS = ("moneybox", "paypal", "bankwire")
LEAST_BANKWIRE = Decimal(50)
REFERENCE = re.compile(r"[A-Z]\d{7}")
BLANK: Json = {"errors": ["This value should not be blank."]}
WRONG_VALUE: Json = {"errors": ["This value is not valid."]}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order as it is asked for, well-formed."""

    reference: str
    language: str
    payment: str
    carriers: tuple[str, ...]
    address: dict[str, str]
    quantities: dict[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """What one warehouse sends."""

    warehouse: int
    lines: tuple[OrderLine, ...]
    carrier: str
    shipping: Decimal

    @property
    def goods(self) -> Decimal:
        """Without tax and shipping."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))

    def totals(self) -> Json:
        """As the vendor sums: in binary floats, with their noise."""
        goods = sum(float(line.price) * line.quantity for line in self.lines)
        without_tax = goods + float(self.shipping)
        return {
            "totalWithoutTaxesAndWithoutShippingCost": goods,
            "totalWithoutTaxes": without_tax,
            "total": without_tax * 1.21,
        }


def read_order(body: object) -> Wanted:
    """The order in a request; raises the tree of what is wrong with it."""
    order = body.get("order") if isinstance(body, dict) else None
    if not isinstance(order, dict):
        raise invalid({"order": BLANK})
    tree: Json = {}
    for name in ("internalReference", "language", "paymentMethod"):
        tree[name] = {} if _is_text(order.get(name)) else BLANK
    carriers = order.get("carriers")
    names = [item.get("name") for item in carriers if isinstance(item, dict)] if isinstance(carriers, list) else []
    tree["carriers"] = {} if names else BLANK
    address = order.get("shippingAddress")
    tree["shippingAddress"] = _address_tree(address if isinstance(address, dict) else {})
    products = order.get("products")
    tree["products"] = _products_tree(products)
    if any(tree.values()):
        raise invalid(tree)
    quantities: dict[str, int] = {}
    for item in products if isinstance(products, list) else []:
        quantities[item["reference"]] = quantities.get(item["reference"], 0) + int(item["quantity"])
    return Wanted(
        reference=order["internalReference"],
        language=order["language"],
        payment=order["paymentMethod"],
        carriers=tuple(str(name) for name in names),
        address={name: str(value) for name, value in order["shippingAddress"].items()},
        quantities=quantities,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _address_tree(address: Mapping[str, object]) -> Json:
    children: Json = {name: BLANK for name in ADDRESS if not _is_text(address.get(name))}
    return {"children": children} if children else {}


def _products_tree(products: object) -> Json:
    if not isinstance(products, list) or not products:
        return BLANK
    children: Json = {}
    for place, item in enumerate(products):
        line = item if isinstance(item, dict) else {}
        quantity = line.get("quantity")
        wrong: Json = {} if _is_text(line.get("reference")) else {"reference": BLANK}
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
            wrong["quantity"] = WRONG_VALUE
        if wrong:
            children[str(place)] = {"children": wrong}
    return {"children": children} if children else {}


def planned(account: Account, wanted: Wanted) -> list[Part]:
    """What each warehouse would send; raises for what cannot be ordered at all."""
    _check_postcode(wanted.address)
    if wanted.payment not in PAYMENTS:
        raise coded("ER011", "Invalid payment method.", {"paymentMethod": wanted.payment})
    allowed = [name for name in wanted.carriers if name in CARRIERS]
    if not allowed:
        raise coded("ER010", "There is no carrier for this order.", {"carriers": list(wanted.carriers)})
    malformed = [sku for sku in wanted.quantities if not REFERENCE.fullmatch(sku)]
    # A product with variations has a reference that cannot be ordered.
    parents = [sku for sku in wanted.quantities if sku not in malformed and _is_parent(account, sku)]
    if malformed or parents:
        raise coded("ER002", "Incorrect reference.", {"skus": malformed + parents})
    unknown = [sku for sku in wanted.quantities if account.find(sku) is None]
    if unknown:
        raise coded("ER001", "Product not found.", {"skus": unknown})
    short = [sku for sku, quantity in wanted.quantities.items() if available(account, sku) < quantity]
    if short:
        raise coded("ER003", "Products error.", {"skus": short})
    return [_part(account, wanted, allowed, *group) for group in _by_warehouse(account, wanted.quantities).items()]


def _check_postcode(address: Mapping[str, str]) -> None:
    known = POSTCODES.get(address["country"].upper())
    if known and not known.fits(address["postcode"]):
        raise coded("ER004", "Postcode error.", {"zipExample": known.example})


def _is_parent(account: Account, sku: str) -> bool:
    products = account.catalogue.products
    place = int(sku[1:]) - 1_000_000
    return sku.startswith("S") and 0 <= place < len(products) and products[place]["attributes"] is True


def available(account: Account, sku: str) -> int:
    """How many of an article there are, over all warehouses."""
    article = account.find(sku)
    return sum(line.quantity for line in account.stock_of(article)) if article else 0


def _by_warehouse(account: Account, quantities: Mapping[str, int]) -> dict[int, dict[str, int]]:
    """From where each article comes: one warehouse that has everything, else one that has enough, else several."""
    held = {sku: _held(account, sku) for sku in quantities}
    houses = sorted({house for lines in held.values() for house in lines})
    for house in houses:
        if all(held[sku].get(house, 0) >= quantity for sku, quantity in quantities.items()):
            return {house: dict(quantities)}
    taken: dict[int, dict[str, int]] = {}
    for sku, quantity in quantities.items():
        enough = [house for house in houses if held[sku].get(house, 0) >= quantity]
        left = quantity
        for house in enough[:1] or houses:
            part = min(left, held[sku].get(house, 0))
            if part:
                taken.setdefault(house, {})[sku] = part
                left -= part
    return dict(sorted(taken.items()))


def _held(account: Account, sku: str) -> dict[int, int]:
    article = account.find(sku)
    held: dict[int, int] = {}
    for line in account.stock_of(article) if article else ():
        held[line.warehouse] = held.get(line.warehouse, 0) + line.quantity
    return held


def _part(account: Account, wanted: Wanted, allowed: list[str], warehouse: int, taken: dict[str, int]) -> Part:
    goods = account.catalogue.goods(wanted.language if wanted.language in LANGUAGES else "en")
    lines = tuple(
        OrderLine(article, taken[article.sku], account.price_of(article), goods[article.product_id - FIRST_ID].title)
        for article in (account.catalogue.articles[sku] for sku in taken)
    )
    weight = sum(line.article.kilograms * line.quantity for line in lines)
    carrier, cost = cheapest(allowed, wanted.address["country"], weight)
    return Part(warehouse, lines, carrier, cost)


def only_part(parts: list[Part]) -> Part:
    """The one warehouse of a plain order; raises where there are several."""
    if len(parts) > 1:
        houses = [
            {"id": part.warehouse, "productReferences": [line.article.sku for line in part.lines]} for part in parts
        ]
        raise Refused(
            400,
            {
                "code": 400,
                "message": "The products of the order are in different warehouses. Use the multishipping endpoints.",
                "error_detail": {"warehouses": houses},
            },
        )
    return parts[0]


def refuse_known(account: Account, wanted: Wanted) -> None:
    """A reference that has an order is refused as such, before anything else of the order is looked at."""
    first = account.first_of(wanted.reference)
    if first is not None:
        raise coded("ER008", "Order already exists", {"orderId": first.number}, status=409)


def place(account: Account, wanted: Wanted, parts: list[Part], now: datetime) -> list[Order]:
    """Order: takes goods out of stock and money out of the box; raises, having done nothing, what is in the way."""
    orders = [
        Order(
            number=FIRST_ORDER + len(account.orders) + place,
            reference=wanted.reference,
            placed_at=now,
            language=wanted.language,
            payment=wanted.payment,
            carrier=part.carrier,
            address=wanted.address,
            lines=part.lines,
            warehouse=part.warehouse,
            goods=part.goods,
            shipping=part.shipping,
        )
        for place, part in enumerate(parts)
    ]
    _check_money(account, wanted, sum((order.goods for order in orders), Decimal(0)), _total(orders))
    for order in orders:
        for line in order.lines:
            account.take(line.article, line.quantity, order.warehouse, now)
    account.orders += orders
    if wanted.payment == "moneybox":
        account.money_box -= _total(orders)
    return orders


def _total(orders: list[Order]) -> Decimal:
    return sum((order.total for order in orders), Decimal(0))


def _check_money(account: Account, wanted: Wanted, goods: Decimal, total: Decimal) -> None:
    if goods < account.minimum:
        data = {"minimunPurchase": float(account.minimum), "totalOrder": float(goods)}
        raise coded("ER007", "The order is below the minimum purchase.", data)
    if wanted.payment == "moneybox" and total > account.money_box:
        data = {"moneyBoxAmount": float(account.money_box), "totalOrder": float(total)}
        raise coded("ER005", "There is not enough money in the money box.", data)
    if wanted.payment == "bankwire" and total < LEAST_BANKWIRE:
        raise coded("ER012", "The order is below the minimum of bank wires.", {"minBankwire": float(LEAST_BANKWIRE)})
