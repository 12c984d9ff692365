"""How BigBuy's parcels travel: carriers, postcodes, costs, and where an order is by the time that has passed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.sandbox.bigbuy.account import Order
from app.sandbox.bigbuy.catalogue import Json

STAMP = "%Y-%m-%d %H:%M:%S"
PREPARED_AFTER, SHIPPED_AFTER, DELIVERED_AFTER = timedelta(hours=1), timedelta(hours=24), timedelta(hours=72)
UNPAID = "Awaiting payment"
STATUSES = (UNPAID, "Payment accepted", "Preparation in progress", "Shipped", "Delivered", "Canceled", "Refunded")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier: its number and name in the shipping API (not its code in orders), first cost and cost per kilogram."""

    id: str
    name: str
    first: Decimal
    per_kilogram: Decimal
    delay: str


@dataclass(frozen=True, slots=True)
class Postcode:
    """How postcodes of a country look."""

    pattern: str
    form: str
    example: str

    def fits(self, postcode: str) -> bool:
        """Whether a postcode looks so."""
        return re.fullmatch(self.pattern, postcode.strip().upper()) is not None


CARRIERS = {
    "correos": Carrier("1", "Correos Paq 72", Decimal("3.20"), Decimal("0.35"), "48h-72h"),
    "chrono": Carrier("2", "Chronopost Classic", Decimal("5.90"), Decimal("0.60"), "24h-48h"),
    "gls": Carrier("3", "GLS EuroBusiness", Decimal("4.00"), Decimal("0.45"), "48h-72h"),
    "ups": Carrier("4", "UPS Standard", Decimal("6.50"), Decimal("0.70"), "24h-48h"),
    "dhl": Carrier("5", "DHL Parcel Connect", Decimal("5.20"), Decimal("0.50"), "48h"),
    "tnt": Carrier("6", "TNT Express", Decimal("8.90"), Decimal("0.90"), "24h"),
    "seur": Carrier("7", "SEUR 24", Decimal("4.60"), Decimal("0.55"), "24h"),
    "correosinternational": Carrier("8", "Correos International", Decimal("7.10"), Decimal("1.10"), "5-10 days"),
}
FIVE_DIGITS = (r"\d{5}", "NNNNN")
POSTCODES = {
    "ES": Postcode(*FIVE_DIGITS, "46005"),
    "FR": Postcode(*FIVE_DIGITS, "75001"),
    "DE": Postcode(*FIVE_DIGITS, "10115"),
    "IT": Postcode(*FIVE_DIGITS, "00100"),
    "PT": Postcode(r"\d{4}-\d{3}", "NNNN-NNN", "1000-001"),
    "AT": Postcode(r"\d{4}", "NNNN", "1010"),
    "BE": Postcode(r"\d{4}", "NNNN", "1000"),
    "NL": Postcode(r"\d{4} ?[A-Z]{2}", "NNNN LL", "1011 AB"),
    "PL": Postcode(r"\d{2}-\d{3}", "NN-NNN", "00-001"),
}


def cost_of(carrier: Carrier, country: str, kilograms: float) -> Decimal:
    """What sending costs, without tax; abroad half as much again."""
    cost = carrier.first + carrier.per_kilogram * Decimal(str(round(kilograms, 3)))
    return (cost if country.upper() == "ES" else cost * Decimal("1.5")).quantize(Decimal("0.01"))


def cheapest(codes: Iterable[str], country: str, kilograms: float) -> tuple[str, Decimal]:
    """The cheapest of the allowed carriers and its cost."""
    return min(((code, cost_of(CARRIERS[code], country, kilograms)) for code in codes), key=lambda pair: pair[1])


def service(code: str) -> Json:
    """A shipping service as the shipping API names it."""
    carrier = CARRIERS[code]
    return {"id": carrier.id, "name": carrier.name, "delay": carrier.delay, "pod": True}


def status_of(order: Order, now: datetime) -> str:
    """Where the order is by now."""
    passed = now - order.placed_at
    if order.payment != "moneybox":
        return UNPAID
    if passed >= DELIVERED_AFTER:
        return "Delivered"
    if passed >= SHIPPED_AFTER:
        return "Shipped"
    return "Preparation in progress" if passed >= PREPARED_AFTER else "Payment accepted"


def order_json(order: Order, now: datetime) -> Json:
    """GET order/{id}."""
    carrier = CARRIERS[order.carrier]
    return {
        "id": str(order.number),
        "internalReference": order.reference,
        "dateAdd": order.placed_at.strftime(STAMP),
        "totalPaidTaxIncl": float(order.total),
        "totalPaidTaxExcl": float(order.goods + order.shipping),
        "totalShippingTaxExcl": float(order.shipping),
        "totalShippingTaxIncl": float(order.shipping) * 1.21,
        "status": status_of(order, now),
        "carriers": [{"id": carrier.id, "name": order.carrier, "price": float(order.shipping)}],
        "shippingAddress": dict(order.address),
        "products": [
            {
                "id": str(line.article.product_id),
                "reference": line.article.sku,
                "quantity": line.quantity,
                "name": line.name,
                "priceTaxIncl": float(line.price) * 1.21,
                "priceTaxExcl": float(line.price),
            }
            for line in order.lines
        ],
    }


def tracking_json(order: Order, now: datetime) -> Json:
    """The parcel of an order, once it is on its way."""
    return {"id": order.number, "reference": order.reference, "trackings": list(_trackings(order, now))}


def is_on_its_way(order: Order, now: datetime) -> bool:
    """Whether there is a parcel."""
    return status_of(order, now) in {"Shipped", "Delivered"}


def delivery_notes(order: Order, now: datetime) -> list[Json]:
    """GET order/delivery-notes/{id}."""
    if not is_on_its_way(order, now):
        return []
    lines = [{"reference": line.article.sku, "quantity": line.quantity} for line in order.lines]
    note: Json = {"reference": f"DN{order.number}", "order": str(order.number), "status": status_of(order, now)}
    return [{**note, "carrier": CARRIERS[order.carrier].name, "numberOfPackages": 1, "products": lines}]


def _trackings(order: Order, now: datetime) -> Iterable[Json]:
    if not is_on_its_way(order, now):
        return
    delivered = status_of(order, now) == "Delivered"
    at = order.placed_at + (DELIVERED_AFTER if delivered else SHIPPED_AFTER)
    words = ("DELIVERED", "Delivered") if delivered else ("IN TRANSIT", "In transit")
    yield {
        "trackingNumber": f"BB{order.number}{order.warehouse:02d}ES",
        "statusDescription": words[0],
        "statusDate": at.strftime(STAMP),
        "carrier": {"id": CARRIERS[order.carrier].id},
        "descriptionTranslated": words[1],
    }
