"""The vendors that can be connected as suppliers: those that list goods."""

from app.integrations import registry
from app.integrations.contracts.vendor import Vendor
from app.suppliers.errors import SupplierUnknown
from app.suppliers.schemas import VendorList, VendorView
from app.sync.trigger import kinds_of


def slugs() -> list[str]:
    """Their names."""
    return sorted(slug for slug, vendor in registry.VENDORS.items() if vendor.source is not None)


def get_vendor(slug: str) -> Vendor:
    """The vendor of that name. Raises SupplierUnknown."""
    if slug not in slugs():
        raise SupplierUnknown(f"vendor: {slug!r} is no supplier we know: {', '.join(slugs())}.")
    return registry.VENDORS[slug]


def list_vendors() -> VendorList:
    """All of them, with what each wants to know."""
    return VendorList(items=[_to_view(registry.VENDORS[slug]) for slug in slugs()])


def _to_view(vendor: Vendor) -> VendorView:
    return VendorView(
        vendor=vendor.slug,
        label=vendor.label,
        auth=vendor.auth,
        credentials=[] if vendor.auth == "oauth" else list(vendor.credentials),
        settings_schema=vendor.settings.model_json_schema(),
        kinds=sorted(sync.kind for sync in kinds_of(vendor)),
        takes_orders=vendor.supplier is not None,
        sandbox_credentials=dict(vendor.sandbox_credentials),
        documentation=vendor.documentation,
    )
