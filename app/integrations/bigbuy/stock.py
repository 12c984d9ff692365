"""What BigBuy has of each article now, and at which cost: four lists instead of all that describes the goods.

A product with variations is no article; its own line of stock is that of nothing sellable.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from app.integrations.bigbuy.client import Api, List, open_api
from app.integrations.bigbuy.lists import Item, Lists, open_lists
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.bigbuy.source import check_stock_is_told
from app.integrations.bigbuy.values import amount_in, available
from app.integrations.contracts.access import Access
from app.integrations.contracts.errors import Broken
from app.integrations.contracts.stock import StockLevel, StockPage, StockSource
from app.integrations.feeds.errors import RowRefused

PAGE = 1000
_CURSOR = re.compile(r"([pv]):([0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Products or variations: their sign in cursors and ids, and the lists of their stock and cost."""

    sign: Literal["p", "v"]
    stock: List
    costs: List

    @property
    def lists(self) -> tuple[List, List]:
        return self.stock, self.costs

    def external_id(self, key: int) -> str:
        """As the catalogue source gives it."""
        return f"v{key}" if self.sign == "v" else str(key)


KINDS = (
    _Kind("p", "productsstockbyhandlingdays", "productprices"),
    _Kind("v", "productsvariationsstockbyhandlingdays", "productsvariations"),
)


@asynccontextmanager
async def open_stock(access: Access) -> AsyncIterator[StockSource]:
    """See contracts.vendor.Opener."""
    own = BigBuy.model_validate(access.settings)
    async with open_api(access, to="stock") as client:
        yield BigBuyStock(Api(client, own), own)


class BigBuyStock:
    """Lists the stock of BigBuy (contracts.stock.StockSource)."""

    def __init__(self, api: Api, settings: BigBuy) -> None:
        self._api = api
        self._settings = settings

    async def levels(self, cursor: str | None = None) -> AsyncIterator[StockPage]:
        """See StockSource.levels. Resuming fetches the lists again and goes on behind the last article by id."""
        first, last = _read_cursor(cursor)
        async with open_lists() as lists:
            await lists.fetch(self._api, *(name for kind in KINDS for name in kind.lists))
            await asyncio.to_thread(check_stock_is_told, lists, "productprices")
            total = sum(lists.count_ids(kind.lists) for kind in KINDS)
            read = sum(lists.count_ids(kind.lists) for kind in KINDS[:first]) + lists.count_ids(
                KINDS[first].lists, upto=last
            )
            for kind in KINDS[first:]:
                while ids := await asyncio.to_thread(lists.ids, kind.lists, last, PAGE):
                    last = ids[-1]
                    read += len(ids)
                    levels = await asyncio.to_thread(self._levels, lists, kind, ids)
                    yield StockPage(levels, cursor=f"{kind.sign}:{last}", progress=min(1.0, read / max(1, total)))
                last = 0
            yield StockPage((), progress=1.0)

    def _levels(self, lists: Lists, kind: _Kind, ids: list[int]) -> tuple[StockLevel, ...]:
        return tuple(
            self._level(kind.external_id(key), lists.find(kind.stock, key), lists.find(kind.costs, key))
            for key in ids
            if kind.sign == "v" or not lists.is_parent("productsvariations", key)
        )

    def _level(self, external_id: str, stock: Item | None, costs: Item | None) -> StockLevel:
        """What is said of one article; what cannot be true is not known."""
        cost = _cost(costs)
        currency = None if cost is None else "EUR"
        try:
            found = available(stock, self._settings)
        except RowRefused:
            return StockLevel(external_id, None, cost=cost, currency=currency)
        return StockLevel(
            external_id,
            found.quantity,
            found.min_handling_days,
            found.max_handling_days,
            found.warehouse,
            cost=cost,
            currency=currency,
        )


def _cost(costs: Item | None) -> Decimal | None:
    try:
        return amount_in(costs, "wholesalePrice") if costs else None
    except RowRefused:
        return None


def _read_cursor(cursor: str | None) -> tuple[int, int]:
    """The kind to go on with, and its last id that was read."""
    if cursor is None:
        return 0, 0
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Broken(f"The cursor {cursor[:40]!r} is not one of BigBuy's stock: start the reading anew.")
    return "pv".index(found[1]), int(found[2])
