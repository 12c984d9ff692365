"""BigBuy's orders over HTTP: checking, placing, looking up, shipping costs, parcels. The rules are in ordering.py."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sandbox.bigbuy.account import Account, Order
from app.sandbox.bigbuy.catalogue import Json
from app.sandbox.bigbuy.ordering import Wanted, available, only_part, place, planned, read_order, refuse_known
from app.sandbox.bigbuy.refusals import NO_PAGE, Refused, coded, invalid
from app.sandbox.bigbuy.sending import (
    CARRIERS,
    POSTCODES,
    STATUSES,
    cost_of,
    delivery_notes,
    is_on_its_way,
    order_json,
    service,
    tracking_json,
)
from app.sandbox.clock import SandboxClock

Handler = Callable[[Request, Account], Awaitable[Response]]
BLANK: Json = {"errors": ["This value should not be blank."]}


class Orders:
    """Handlers over the account that calls, at the sandbox's time."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock

    def reads(self) -> dict[str, Handler]:
        """GET."""
        return {
            "/rest/order/orderstatuses.json": self.statuses,
            "/rest/order/reference/{reference}.json": self.by_reference,
            "/rest/order/delivery-notes/{number:int}.json": self.notes,
            "/rest/order/{number:int}.json": self.one,
            "/rest/shipping/carriers.json": self.carriers,
            "/rest/shipping/lowest-shipping-costs-by-country/{country}.json": self.lowest_costs,
            "/rest/tracking/carriers.json": self.tracking_carriers,
            "/rest/tracking/order/{number:int}.json": self.tracking,
        }

    def writes(self) -> dict[str, Handler]:
        """POST."""
        return {
            "/rest/order/check.json": self.check,
            "/rest/order/check/multishipping.json": self.check_parts,
            "/rest/order/create.json": self.create,
            "/rest/order/create/multishipping.json": self.create_parts,
            "/rest/order/upload_invoice.json": self.upload_invoice,
            "/rest/shipping/orders.json": self.shipping_options,
            "/rest/shipping/lowest-shipping-cost-by-country.json": self.lowest_cost,
            "/rest/tracking/orders.json": self.trackings,
        }

    async def check(self, request: Request, account: Account) -> Response:
        """POST order/check: what it would cost; nothing is ordered."""
        return JSONResponse(only_part(planned(account, read_order(await _sent(request)))).totals())

    async def create(self, request: Request, account: Account) -> Response:
        """POST order/create: an empty answer; the number stands in Location alone."""
        wanted = read_order(await _sent(request))
        refuse_known(account, wanted)
        (order,) = place(account, wanted, [only_part(planned(account, wanted))], self._clock.now())
        return Response(status_code=201, headers={"location": f"/rest/order/{order.number}"})

    async def check_parts(self, request: Request, account: Account) -> Response:
        """POST order/check/multishipping: a sum for each warehouse; goods that are short are errors beside them."""
        wanted, errors = _deliverable(account, read_order(await _sent(request)))
        parts = planned(account, wanted) if wanted.quantities else []
        shown = [
            {
                "productReferences": [line.article.sku for line in part.lines],
                **part.totals(),
                "warehouse": part.warehouse,
            }
            for part in parts
        ]
        return JSONResponse({"orders": shown, "errors": errors})

    async def create_parts(self, request: Request, account: Account) -> Response:
        """POST order/create/multishipping: one order for each warehouse; goods that are short are errors."""
        asked = read_order(await _sent(request))
        refuse_known(account, asked)
        wanted, errors = _deliverable(account, asked)
        parts = planned(account, wanted) if wanted.quantities else []
        orders = place(account, wanted, parts, self._clock.now()) if parts else []
        return JSONResponse({"orders": [_placed(order) for order in orders], "errors": errors})

    async def one(self, request: Request, account: Account) -> Response:
        """GET order/{id}."""
        order = account.order_of(request.path_params["number"])
        return JSONResponse(order_json(order, self._clock.now()) if order else NO_PAGE, 200 if order else 404)

    async def by_reference(self, request: Request, account: Account) -> Response:
        """GET order/reference/{reference}: one order, also where there are several; none is an empty 200."""
        order = account.first_of(request.path_params["reference"])
        if order is None:
            return Response(status_code=200)
        return JSONResponse({"id": str(order.number), "totalPaidTaxIncl": str(order.total)})

    async def notes(self, request: Request, account: Account) -> Response:
        """GET order/delivery-notes/{id}."""
        order = account.order_of(request.path_params["number"])
        return JSONResponse(delivery_notes(order, self._clock.now()) if order else NO_PAGE, 200 if order else 404)

    async def statuses(self, _request: Request, _account: Account) -> Response:
        """GET order/orderstatuses."""
        return JSONResponse([{"id": number, "name": name} for number, name in enumerate(STATUSES, start=1)])

    async def upload_invoice(self, request: Request, _account: Account) -> Response:
        """POST order/upload_invoice."""
        sent = await _sent(request)
        if not isinstance(sent, dict) or not isinstance(sent.get("invoice"), dict):
            raise invalid({"invoice": BLANK})
        return Response(status_code=200)

    async def tracking(self, request: Request, account: Account) -> Response:
        """GET tracking/order/{id}: a list."""
        order, now = account.order_of(request.path_params["number"]), self._clock.now()
        return JSONResponse([tracking_json(order, now)] if order and is_on_its_way(order, now) else [])

    async def trackings(self, request: Request, account: Account) -> Response:
        """POST tracking/orders: null for what is not on its way yet; unknown orders are left out."""
        sent = await _sent(request)
        track = sent.get("track") if isinstance(sent, dict) else None
        asked = track.get("orders") if isinstance(track, dict) else None
        if not isinstance(asked, list) or not asked:
            raise invalid({"track": {"children": {"orders": BLANK}}})
        now = self._clock.now()
        numbers = [str(item.get("id")) for item in asked if isinstance(item, dict)]
        orders = [account.order_of(int(number)) for number in numbers if number.isdecimal()]
        return JSONResponse(
            [tracking_json(order, now) if is_on_its_way(order, now) else None for order in orders if order is not None]
        )

    async def tracking_carriers(self, _request: Request, _account: Account) -> Response:
        """GET tracking/carriers."""
        return JSONResponse([{"id": int(carrier.id), "name": carrier.name} for carrier in CARRIERS.values()])

    async def carriers(self, _request: Request, _account: Account) -> Response:
        """GET shipping/carriers."""
        return JSONResponse(
            [
                {"id": found.id, "name": found.name, "shippingServices": [service(code)]}
                for code, found in CARRIERS.items()
            ]
        )

    async def shipping_options(self, request: Request, account: Account) -> Response:
        """POST shipping/orders: an object with the options, cheapest first."""
        country, quantities = _delivery(await _sent(request))
        articles = {sku: account.find(sku) for sku in quantities}
        unknown = [sku for sku, article in articles.items() if article is None]
        if unknown:
            raise coded("ER001", "Product not found.", {"skus": unknown})
        weight = sum(article.kilograms * quantities[sku] for sku, article in articles.items() if article)
        options = [
            {"shippingService": service(code), "cost": float(cost_of(carrier, country, weight)), "weight": weight}
            for code, carrier in CARRIERS.items()
        ]
        return JSONResponse({"shippingOptions": sorted(options, key=lambda option: float(str(option["cost"])))})

    async def lowest_costs(self, request: Request, account: Account) -> Response:
        """GET shipping/lowest-shipping-costs-by-country/{ISO2}: of some goods nothing but the reference is told."""
        return JSONResponse(
            [_lowest(account, sku, request.path_params["country"]) for sku in account.catalogue.articles]
        )

    async def lowest_cost(self, request: Request, account: Account) -> Response:
        """POST shipping/lowest-shipping-cost-by-country."""
        sent = await _sent(request)
        wanted = sent.get("product_country") if isinstance(sent, dict) else None
        sku = str(wanted.get("reference")) if isinstance(wanted, dict) else ""
        if not isinstance(wanted, dict) or account.find(sku) is None:
            raise coded("ER001", "Product not found.", {"skus": [sku]})
        return JSONResponse(_lowest(account, sku, str(wanted.get("countryIsoCode", "ES"))))


