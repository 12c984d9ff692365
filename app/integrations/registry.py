"""The vendors there are, one line each, and the provider that an installation synchronises with by default."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from pydantic import JsonValue

from app.core.config import Settings
from app.core.errors import Unprocessable
from app.integrations import bigbuy, dummyjson
from app.integrations.contracts.access import Access
from app.integrations.contracts.catalogue import CatalogueSource
from app.integrations.contracts.stock import StockSource
from app.integrations.contracts.vendor import Environment, Vendor

VENDORS: dict[str, Vendor] = {
    vendor.slug: vendor
    for vendor in (
        bigbuy.VENDOR,
        dummyjson.VENDOR,
    )
}  # fmt: skip


class VendorUnknown(Unprocessable):
    """No vendor of that name, or none that can do what was asked."""

    code, title = "vendor_unknown", "There is no such vendor"
    mend = "Use one of the vendors that `detail` lists."


@dataclass(frozen=True, slots=True)
class ExternalProvider:
    """What the installation's settings say about the default external product API."""

    vendor: Vendor
    environment: Environment
    settings: Mapping[str, JsonValue]
    credentials: Mapping[str, str]
    every_minutes: int


def get_vendor(slug: str) -> Vendor:
    """The vendor of that name."""
    if slug not in VENDORS:
        raise VendorUnknown(f"{slug!r} is not a vendor we know: {', '.join(sorted(VENDORS))}.")
    return VENDORS[slug]


def open_source(vendor: Vendor, access: Access) -> AbstractAsyncContextManager[CatalogueSource]:
    """The goods of a connection, for the duration of a block; nothing is called before they are read."""
    if vendor.source is None:
        able = sorted(name for name, other in VENDORS.items() if other.source)
        raise VendorUnknown(f"{vendor.label} cannot list goods; these can: {', '.join(able)}.")
    return vendor.source(access)


def open_stock(vendor: Vendor, access: Access) -> AbstractAsyncContextManager[StockSource]:
    """The stock of a connection, for the duration of a block; nothing is called before it is read."""
    if vendor.stock is None:
        raise VendorUnknown(f"{vendor.label} cannot tell its stock without its goods.")
    return vendor.stock(access)


def external_provider(app: Settings) -> ExternalProvider:
    """The default external provider: at its given address, else in the sandbox, in production at its own address."""
    vendor = get_vendor(app.external_api_provider)
    url, key = app.external_api_url, app.external_api_key.get_secret_value()
    environment: Environment = "live" if url or app.is_production else "sandbox"
    return ExternalProvider(
        vendor,
        environment,
        {"base_url": url} if url else {},
        {"api_key": key} if key else {},
        app.external_api_interval_minutes,
    )
