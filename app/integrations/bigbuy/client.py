"""HTTP only: one function per endpoint. Facts: https://github.com/Bixoto/PyBigBuy and https://api.bigbuy.eu/rest/doc."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import JsonValue

from app.integrations.bigbuy.payloads import answer_of
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.contracts.access import Access
from app.integrations.contracts.errors import AuthExpired, Unavailable
from app.integrations.feeds.json_records import Json
from app.integrations.http import Client, Lane, Limits, download, open_client

MOST_BYTES = 32 * 1024 * 1024
MOST_OF_A_LIST = 1024 * 1024 * 1024
# A list of 10^5 goods takes minutes.
TIMES_LONGER = 10
# Their bodies say more than their status; all others are what their status says.
READABLE = (400, 402, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422)
_KEY = re.compile(r"[\x21-\x7e]{1,500}")
_ORDER = re.compile(r"/order/([0-9]+)")
_BEGINS_A_LIST = re.compile(rb"\s*\[")

List = Literal[
    "products",
    "productsinformation",
    "productsimages",
    "productsvariations",
    "variations",
    "attributes",
    "attributegroups",
    "taxonomies",
    "manufacturers",
    "productsstockbyhandlingdays",
    "productsvariationsstockbyhandlingdays",
    "productprices",
]
_IN_A_LANGUAGE: frozenset[List] = frozenset({"productsinformation", "attributes", "attributegroups", "taxonomies"})


class Api:
    """The API over one connection."""

    def __init__(self, client: Client, settings: BigBuy) -> None:
        self._client = client
        self._settings = settings
        self._base = settings.base_url.rstrip("/")

    async def get_status(self) -> Json:
        """GET user/auth/status: whether the key is accepted."""
        return await self._call("GET", "user/auth/status")

    async def fetch_list(self, name: List, path: Path) -> None:
        """GET catalog/{name}: a whole list as a file. Paging is not certain to work, so nothing is paged.

        Raises Unavailable for an empty body (nothing would read as "there are no goods"), and what a failure with
        status 200 means.
        """
        url = f"{self._base}/rest/catalog/{name}.json"
        if name in _IN_A_LANGUAGE:
            url += f"?isoCode={self._settings.language}"
        await download(
            self._client,
            url,
            path,
            max_bytes=MOST_OF_A_LIST,
            seconds=self._client.limits.total * TIMES_LONGER,
            check=_checked(name),
        )

    async def list_shipping(self, country: str, postcode: str, products: Sequence[JsonValue]) -> Json:
        """POST shipping/orders: what sending goods there costs. Reads only. The vendor's document calls the answer a
        list; it is an object with `shippingOptions`.
        """
        delivery: dict[str, JsonValue] = {"isoCountry": country, "postcode": postcode}
        asked: JsonValue = {"order": {"delivery": delivery, "products": list(products)}}
        return await self._call("POST", "shipping/orders", asked, repeatable=True)

    async def check_order(self, order: Mapping[str, JsonValue], *, split: bool) -> Json:
        """POST order/check[/multishipping]: what an order would cost. Reads only."""
        path = "order/check/multishipping" if split else "order/check"
        return await self._call("POST", path, {"order": dict(order)}, repeatable=True)

    async def create_order(self, order: Mapping[str, JsonValue]) -> str | None:
        """POST order/create: the order's number. The body is empty, the number stands in the header Location."""
        headers, _ = await self._answered("POST", "order/create", {"order": dict(order)}, repeatable=False)
        found = _ORDER.search(headers.get("location", ""))
        return found[1] if found else None

    async def create_orders(self, order: Mapping[str, JsonValue]) -> Json:
        """POST order/create/multishipping: an order per warehouse, and errors beside them."""
        return await self._call("POST", "order/create/multishipping", {"order": dict(order)}, repeatable=False)

    async def get_order(self, order_id: str) -> Json:
        """GET order/{id}; None where the body is empty, which means that there is none."""
        return await self._call("GET", f"order/{quote(order_id, safe='')}")

    async def get_order_of(self, reference: str) -> Json:
        """GET order/reference/{internalReference}: the number and total of one order, also of those that were split."""
        return await self._call("GET", f"order/reference/{quote(reference, safe='')}")

    async def list_tracking(self, order_ids: Sequence[str]) -> Json:
        """POST tracking/orders: a list that may lack some and hold nulls. Reads only."""
        orders: list[JsonValue] = [{"id": order_id} for order_id in order_ids]
        return await self._call("POST", "tracking/orders", {"track": {"orders": orders}}, repeatable=True)

    async def list_tracking_carriers(self) -> Json:
        """GET tracking/carriers: their ids and names."""
        return await self._call("GET", "tracking/carriers")

    async def _call(self, method: str, path: str, json: JsonValue = None, *, repeatable: bool = True) -> Json:
        _, said = await self._answered(method, path, json, repeatable=repeatable)
        return said

    async def _answered(
        self, method: str, path: str, json: JsonValue, *, repeatable: bool
    ) -> tuple[Mapping[str, str], Json]:
        """Headers and content; failures in disguise are tried again like those that say so."""
        asked = self._client.request_to(method, f"{self._base}/rest/{path}.json", json=json)
        limits = self._client.limits

        async def once() -> tuple[Mapping[str, str], Json]:
            async with self._client.opened(asked, *READABLE) as opened:
                body = b"".join([step async for step in opened.body(limits.max_bytes)])
            return opened.headers, answer_of(opened.status, body)

        return await self._client.patiently(asked, once, may_repeat=repeatable, seconds=limits.total)


def _checked(name: List) -> Callable[[Path], None]:
    """Looks whether a file that came with status 200 is a list at all."""

    def check(path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(64 * 1024)
        if _BEGINS_A_LIST.match(head):
            return
        if answer_of(200, head) is None:
            raise Unavailable(f"BigBuy answers nothing where its list “{name}” should be.")
        raise Unavailable(f"BigBuy answers something else than a list for “{name}”.")

    return check


def open_api(access: Access, *, to: str) -> Client:
    """The client for a connection. Raises AuthExpired for a key that cannot be one.

    BigBuy's limits are those of single calls and their size is told nowhere: `to` names a lane within the connection,
    so that goods that are told to wait for an hour do not hold up orders.
    """
    key = access.credentials.get("api_key", "")
    if not _KEY.fullmatch(key):
        raise AuthExpired("The API key is missing, or holds characters that no key has.")
    headers = {"accept": "application/json", "authorization": f"Bearer {key}"}
    limits = Limits.of(access.app, max_bytes=MOST_BYTES)
    return open_client(access.app, limits=limits, headers=headers, lane=Lane(f"{access.lane} {to}"))