async def _sent(request: Request) -> object:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Refused(400, {"code": 400, "message": "Invalid json message received"}) from None


def _deliverable(account: Account, wanted: Wanted) -> tuple[Wanted, list[Json]]:
    """The part of an order that there is enough of, and an error for each article that is short."""
    short = [
        sku
        for sku, quantity in wanted.quantities.items()
        if account.find(sku) is not None and available(account, sku) < quantity
    ]
    left = {sku: quantity for sku, quantity in wanted.quantities.items() if sku not in short}
    errors = [coded("ER003", "Products error.", {"skus": [sku]}).body for sku in short]
    return Wanted(wanted.reference, wanted.language, wanted.payment, wanted.carriers, wanted.address, left), errors


def _placed(order: Order) -> Json:
    return {
        "productReferences": [line.article.sku for line in order.lines],
        "id": str(order.number),
        "warehouse": order.warehouse,
        "url": f"/rest/order/{order.number}",
    }


def _delivery(sent: object) -> tuple[str, dict[str, int]]:
    """Where goods are to go and which; raises the tree of what is wrong."""
    order = sent.get("order") if isinstance(sent, dict) else None
    delivery = order.get("delivery") if isinstance(order, dict) else None
    if not isinstance(order, dict) or not isinstance(delivery, dict):
        raise invalid({"delivery": BLANK, "products": {}})
    country, postcode = str(delivery.get("isoCountry", "")).upper(), str(delivery.get("postcode", ""))
    known = POSTCODES.get(country)
    if known and not known.fits(postcode):
        words = f"Invalid postcode format. Valid format for the selected country is '{known.form}'."
        raise invalid({"delivery": {"children": {"postcode": {"errors": [words]}}}, "products": {}})
    products = order.get("products")
    lines = [item for item in products if isinstance(item, dict)] if isinstance(products, list) else []
    quantities = {str(item.get("reference")): item.get("quantity") for item in lines}
    if not quantities or not all(isinstance(many, int) and many > 0 for many in quantities.values()):
        raise invalid({"delivery": {}, "products": BLANK})
    return country, {sku: int(str(many)) for sku, many in quantities.items()}


def _lowest(account: Account, sku: str, country: str) -> Json:
    article = account.catalogue.articles[sku]
    if article.id % 7 == 0:
        return {"reference": sku}
    code, carrier = min(CARRIERS.items(), key=lambda pair: cost_of(pair[1], country, article.kilograms))
    cost = None if article.id % 11 == 0 else f"{cost_of(CARRIERS[code], country, article.kilograms).normalize():f}"
    return {"reference": sku, "cost": cost, "carrierId": carrier.id, "carrierName": carrier.name}
