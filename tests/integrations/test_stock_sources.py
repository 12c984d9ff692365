"""What every vendor that tells stock must do, whatever happens on the way: one class, run for each vendor of the
registry against the sandbox over a real socket.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from app.integrations import registry
from app.integrations.contracts.catalogue import SourceVariant
from app.integrations.contracts.errors import (
    AuthExpired,
    Broken,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
)
from app.integrations.contracts.stock import StockLevel, StockPage, StockSource
from app.integrations.contracts.vendor import Vendor
from app.sandbox.window import RateLimit
from tests.support.sandbox import Sandbox
from tests.support.vendors import FETCHED_WHOLE, open_to

VENDORS = [vendor.slug for vendor in registry.VENDORS.values() if vendor.stock]


async def read(source: StockSource, cursor: str | None = None) -> list[StockPage]:
    """All pages of a source."""
    return [page async for page in source.levels(cursor)]


async def read_until_it_fails(source: StockSource, error: type[VendorError]) -> list[StockPage]:
    """The pages that came before the error."""
    got: list[StockPage] = []
    try:
        async for page in source.levels():
            got.append(page)  # noqa: PERF401 - they are wanted although it fails
    except error:
        return got
    raise AssertionError(f"read {len(got)} pages to the end instead of failing")


def levels(pages: list[StockPage]) -> list[StockLevel]:
    return [level for page in pages for level in page.items]


@pytest.mark.parametrize("slug", VENDORS)
class TestStockSource:
    """The contract of contracts.stock.StockSource."""

    @pytest.fixture(autouse=True)
    def _prepare(self, slug: str, sandbox: Sandbox) -> None:
        self.vendor: Vendor = registry.get_vendor(slug)
        self.sandbox = sandbox

    def open(self, **settings: object) -> AbstractAsyncContextManager[StockSource]:
        """The vendor's stock in the sandbox."""
        assert self.vendor.stock
        return self.vendor.stock(open_to(self.sandbox, self.vendor.slug, **settings))

    @pytest.fixture
    async def source(self, _prepare: None) -> AsyncIterator[StockSource]:
        async with self.open() as source:
            yield source

    async def variants(self) -> dict[str, SourceVariant]:
        """What the vendor's catalogue says of each article."""
        async with registry.open_source(self.vendor, open_to(self.sandbox, self.vendor.slug)) as source:
            goods = [item async for page in source.pages() for item in page.items]
        return {variant.external_id: variant for item in goods for variant in item.variants}

    async def test_every_article_of_the_catalogue_comes_once_with_what_the_catalogue_says(
        self, source: StockSource
    ) -> None:
        found = levels(await read(source))
        by_id = {level.external_id: level for level in found}
        variants = await self.variants()
        assert len(by_id) == len(found) == len(variants) > 0
        assert by_id.keys() == variants.keys()
        for key, variant in variants.items():
            assert by_id[key].cost in {None, variant.cost}
            assert (by_id[key].currency is None) == (by_id[key].cost is None)
            # Goods that are not sold any more are out of stock in the catalogue, whatever lies in the warehouse.
            assert variant.stock in {by_id[key].quantity, 0, None}
        assert any(level.quantity for level in found)

    async def test_days_and_quantities_make_sense(self, source: StockSource) -> None:
        for level in levels(await read(source)):
            assert level.quantity is None or level.quantity >= 0
            if level.min_handling_days is not None and level.max_handling_days is not None:
                assert 0 <= level.min_handling_days <= level.max_handling_days

    async def test_only_the_last_page_has_no_cursor_and_progress_never_goes_back(self, source: StockSource) -> None:
        pages = await read(source)
        assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]
        assert all(len(page.cursor or "") < 300 for page in pages)
        progress = [page.progress for page in pages if page.progress is not None]
        assert progress == sorted(progress)

    async def test_a_cursor_gives_exactly_what_followed_its_page(self, source: StockSource) -> None:
        pages = await read(source)
        for number, page in enumerate(pages[:-1], start=1):
            async with self.open() as another:
                assert levels(await read(another, page.cursor)) == levels(pages[number:])

    async def test_reading_twice_gives_the_same(self, source: StockSource) -> None:
        assert await read(source) == await read(source)

    async def test_nothing_to_sell_is_one_empty_page(self, source: StockSource) -> None:
        self.sandbox.world.reset(products=0, rate_limits=False)
        pages = await read(source)
        assert levels(pages) == []
        assert pages[-1].cursor is None

    @pytest.mark.parametrize(
        ("status", "error"),
        [(400, Rejected), (401, AuthExpired), (403, Rejected), (404, NotFound), (500, Unavailable), (503, Unavailable)],
    )
    async def test_a_status_says_what_to_do(self, status: int, error: type[VendorError], source: StockSource) -> None:
        self.sandbox.fault("status", status=status)
        with pytest.raises(error):
            await read(source)

    async def test_a_long_pause_that_is_asked_for_is_told(self, source: StockSource) -> None:
        self.sandbox.fault("status", status=429, retry_after="90")
        with pytest.raises(RateLimited) as told:
            await read(source)
        assert told.value.retry_after == 90

    @pytest.mark.parametrize("kind", ["cut", "hang", "soft", "status"])
    async def test_a_failure_that_passes_by_is_not_noticed(self, kind: str, source: StockSource) -> None:
        whole = levels(await read(source))
        self.sandbox.fault(kind, after=1, times=1, seconds=1)
        assert levels(await read(source)) == whole
        assert [call.fault for call in self.sandbox.calls(self.vendor.slug)].count(kind) == 1

    @pytest.mark.parametrize(
        ("kind", "error"), [("cut", Unavailable), ("hang", Unavailable), ("malformed", Broken), ("html", Broken)]
    )
    async def test_a_read_that_breaks_off_is_an_error_and_never_the_end(
        self, kind: str, error: type[VendorError], source: StockSource
    ) -> None:
        self.sandbox.fault(kind, after=1)
        got = await read_until_it_fails(source, error)
        assert all(page.cursor is not None for page in got)

    async def test_a_rate_limit_that_is_met_is_waited_out(self, source: StockSource) -> None:
        whole = levels(await read(source))
        self.sandbox.world.vendors[self.vendor.slug].limit = RateLimit(1 if self.vendor.slug in FETCHED_WHOLE else 2, 1)
        assert levels(await read(source)) == levels(await read(source)) == whole
        assert 429 in [call.status for call in self.sandbox.calls(self.vendor.slug)]
