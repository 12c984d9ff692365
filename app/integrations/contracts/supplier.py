"""The role of a supplier: goods are ordered from it and sent to the buyer. Which supplier is chosen, what an order is
and when it is paid live in the features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from app.integrations.contracts.errors import VendorError

SupplierOrderState = Literal["received", "unpaid", "processing", "shipped", "delivered", "cancelled", "unknown"]


class OutcomeUnknown(VendorError):
    """An order may or may not have been placed: never place it again, ask by its reference (Supplier.find_placed)."""

    status, code, title = 503, "purchase_in_doubt", "It is not known whether the order was placed"
    mend = "Nothing to do: it is looked up at the supplier by its reference."


class CannotTell(VendorError):
    """The vendor has no way to say what became of a reference; a person has to look."""

    status, code, title = 409, "purchase_cannot_be_looked_up", "The supplier cannot say what became of the order"
    mend = "Look in the supplier's back office and resolve the purchase by hand."


@dataclass(frozen=True, slots=True)
class Address:
    """Where goods go. `country` is ISO 3166-1 alpha-2. `extras` holds what single countries demand (tax numbers)."""

    name: str
    line1: str
    city: str
    postal_code: str
    country: str
    line2: str | None = None
    region: str | None = None
    phone: str | None = None
    email: str | None = None
    company: str | None = None
    extras: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """So many of one variant; `external_id` and `sku` are the vendor's, as its CatalogueSource gives them."""

    external_id: str
    sku: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class ShippingOption:
    """One way to send the goods. `code` is what Purchase.shipping takes. `cost` None: the vendor does not say."""

    code: str
    name: str
    cost: Decimal | None
    currency: str | None
    min_days: int | None = None
    max_days: int | None = None
    tracked: bool | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is ordered. `reference` is ours and unique: by it the vendor knows a repeated order, and we find ours."""

    reference: str
    lines: Sequence[PurchaseLine]
    address: Address
    shipping: Sequence[str] = ()
    language: str = "en"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SupplierOrder:
    """An order as the vendor keeps it. One purchase can become several (per warehouse or store)."""

    external_id: str
    state: SupplierOrderState
    vendor_state: str | None = None
    reference: str | None = None
    total: Decimal | None = None
    currency: str | None = None
    warehouse: str | None = None
    lines: tuple[PurchaseLine, ...] = ()


@dataclass(frozen=True, slots=True)
class LineRefused:
    """A line that the vendor did not take: stable code, and words for the seller."""

    external_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of a purchase: the vendor's orders, and the lines that it refused although it took others."""

    orders: tuple[SupplierOrder, ...]
    refused: tuple[LineRefused, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One station of a parcel."""

    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Tracking:
    """A parcel of an order; events newest first."""

    order_id: str
    number: str
    carrier: str | None = None
    url: str | None = None
    events: tuple[TrackingEvent, ...] = ()


class Supplier(Protocol):
    """Anything that goods can be ordered from."""

    async def list_shipping_options(
        self, lines: Sequence[PurchaseLine], address: Address
    ) -> tuple[ShippingOption, ...]:
        """How these goods can be sent there, cheapest first; empty: they cannot. Repeatable."""
        ...

    async def place(self, purchase: Purchase) -> Placement:
        """Order the goods, once per `reference`. A reference that the vendor knows already answers its orders.

        Raises Rejected (nothing was ordered, and why), OutcomeUnknown (anything may have happened); other vendor errors
        only where certainly nothing was ordered. Never tried again by itself.
        """
        ...

    async def find_placed(self, reference: str) -> Placement | None:
        """What became of a reference; None: certainly nothing. Raises CannotTell where the vendor has no such question.
        Repeatable.
        """
        ...

    async def get_orders(self, order_ids: Sequence[str]) -> tuple[SupplierOrder, ...]:
        """These orders as they are now; the answer may lack some. Repeatable."""
        ...

    async def list_tracking(self, order_ids: Sequence[str]) -> tuple[Tracking, ...]:
        """The parcels of these orders that are known by now; none yet is no error. Repeatable."""
        ...
