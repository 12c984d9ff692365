"""HTTP only: one function per endpoint. https://dummyjson.com/docs/products"""

from urllib.parse import urlsplit

from app.integrations.contracts.access import Access
from app.integrations.contracts.vendor import Rate
from app.integrations.dummyjson.payloads import ProductPage, page_of
from app.integrations.dummyjson.settings import ProductApi
from app.integrations.http import Client, Lane, Limits, open_client

MOST_BYTES = 32 * 1024 * 1024
RATE = Rate(calls=100, seconds=10)


def open_api(access: Access, settings: ProductApi) -> Client:
    """The client for a connection; a key goes into the header that the settings name."""
    headers = {"accept": "application/json"}
    if key := access.credentials.get("api_key"):
        headers[settings.key_header.lower()] = f"{settings.key_prefix}{key}"
    limits = Limits.of(access.app, max_bytes=MOST_BYTES)
    lane = Lane(access.lane, RATE.calls, RATE.seconds)
    return open_client(access.app, limits=limits, headers=headers, lane=lane)


async def list_products(client: Client, settings: ProductApi, *, skip: int, page: int) -> ProductPage:
    """GET /products?limit&skip: a page of the list. `skip` counts goods, `page` pages from 0; the settings say which
    of them is asked by.
    """
    params: dict[str, str | int] = {}
    if settings.paging != "none":
        params[settings.offset_parameter] = skip if settings.paging == "offset" else page + settings.first_page
        if settings.limit_parameter:
            params[settings.limit_parameter] = settings.page_size
    url = settings.base_url.rstrip("/") + settings.list_path
    answer = await client.get(url, params=params)
    return page_of(answer.json(), items=settings.items, total=settings.total, host=urlsplit(url).hostname or url)
