"""BigBuy, a wholesaler that sends to the buyer: goods, stock by handling days, orders, tracking.

Its quirks: lists come whole (10^5 items) and are joined by id, where ids of products and of variations are different
numbers; what changed cannot be asked for; categories are dead, taxonomies live; failures come with status 200, as JSON
inside a string, as a whole HTTP response inside a body, as HTML; an empty body means "there is none"; a limit that was
met is plain text with the moment of its end in X-Ratelimit-Reset, its size is told nowhere; an order's number stands in
the header Location alone; one order over several warehouses must be asked for by other calls and becomes several.
"""

from app.integrations.bigbuy.account import check_credentials
from app.integrations.bigbuy.settings import BigBuy, sandbox_settings
from app.integrations.bigbuy.source import open_source
from app.integrations.bigbuy.stock import open_stock
from app.integrations.bigbuy.supplier import open_supplier
from app.integrations.contracts.vendor import Vendor

VENDOR = Vendor(
    slug="bigbuy",
    label="BigBuy",
    auth="key",
    settings=BigBuy,
    sandbox_settings=sandbox_settings,
    credentials=("api_key",),
    sandbox_credentials={"api_key": "sandbox"},
    documentation="https://api.bigbuy.eu/rest/doc",
    check=check_credentials,
    source=open_source,
    stock=open_stock,
    supplier=open_supplier,
)
