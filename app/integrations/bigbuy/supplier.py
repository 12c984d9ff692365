"""Ordering from BigBuy. The reference is looked up before anything is ordered: the check of a repeated order would find
its goods sold, to itself. A create is never tried again.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from pydantic import JsonValue

from app.integrations.bigbuy import orders
from app.integrations.bigbuy.client import Api, open_api
from app.integrations.bigbuy.errors import AlreadyOrdered, Refused, SplitNeeded
from app.integrations.bigbuy.payloads import id_of, object_of
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.bigbuy.values import cents_of
from app.integrations.contracts.access import Access
from app.integrations.contracts.errors import AnswerTooLarge, Broken, NotFound, NotSent, Unavailable, VendorError
from app.integrations.contracts.supplier import (
    Address,
    OutcomeUnknown,
    Placement,
    Purchase,
    PurchaseLine,
    ShippingOption,
    Supplier,
    SupplierOrder,
    Tracking,
)
from app.integrations.feeds.json_records import Json

ORDERS_AT_ONCE = 50
_NO_CARRIER = "ER010"


@asynccontextmanager
async def open_supplier(access: Access) -> AsyncIterator[Supplier]:
    """See contracts.vendor.Opener."""
    own = BigBuy.model_validate(access.settings)
    async with open_api(access, to="orders") as client:
        yield BigBuySupplier(Api(client, own), own)


class BigBuySupplier:
    """Orders from BigBuy (contracts.supplier.Supplier)."""

    def __init__(self, api: Api, settings: BigBuy) -> None:
        self._api = api
        self._settings = settings

    async def list_shipping_options(
        self, lines: Sequence[PurchaseLine], address: Address
    ) -> tuple[ShippingOption, ...]:
        """See Supplier.list_shipping_options. Costs are without tax."""
        try:
            answer = await self._api.list_shipping(
                address.country.upper(), address.postal_code, orders.products_of(lines)
            )
        except Refused as refused:
            if refused.number == _NO_CARRIER:
                return ()
            raise
        return orders.shipping_options_from(answer)

    async def place(self, purchase: Purchase) -> Placement:
        """See Supplier.place. Goods of several warehouses become an order for each."""
        order = orders.order_of(purchase, self._settings)
        if known := await self.find_placed(purchase.reference):
            return known
        try:
            return await self._order(order, purchase)
        except AlreadyOrdered as faster:
            return await self._known(faster, purchase.reference)

    async def find_placed(self, reference: str) -> Placement | None:
        """See Supplier.find_placed. Of a purchase that was split BigBuy names one order: the lines that it lacks are in
        orders that only a person finds.
        """
        try:
            answer = await self._api.get_order_of(reference)
        except NotFound:
            return None
        if answer is None:
            return None
        order_id = id_of(object_of(answer, "an order").get("id"))
        if order_id is None:
            raise Broken("BigBuy knows the reference and does not tell the number of its order.")
        return await self._placement(str(order_id), reference)

    async def get_orders(self, order_ids: Sequence[str]) -> tuple[SupplierOrder, ...]:
        """See Supplier.get_orders."""
        found = [await self._find_order(order_id) for order_id in order_ids]
        return tuple(order for order in found if order is not None)

    async def list_tracking(self, order_ids: Sequence[str]) -> tuple[Tracking, ...]:
        """See Supplier.list_tracking."""
        answers = [
            await self._api.list_tracking(order_ids[first : first + ORDERS_AT_ONCE])
            for first in range(0, len(order_ids), ORDERS_AT_ONCE)
        ]
        found = orders.trackings_from(_joined(answers), set(order_ids), {})
        if not found:
            return ()
        names = orders.carrier_names_from(await self._api.list_tracking_carriers())
        return orders.trackings_from(_joined(answers), set(order_ids), names)

    async def _order(self, order: dict[str, JsonValue], purchase: Purchase) -> Placement:
        try:
            totals = object_of(await self._api.check_order(order, split=False), "totals")
            return await self._create(order, purchase, totals)
        except SplitNeeded:
            return await self._create_split(order, purchase)

    async def _create(self, order: dict[str, JsonValue], purchase: Purchase, totals: Mapping[str, Json]) -> Placement:
        try:
            order_id = await self._api.create_order(order)
        except (Unavailable, Broken, AnswerTooLarge) as error:
            raise _in_doubt(error) from None
        if order_id is None:
            raise OutcomeUnknown("BigBuy took the order and did not tell its number.")
        return Placement((orders.placed_order(order_id, purchase, cents_of(totals.get("total"))),))

    async def _create_split(self, order: dict[str, JsonValue], purchase: Purchase) -> Placement:
        totals = orders.totals_by_warehouse(await self._api.check_order(order, split=True))
        try:
            answer = await self._api.create_orders(order)
            made = orders.placed_orders(answer, purchase, totals)
            refused = orders.refused_lines(answer, purchase, made)
        except (Unavailable, Broken, AnswerTooLarge) as error:
            raise _in_doubt(error) from None
        if made:
            return Placement(made, refused)
        if not object_of(answer, "orders").get("errors"):
            raise OutcomeUnknown("BigBuy answers neither orders nor errors.")
        raise Refused("; ".join(dict.fromkeys(line.message for line in refused))[:1000])

    async def _known(self, known: AlreadyOrdered, reference: str) -> Placement:
        """The order that BigBuy has of the reference already."""
        try:
            if known.order_id:
                return await self._placement(known.order_id, reference)
            found = await self.find_placed(reference)
        except VendorError as error:
            raise OutcomeUnknown(
                f"BigBuy has an order of this reference, and does not show it: {error.detail}"
            ) from None
        if found is None:
            raise OutcomeUnknown("BigBuy has an order of this reference, and does not find it.")
        return found

    async def _placement(self, order_id: str, reference: str) -> Placement:
        order = await self._find_order(order_id)
        return Placement((order or SupplierOrder(order_id, "unknown", reference=reference),))

    async def _find_order(self, order_id: str) -> SupplierOrder | None:
        try:
            answer = await self._api.get_order(order_id)
        except NotFound:
            return None
        return None if answer is None else orders.supplier_order_from(answer, order_id)


def _in_doubt(error: VendorError) -> VendorError:
    """A create that failed: only where no connection came about has certainly nothing happened."""
    return error if isinstance(error, NotSent) else OutcomeUnknown(error.detail)


def _joined(answers: Sequence[Json]) -> list[Json]:
    return [item for answer in answers for item in (answer if isinstance(answer, list) else [answer])]
