"""BigBuy's goods as a catalogue source. There is no way to ask for changes only, and the lists come whole: all of them
are fetched before the first page, so what is read holds still, and a fetch that fails yields nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from app.integrations.bigbuy.client import Api, List, open_api
from app.integrations.bigbuy.lists import Lists, open_lists
from app.integrations.bigbuy.mapping import Mapped, Mapper, Parts, Variation
from app.integrations.bigbuy.names import names_from
from app.integrations.bigbuy.payloads import id_of, objects_of
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.contracts.access import Access
from app.integrations.contracts.catalogue import CatalogueSource, Page, RejectedRow, SourceProduct
from app.integrations.contracts.errors import Broken
from app.integrations.feeds.json_records import Json

PAGE = 200
LISTS: Sequence[List] = (
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
)
_CURSOR = re.compile(r"([0-9]{1,9}):(-?[0-9]{1,19})")


@asynccontextmanager
async def open_source(access: Access) -> AsyncIterator[CatalogueSource]:
    """See contracts.vendor.Opener."""
    own = BigBuy.model_validate(access.settings)
    async with open_api(access, to="goods") as client:
        yield BigBuySource(Api(client, own), own)


class BigBuySource:
    """Lists the goods of BigBuy (contracts.catalogue.CatalogueSource)."""

    def __init__(self, api: Api, settings: BigBuy) -> None:
        self._api = api
        self._settings = settings

    async def pages(self, cursor: str | None = None) -> AsyncIterator[Page]:
        """See CatalogueSource.pages. Resuming fetches the lists again and goes on behind the last product by id."""
        read, last = _read_cursor(cursor)
        async with open_lists() as lists:
            await lists.fetch(self._api, *LISTS)
            await asyncio.to_thread(check_stock_is_told, lists, "products")
            mapper = await asyncio.to_thread(self._mapper, lists)
            total = lists.count("products")
            while found := await asyncio.to_thread(_parts, lists, last):
                last = found[-1][0]
                page = await asyncio.to_thread(_page, mapper, [parts for _, parts in found], read)
                read += len(found)
                yield Page(
                    items=tuple(item for item, _ in page if isinstance(item, SourceProduct)),
                    rejected=tuple(item for item, _ in page if isinstance(item, RejectedRow)),
                    warnings=tuple(warning for _, warnings in page for warning in warnings),
                    rows_read=len(found),
                    cursor=f"{read}:{last}",
                    progress=min(1.0, read / max(1, total)),
                )
            yield Page((), progress=1.0)

    def _mapper(self, lists: Lists) -> Mapper:
        names = names_from(
            taxonomies=lists.every("taxonomies"),
            manufacturers=lists.every("manufacturers"),
            attributes=lists.every("attributes"),
            groups=lists.every("attributegroups"),
        )
        return Mapper(self._settings, names)


def check_stock_is_told(lists: Lists, goods: List) -> None:
    """Refuse goods without a single line of stock: BigBuy retires lists by letting them answer nothing, and all goods
    would read as sold out.
    """
    told = lists.count("productsstockbyhandlingdays") + lists.count("productsvariationsstockbyhandlingdays")
    if lists.count(goods) and not told:
        raise Broken("BigBuy lists goods and not one line of stock for them: its stock lists may have moved.")


def _parts(lists: Lists, last: int | None) -> list[tuple[int, Parts]]:
    """The next products with what the other lists have of them."""
    return [(key, _parts_of(lists, key, product)) for key, product in lists.page("products", last, PAGE)]


def _parts_of(lists: Lists, key: int, product: Json) -> Parts:
    return Parts(
        product,
        lists.find("productsinformation", key),
        lists.find("productsimages", key),
        lists.find("productsstockbyhandlingdays", key),
        [
            Variation(item, lists.find("productsvariationsstockbyhandlingdays", own), _attribute_ids(lists, own))
            for item in lists.of_product("productsvariations", key)
            if (own := id_of(item.get("id")))
        ],
    )


def _attribute_ids(lists: Lists, variation: int) -> tuple[int, ...]:
    listed = objects_of((lists.find("variations", variation) or {}).get("attributes"))
    return tuple(key for item in listed if (key := id_of(item.get("id"))))


def _page(mapper: Mapper, parts: Sequence[Parts], read: int) -> list[Mapped]:
    return [mapper.map(one, read + place) for place, one in enumerate(parts, start=1)]


def _read_cursor(cursor: str | None) -> tuple[int, int | None]:
    if cursor is None:
        return 0, None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Broken(f"The cursor {cursor[:40]!r} is not one of BigBuy: start the reading anew.")
    return int(found[1]), int(found[2])
