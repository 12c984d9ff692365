"""The API as a catalogue source. A list that changes while it is read is read again until it held still for one whole
pass; one that never does, or that loops, is an error and never the end of the list: what is missing is not gone.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.integrations.contracts.access import Access
from app.integrations.contracts.catalogue import CatalogueSource, Page, RejectedRow, SourceProduct
from app.integrations.contracts.errors import Broken, NotFound, Unavailable
from app.integrations.dummyjson.client import list_products, open_api
from app.integrations.dummyjson.mapping import Mapper
from app.integrations.dummyjson.payloads import ProductPage
from app.integrations.dummyjson.settings import ProductApi
from app.integrations.http import Client

PASSES = 3
MOST_PRODUCTS = 1_000_000


@asynccontextmanager
async def open_source(access: Access) -> AsyncIterator[CatalogueSource]:
    """See contracts.vendor.Opener."""
    own = ProductApi.model_validate(access.settings)
    async with open_api(access, own) as client:
        yield ProductApiSource(client, own)


class _Pass:
    """One reading of the list from its beginning: what it has brought so far, and whether that was all."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.received = 0
        self.totals: set[int | None] = set()
        self.ended_by_repeating = False

    @property
    def total(self) -> int | None:
        """How many products the API counts; None when it does not say, or said different things."""
        return next(iter(self.totals)) if len(self.totals) == 1 else None

    @property
    def is_whole(self) -> bool:
        """Whether every product was there, as many as the API counted from the first page to the last."""
        if self.totals == {None}:
            return not self.ended_by_repeating
        return self.total == len(self.seen)


class ProductApiSource:
    """Lists the products of one API (contracts.catalogue.CatalogueSource)."""

    def __init__(self, client: Client, settings: ProductApi) -> None:
        self._client = client
        self._settings = settings
        self._mapper = Mapper(settings)

    async def pages(self, cursor: str | None = None) -> AsyncIterator[Page]:
        """See CatalogueSource.pages. Resuming reads the list from its beginning and passes over what was yielded."""
        passed_over = _read_cursor(cursor)
        known: set[str] = set()
        for _ in range(PASSES):
            reading = _Pass()
            async for items in self._read(reading):
                fresh = {key: item for key, item in items.items() if key not in known}
                known |= fresh.keys()
                first = len(known) - len(fresh)
                wanted = list(fresh.values())[max(0, passed_over - first) :]
                if wanted:
                    yield self._page(wanted, len(known), reading.total)
            if reading.is_whole:
                yield Page((), progress=1.0)
                return
        counted = "a changing number of" if reading.total is None else f"{reading.total:,}"
        raise Unavailable(
            f"{self._settings.base_url} counts {counted} products and lists {len(reading.seen):,}: pages repeat, or the"
            " list changes faster than it can be read. Nothing was changed; it is read again later."
        )

    async def _read(self, reading: _Pass) -> AsyncIterator[dict[str, object]]:
        """One pass: the items of each page that brings any, by identity.

        Goes on until a page brings nothing, whatever the API counts: a total that is that of the page would end it
        early, and what was not read would seem gone.
        """
        for number in range(MOST_PRODUCTS):
            page = await self._ask(reading, number)
            items = {self._key(item): item for item in page.items}
            reading.totals.add(page.total)
            reading.received += len(page.items)
            fresh = {key: item for key, item in items.items() if key not in reading.seen}
            reading.seen |= fresh.keys()
            reading.ended_by_repeating = bool(items) and not fresh
            if len(reading.seen) > MOST_PRODUCTS:
                raise Broken(
                    f"{self._settings.base_url} lists more than {MOST_PRODUCTS:,} products: page by page for ever?"
                )
            if fresh:
                yield fresh
            if not fresh or self._settings.paging == "none":
                return

    async def _ask(self, reading: _Pass, number: int) -> ProductPage:
        try:
            return await list_products(self._client, self._settings, skip=reading.received, page=number)
        except NotFound:
            if number == 0:
                raise
            return ProductPage((), reading.total)  # some APIs have no page behind the last one

    def _key(self, item: object) -> str:
        """Who a product is; one without an identity is what it says."""
        return self._mapper.external_id(item) or f"\0{json.dumps(item, sort_keys=True, default=str)}"

    def _page(self, items: list[object], upto: int, total: int | None) -> Page:
        """The goods of a page; `upto` is the position of its last one."""
        mapped = [self._mapper.map(item, upto - len(items) + place) for place, item in enumerate(items, start=1)]
        return Page(
            items=tuple(found for found, _ in mapped if isinstance(found, SourceProduct)),
            rejected=tuple(found for found, _ in mapped if isinstance(found, RejectedRow)),
            warnings=tuple(warning for _, warnings in mapped for warning in warnings),
            rows_read=len(items),
            cursor=str(upto),
            progress=min(1.0, upto / total) if total else None,
        )


def _read_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise Broken(f"The cursor {cursor[:40]!r} is not one of a product API: start the reading anew.")
    return int(cursor)
