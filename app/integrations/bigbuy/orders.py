"""Orders on their way to BigBuy and back. Pure: in go purchases and answers, out come requests and meanings."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import JsonValue

from app.integrations.bigbuy.errors import Refused
from app.integrations.bigbuy.payloads import error_of, id_of, object_of, objects_of, text_of
from app.integrations.bigbuy.settings import CARRIERS, BigBuy
from app.integrations.bigbuy.values import cents_of
from app.integrations.contracts.supplier import (
    Address,
    LineRefused,
    Purchase,
    PurchaseLine,
    ShippingOption,
    SupplierOrder,
    SupplierOrderState,
    Tracking,
    TrackingEvent,
)
from app.integrations.feeds.json_records import Json

CURRENCY = "EUR"
_HOURS_PER_DAY = 24
# The names of states are words for people; the first that fits counts.
_STATES: Sequence[tuple[SupplierOrderState, tuple[str, ...]]] = (
    ("unknown", ("not delivered", "no entregad", "not shipped")),
    ("cancelled", ("cancel", "refund", "anulad", "reembols")),
    ("unpaid", ("await", "pending", "pendiente", "waiting", "unpaid")),
    ("delivered", ("delivered", "entregad")),
    ("shipped", ("shipped", "sent", "dispatched", "transit", "enviad")),
    ("processing", ("prepar", "process", "picking")),
    ("received", ("accepted", "received", "aceptad", "paid", "pagad")),
)
_LINE_CODES = {"ER001": "not_found", "ER002": "wrong_reference", "ER003": "out_of_stock", "ER013": "not_exported"}


def products_of(lines: Sequence[PurchaseLine]) -> list[JsonValue]:
    """What is ordered, once per SKU. Raises Refused for a line without one."""
    quantities: dict[str, int] = {}
    for line in lines:
        if not line.sku:
            raise Refused(
                f"Article {line.external_id} has no SKU, by which BigBuy is ordered from: read the goods again."
            )
        quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
    return [{"reference": sku, "quantity": quantity} for sku, quantity in quantities.items()]


def order_of(purchase: Purchase, settings: BigBuy) -> dict[str, JsonValue]:
    """The order that a purchase is. Raises Refused, naming what is missing."""
    carriers: list[JsonValue] = [{"name": code} for code in purchase.shipping or settings.carriers]
    return {
        "internalReference": purchase.reference,
        "language": purchase.language[:2].lower(),
        "paymentMethod": settings.payment_method,
        "carriers": carriers,
        "shippingAddress": _address(purchase.address, purchase.note),
        "products": products_of(purchase.lines),
    }


def _address(address: Address, note: str | None) -> dict[str, JsonValue]:
    first, _, last = " ".join(address.name.split()).rpartition(" ")
    found = {
        "firstName": first or last,
        "lastName": last if first else "-",  # both must be there
        "country": address.country.upper(),
        "postcode": address.postal_code,
        "town": address.city,
        "address": ", ".join(filter(None, (address.company, address.line1, address.line2, address.region))),
        "phone": address.phone or "",
        "email": address.email or "",
    }
    if missing := [name for name, text in found.items() if not text.strip()]:
        raise Refused(f"BigBuy sends nothing without {', '.join(missing)} in the address: fill in what is missing.")
    return {**found, "comment": note or ""}


def shipping_options_from(answer: Json) -> tuple[ShippingOption, ...]:
    """The ways to send goods, cheapest first. Shipping calls name services ("SEUR 24"), orders take codes (seur)."""
    found = {option.code: option for option in sorted(_options(answer), key=_cost, reverse=True)}
    return tuple(sorted(found.values(), key=_cost))


def _options(answer: Json) -> Iterator[ShippingOption]:
    for option in objects_of(object_of(answer, "shipping options").get("shippingOptions")):
        service = option.get("shippingService")
        name = text_of(service.get("name")) if isinstance(service, dict) else None
        if not isinstance(service, dict) or name is None:
            continue
        fastest, slowest = _days(text_of(service.get("delay")) or "")
        cost = cents_of(option.get("cost"))
        yield ShippingOption(
            code=_carrier_code(name),
            name=name,
            cost=cost,
            currency=None if cost is None else CURRENCY,
            min_days=fastest,
            max_days=slowest,
        )


def _cost(option: ShippingOption) -> Decimal:
    return Decimal("Infinity") if option.cost is None else option.cost


def _carrier_code(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    known = [code for code in CARRIERS if plain.startswith(code)]
    return max(known, key=len, default=re.sub(r"[^a-z0-9].*", "", name.lower().strip()))


def _days(delay: str) -> tuple[int | None, int | None]:
    """`24h - 48h` or `5-10 days` as days from and to."""
    hours = re.search(r"[0-9]\s*h", delay, re.IGNORECASE)
    numbers = [int(text) for text in re.findall(r"[0-9]{1,3}", delay)[:2]]
    days = [-(-number // _HOURS_PER_DAY) if hours else number for number in numbers]
    return (days[0], days[-1]) if days else (None, None)


def placed_order(
    order_id: str,
    purchase: Purchase,
    total: Decimal | None,
    *,
    skus: Collection[str] | None = None,
    warehouse: str | None = None,
) -> SupplierOrder:
    """An order that was just made of a purchase, or of those of its lines that have these SKUs."""
    return SupplierOrder(
        external_id=order_id,
        state="received",
        reference=purchase.reference,
        total=total,
        currency=None if total is None else CURRENCY,
        warehouse=warehouse,
        lines=tuple(line for line in purchase.lines if skus is None or line.sku in skus),
    )


def placed_orders(answer: Json, purchase: Purchase, totals: Mapping[str, Decimal | None]) -> tuple[SupplierOrder, ...]:
    """The orders that a purchase was split into; `totals` by warehouse."""
    found = []
    for order in objects_of(object_of(answer, "orders").get("orders")):
        order_id, warehouse = id_of(order.get("id")), text_of(order.get("warehouse"))
        skus = {sku for sku in map(text_of, _list(order.get("productReferences"))) if sku}
        if order_id is not None:
            total = totals.get(warehouse or "")
            found.append(placed_order(str(order_id), purchase, total, skus=skus, warehouse=warehouse))
    return tuple(found)


def refused_lines(answer: Json, purchase: Purchase, orders: Iterable[SupplierOrder]) -> tuple[LineRefused, ...]:
    """The lines that are in none of the orders, with what BigBuy says of them."""
    errors = [error_of(400, error) for error in objects_of(object_of(answer, "orders").get("errors"))]
    taken = {line.sku for order in orders for line in order.lines}
    found = []
    for line in purchase.lines:
        if line.sku in taken:
            continue
        own = [error for error in errors if isinstance(error, Refused) and line.sku in error.skus]
        error = next(iter(own or errors), None)
        code = _LINE_CODES.get(error.number, "refused") if isinstance(error, Refused) else "refused"
        found.append(LineRefused(line.external_id, code, error.detail if error else "BigBuy did not take it."))
    return tuple(found)


def totals_by_warehouse(answer: Json) -> dict[str, Decimal | None]:
    """What the parts of an order cost, by warehouse."""
    parts = objects_of(object_of(answer, "totals").get("orders"))
    return {text_of(part.get("warehouse")) or "": cents_of(part.get("total")) for part in parts}


def supplier_order_from(answer: Json, order_id: str) -> SupplierOrder:
    """An order as BigBuy keeps it. It names articles by SKU alone: their external ids are left empty."""
    order = object_of(answer, "an order")
    status = text_of(order.get("status"))
    total = cents_of(order.get("totalPaidTaxIncl"))
    return SupplierOrder(
        external_id=order_id,
        state=state_of(status),
        vendor_state=status,
        reference=text_of(order.get("internalReference")),
        total=total,
        currency=None if total is None else CURRENCY,
        lines=tuple(
            PurchaseLine("", text_of(item.get("reference")), int(text_of(item.get("quantity")) or 0))
            for item in objects_of(order.get("products"))
            if (text_of(item.get("quantity")) or "0").isdecimal()
        ),
    )


def state_of(status: str | None) -> SupplierOrderState:
    """What the name of a state means."""
    text = (status or "").lower()
    return next((state for state, words in _STATES if any(word in text for word in words)), "unknown")


def trackings_from(answer: Json, wanted: Collection[str], carriers: Mapping[str, str]) -> tuple[Tracking, ...]:
    """The parcels of the orders that were asked for; the answer may lack some, hold nulls and repeat parcels."""
    events: dict[tuple[str, str], list[TrackingEvent]] = {}
    names: dict[tuple[str, str], str | None] = {}
    for order in objects_of(answer):
        order_id = str(id_of(order.get("id")) or "")
        for parcel in objects_of(order.get("trackings")) if order_id in wanted else ():
            if number := text_of(parcel.get("trackingNumber")):
                key = order_id, number
                names[key] = names.get(key) or _carrier_name(parcel.get("carrier"), carriers)
                events.setdefault(key, []).extend(_events(parcel))
    return tuple(
        Tracking(order_id, number, names[order_id, number], events=tuple(sorted(found, key=_moment, reverse=True)))
        for (order_id, number), found in events.items()
    )


def carrier_names_from(answer: Json) -> dict[str, str]:
    """The names of tracking carriers by id."""
    return {
        carrier_id: name
        for item in objects_of(answer)
        if (carrier_id := text_of(item.get("id"))) and (name := text_of(item.get("name")))
    }


def _carrier_name(carrier: Json, carriers: Mapping[str, str]) -> str | None:
    if not isinstance(carrier, dict):
        return None
    return text_of(carrier.get("name")) or carriers.get(text_of(carrier.get("id")) or "")


def _events(parcel: Mapping[str, Json]) -> Iterator[TrackingEvent]:
    text = text_of(parcel.get("descriptionTranslated")) or text_of(parcel.get("statusDescription"))
    if text:
        yield TrackingEvent(_time(text_of(parcel.get("statusDate"))), text)


def _time(text: str | None) -> datetime | None:
    """A moment; BigBuy names no time zone, so it may be hours off."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _moment(event: TrackingEvent) -> datetime:
    return event.at or datetime.min.replace(tzinfo=UTC)


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []
