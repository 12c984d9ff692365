"""DummyJSON, and any product API that answers pages of JSON in its manner: settings say where things are.

Its quirks: `limit` in an answer is the number of items returned, not what was asked; beyond the end there are 0 items
with status 200; half of the goods have no `brand`; barcodes are random digits; there is no currency and no unit of
weight; every product has the same updatedAt. 100 calls in 10 s, then 429.
"""

from app.integrations.contracts.vendor import Vendor
from app.integrations.dummyjson.client import RATE
from app.integrations.dummyjson.settings import ProductApi, sandbox_settings
from app.integrations.dummyjson.source import open_source

VENDOR = Vendor(
    slug="dummyjson",
    label="DummyJSON (or another product API)",
    auth="optional_key",
    settings=ProductApi,
    sandbox_settings=sandbox_settings,
    rate=RATE,
    credentials=("api_key",),
    documentation="https://dummyjson.com/docs/products",
    source=open_source,
)
