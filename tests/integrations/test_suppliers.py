"""What every vendor that goods are ordered from must do, whatever happens on the way: one class, run for each vendor of
the registry against the sandbox over a real socket.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

import pytest

from app.integrations import registry
from app.integrations.contracts.errors import AuthExpired, RateLimited, Rejected, Unavailable, VendorError
from app.integrations.contracts.supplier import (
    CannotTell,
    OutcomeUnknown,
    Placement,
    Purchase,
    PurchaseLine,
    Supplier,
)
from app.integrations.contracts.vendor import Vendor
from tests.support.sandbox import Sandbox
from tests.support.vendors import ADDRESS, ORDERING, open_to

VENDORS = [vendor.slug for vendor in registry.VENDORS.values() if vendor.supplier]


@pytest.mark.parametrize("slug", VENDORS)
class TestSupplier:
    """The contract of contracts.supplier.Supplier."""

    @pytest.fixture(autouse=True)
    def _prepare(self, slug: str, sandbox: Sandbox) -> None:
        self.vendor: Vendor = registry.get_vendor(slug)
        self.sandbox = sandbox

    def open(self) -> AbstractAsyncContextManager[Supplier]:
        """The vendor's ordering in the sandbox."""
        assert self.vendor.supplier
        return self.vendor.supplier(open_to(self.sandbox, self.vendor.slug))

    @pytest.fixture
    async def supplier(self, _prepare: None) -> AsyncIterator[Supplier]:
        async with self.open() as supplier:
            yield supplier

    async def articles(self, *, least: int = 3) -> list[PurchaseLine]:
        """One of each article that there is enough of, as the vendor's own catalogue names it."""
        async with registry.open_source(self.vendor, open_to(self.sandbox, self.vendor.slug)) as source:
            goods = [item async for page in source.pages() for item in page.items]
        return [
            PurchaseLine(variant.external_id, variant.sku, 1)
            for item in goods
            for variant in item.variants
            if (variant.stock or 0) >= least and (variant.price or 0) > 5
        ]

    async def purchase(self, *, lines: int = 1, reference: str = "PO-1") -> Purchase:
        """An order of the first articles that can be ordered."""
        return Purchase(reference, (await self.articles())[:lines], ADDRESS, language="es")

    def orderings(self) -> int:
        """How many calls would have ordered something."""
        pattern = ORDERING[self.vendor.slug].rstrip("*")
        return len([call for call in self.sandbox.calls(self.vendor.slug) if call.path.startswith(pattern)])

    async def found(self, supplier: Supplier, reference: str) -> Placement | None:
        """What became of a reference, of vendors that can tell."""
        try:
            return await supplier.find_placed(reference)
        except CannotTell:
            pytest.skip(f"{self.vendor.label} cannot say what became of a reference")

    async def test_goods_are_ordered_and_found_by_their_reference(self, supplier: Supplier) -> None:
        purchase = await self.purchase()
        placed = await supplier.place(purchase)
        assert placed.refused == ()
        (order,) = placed.orders
        assert order.external_id
        assert [line.sku for line in order.lines] == [line.sku for line in purchase.lines]
        assert order.total is None or order.total > 0
        found = await self.found(supplier, purchase.reference)
        assert found is not None
        assert [one.external_id for one in found.orders] == [order.external_id]

    async def test_a_reference_that_was_never_used_is_certainly_nothing(self, supplier: Supplier) -> None:
        assert await self.found(supplier, "PO-never") is None

    async def test_a_purchase_of_many_articles_is_ordered_as_a_whole(self, supplier: Supplier) -> None:
        purchase = await self.purchase(lines=8)
        placed = await supplier.place(purchase)
        ordered = [line.sku for order in placed.orders for line in order.lines]
        assert sorted(filter(None, ordered)) == sorted(filter(None, (line.sku for line in purchase.lines)))
        assert len({order.external_id for order in placed.orders}) == len(placed.orders)

    async def test_a_reference_orders_once_however_often_it_is_placed(self, supplier: Supplier) -> None:
        purchase = await self.purchase()
        first = await supplier.place(purchase)
        async with self.open() as another:
            second = await another.place(purchase)
        assert [one.external_id for one in second.orders] == [one.external_id for one in first.orders]

    async def test_what_the_vendor_has_not_is_refused_and_nothing_ordered(self, supplier: Supplier) -> None:
        purchase = await self.purchase()
        with pytest.raises(Rejected):
            await supplier.place(replace(purchase, lines=[replace(purchase.lines[0], quantity=9_999_999)]))
        assert await self.found(supplier, purchase.reference) is None

    @pytest.mark.parametrize("kind", ["drop", "cut", "hang", "html", "soft", "status", "malformed"])
    async def test_an_order_whose_answer_is_lost_is_in_doubt_and_is_asked_for(
        self, kind: str, supplier: Supplier
    ) -> None:
        purchase = await self.purchase()
        self.sandbox.fault(kind, path=ORDERING[self.vendor.slug], method="POST", times=1, status=504)
        happens = kind in {"drop", "cut", "malformed"}
        try:
            placed = await supplier.place(purchase)
        except OutcomeUnknown:
            assert self.orderings() == 1
        else:  # an answer without a body cannot be cut
            assert kind in {"cut", "malformed"}
            assert placed.orders
        found = await self.found(supplier, purchase.reference)
        assert (found is not None) == happens

    @pytest.mark.parametrize(
        ("values", "error"),
        [
            ({"status": 401}, AuthExpired),
            ({"status": 429, "retry_after": "90"}, RateLimited),
            ({"status": 400}, Rejected),
        ],
    )
    async def test_an_order_that_is_refused_is_not_in_doubt(
        self, values: dict[str, object], error: type[VendorError], supplier: Supplier
    ) -> None:
        purchase = await self.purchase()
        self.sandbox.fault("status", path=ORDERING[self.vendor.slug], method="POST", **values)
        with pytest.raises(error):
            await supplier.place(purchase)
        async with self.open() as another:  # whose calls need not wait for the end of the limit
            assert await self.found(another, purchase.reference) is None

    async def test_what_only_reads_is_tried_again(self, supplier: Supplier) -> None:
        lines = (await self.articles())[:1]
        self.sandbox.fault("status", times=1, status=503)
        assert await supplier.list_shipping_options(lines, ADDRESS)
        placed = await supplier.place(await self.purchase())
        ids = [order.external_id for order in placed.orders]
        self.sandbox.fault("cut", times=1)
        assert await supplier.get_orders(ids)

    async def test_ways_to_send_come_cheapest_first_and_can_be_chosen(self, supplier: Supplier) -> None:
        purchase = await self.purchase()
        options = await supplier.list_shipping_options(purchase.lines, ADDRESS)
        costs = [option.cost for option in options if option.cost is not None]
        assert costs == sorted(costs)
        assert len({option.code for option in options}) == len(options) > 0
        assert (await supplier.place(replace(purchase, shipping=(options[-1].code,)))).orders

    async def test_an_order_travels_and_its_parcel_is_told(self, supplier: Supplier) -> None:
        placed = await supplier.place(await self.purchase())
        ids = [order.external_id for order in placed.orders]
        assert await supplier.list_tracking(ids) == ()
        states = []
        for _ in range(5):
            (order,) = await supplier.get_orders(ids)
            states.append(order.state)
            self.sandbox.world.clock.advance(timedelta(hours=24))
        assert "unknown" not in states
        assert states[-1] in {"shipped", "delivered"}
        parcels = await supplier.list_tracking(ids)
        assert {parcel.order_id for parcel in parcels} == set(ids)
        for parcel in parcels:
            assert parcel.number
            assert parcel.carrier
            moments = [event.at for event in parcel.events if event.at]
            assert moments == sorted(moments, reverse=True)
            assert parcel.events

    async def test_orders_that_there_are_not_are_left_out(self, supplier: Supplier) -> None:
        (order,) = (await supplier.place(await self.purchase())).orders
        found = await supplier.get_orders([order.external_id, "999999999"])
        assert [one.external_id for one in found] == [order.external_id]
        assert await supplier.list_tracking(["999999999"]) == ()

    @pytest.mark.parametrize("status", [500, 503])
    async def test_a_vendor_that_is_away_is_no_answer(self, status: int, supplier: Supplier) -> None:
        placed = await supplier.place(await self.purchase())
        ids = [order.external_id for order in placed.orders]
        self.sandbox.fault("status", status=status)
        with pytest.raises(Unavailable):
            await supplier.get_orders(ids)
        with pytest.raises(Unavailable):
            await supplier.list_tracking(ids)
        with pytest.raises((Unavailable, CannotTell)):
            await supplier.find_placed("PO-1")
