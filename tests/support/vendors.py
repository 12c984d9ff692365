"""What the suites of the roles have to know of each vendor to use it in the sandbox; all else is the contract's."""

from collections.abc import Mapping

from app.core.ids import new_id
from app.integrations import registry
from app.integrations.contracts.access import Access
from app.integrations.contracts.supplier import Address
from tests.support.sandbox import Sandbox

CREDENTIALS: Mapping[str, Mapping[str, str]] = {"bigbuy": {"api_key": "sandbox"}}
FETCHED_WHOLE = frozenset({"bigbuy"})
"""Vendors whose lists come whole: all of them are fetched before the first page."""
ORDERING: Mapping[str, str] = {"bigbuy": "/rest/order/create*"}
"""The calls that order something."""
ADDRESS = Address(
    name="Ana García",
    line1="Calle Mayor 1",
    city="Valencia",
    postal_code="46005",
    country="ES",
    phone="664869570",
    email="ana@example.com",
)


def open_to(sandbox: Sandbox, slug: str, **settings: object) -> Access:
    """A connection to the vendor in the sandbox, in a lane of its own; `settings` are those of the installation."""
    app, vendor = sandbox.settings(**settings), registry.get_vendor(slug)
    return Access(app, vendor.settings_for(app, "sandbox", {}), CREDENTIALS.get(slug, {}), lane=str(new_id()))


def goods_left(sandbox: Sandbox, slug: str) -> set[str]:
    """The ids of the products that the vendor has now."""
    if slug == "bigbuy":
        return {str(product["id"]) for product in sandbox.world.bigbuy.account("sandbox").products()}
    return {str(product["id"]) for product in sandbox.world.dummyjson.shop.products}
