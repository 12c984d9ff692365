"""What every vendor that lists goods must do, whatever happens on the way: one class, run for each vendor of the
registry against the sandbox over a real socket.
"""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from app.integrations import registry
from app.integrations.contracts.catalogue import CatalogueSource, Page, SourceProduct
from app.integrations.contracts.errors import (
    AuthExpired,
    Broken,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
)
from app.sandbox.window import RateLimit
from tests.support.sandbox import GOODS, Sandbox
from tests.support.vendors import FETCHED_WHOLE, goods_left, open_to

VENDORS = [vendor.slug for vendor in registry.VENDORS.values() if vendor.source]


async def read(source: CatalogueSource, cursor: str | None = None) -> list[Page]:
    """All pages of a source."""
    return [page async for page in source.pages(cursor)]


async def read_until_it_fails(source: CatalogueSource, error: type[VendorError]) -> tuple[list[Page], VendorError]:
    """The pages that came before the error, and the error."""
    got: list[Page] = []
    try:
        async for page in source.pages():
            got.append(page)  # noqa: PERF401 - they are wanted although it fails
    except error as failure:
        return got, failure
    raise AssertionError(f"read {len(got)} pages to the end instead of failing")


def products(pages: list[Page]) -> list[SourceProduct]:
    return [item for page in pages for item in page.items]


@pytest.mark.parametrize("vendor", VENDORS)
class TestCatalogueSource:
    """The contract of contracts.catalogue.CatalogueSource."""

    @pytest.fixture(autouse=True)
    def _prepare(self, vendor: str, sandbox: Sandbox) -> None:
        self.vendor, self.sandbox = vendor, sandbox

    def open(self, **settings: object) -> AbstractAsyncContextManager[CatalogueSource]:
        """The vendor's source in the sandbox."""
        access = open_to(self.sandbox, self.vendor, **settings)
        return registry.open_source(registry.get_vendor(self.vendor), access)

    @pytest.fixture
    async def source(self, _prepare: None) -> AsyncIterator[CatalogueSource]:
        async with self.open() as source:
            yield source

    async def test_all_goods_come_once_with_what_is_known_of_them(self, source: CatalogueSource) -> None:
        pages = await read(source)
        goods = products(pages)
        assert len({item.external_id for item in goods}) == len(goods) == GOODS
        assert sum(page.rows_read for page in pages) == GOODS
        assert all(not page.rejected for page in pages)
        assert [item.line for item in goods] == sorted({item.line for item in goods})
        assert all(item.title and item.variants for item in goods)
        variants = [variant for item in goods for variant in item.variants]
        assert len({variant.external_id for variant in variants}) == len(variants)
        assert all(variant.price is not None and variant.price >= 0 and variant.currency for variant in variants)
        assert all(variant.stock is not None for variant in variants)

    async def test_only_the_last_page_has_no_cursor_and_progress_never_goes_back(self, source: CatalogueSource) -> None:
        pages = await read(source)
        assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]
        assert len(pages) > 2
        assert all(len(page.cursor or "") < 300 for page in pages)
        progress = [page.progress for page in pages if page.progress is not None]
        assert progress == sorted(progress)

    async def test_a_cursor_gives_exactly_what_followed_its_page(self, source: CatalogueSource) -> None:
        pages = await read(source)
        for number, page in enumerate(pages[:-1], start=1):
            async with self.open() as another:
                assert products(await read(another, page.cursor)) == products(pages[number:])

    async def test_reading_twice_gives_the_same(self, source: CatalogueSource) -> None:
        assert await read(source) == await read(source)

    async def test_an_empty_catalogue_is_one_empty_page(self, source: CatalogueSource) -> None:
        self.sandbox.world.reset(products=0, rate_limits=False)
        assert products(await read(source)) == []
        assert (await read(source))[-1].cursor is None

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (400, Rejected),
            (401, AuthExpired),
            (403, Rejected),
            (404, NotFound),
            (500, Unavailable),
            (502, Unavailable),
            (503, Unavailable),
            (504, Unavailable),
        ],
    )
    async def test_a_status_says_what_to_do(
        self, status: int, error: type[VendorError], source: CatalogueSource
    ) -> None:
        self.sandbox.fault("status", status=status)
        with pytest.raises(error):
            await read(source)

    async def test_a_long_pause_that_is_asked_for_is_told(self, source: CatalogueSource) -> None:
        self.sandbox.fault("status", status=429, retry_after="90")
        with pytest.raises(RateLimited) as told:
            await read(source)
        assert told.value.retry_after == 90
        assert len(self.sandbox.calls(self.vendor)) == 1

    @pytest.mark.parametrize("kind", ["cut", "hang", "slow", "status"])
    async def test_a_failure_that_passes_by_is_not_noticed(self, kind: str, source: CatalogueSource) -> None:
        self.sandbox.fault(kind, after=1, times=1, seconds=1)
        assert len(products(await read(source))) == GOODS
        assert [call.fault for call in self.sandbox.calls(self.vendor)].count(kind) == 1

    @pytest.mark.parametrize(
        ("kind", "error"),
        [("cut", Unavailable), ("hang", Unavailable), ("drip", Unavailable), ("malformed", Broken), ("html", Broken)],
    )
    async def test_a_failure_in_the_middle_comes_after_the_pages_before_it(
        self, kind: str, error: type[VendorError]
    ) -> None:
        self.sandbox.fault(kind, after=1, seconds=0.1)
        began = time.monotonic()
        is_whole = self.vendor in FETCHED_WHOLE  # long lists are given more time
        async with self.open(outbound_total_seconds=0.3 if is_whole else 1.0) as source:
            got, _ = await read_until_it_fails(source, error)
        assert len(products(got)) == 0 if is_whole else 0 < len(products(got)) < GOODS
        assert all(page.cursor is not None for page in got)
        assert time.monotonic() - began < 5

    @pytest.mark.parametrize("kind", ["repeat", "shrink"])
    async def test_a_list_that_does_not_hold_still_ends_as_an_error(self, kind: str, source: CatalogueSource) -> None:
        self.sandbox.fault(kind, after=1, amount=2)
        if self.vendor in FETCHED_WHOLE:  # one answer is one state
            assert len({item.external_id for item in products(await read(source))}) == GOODS
            return
        got, told = await read_until_it_fails(source, Unavailable)
        ids = [item.external_id for item in products(got)]
        assert len(set(ids)) == len(ids)
        assert all(page.cursor is not None for page in got)
        assert told.retryable
        assert len(self.sandbox.calls(self.vendor)) < 20

    async def test_goods_that_vanish_while_reading_hide_no_others(self, source: CatalogueSource) -> None:
        self.sandbox.fault("shrink", after=1, amount=3, times=1)
        pages = await read(source)
        ids = {item.external_id for item in products(pages)}
        assert goods_left(self.sandbox, self.vendor) <= ids
        assert len(products(pages)) == len(ids)

    async def test_a_list_that_begins_anew_where_it_ends_is_read_once(self, source: CatalogueSource) -> None:
        self.sandbox.fault("loop")
        pages = await read(source)
        assert len(products(pages)) == len({item.external_id for item in products(pages)}) == GOODS

    async def test_prices_and_stock_that_move_meanwhile_do_no_harm(self, source: CatalogueSource) -> None:
        self.sandbox.fault("drift", amount=50)
        assert len(products(await read(source))) == GOODS

    async def test_a_rate_limit_that_is_met_is_waited_out(self, source: CatalogueSource) -> None:
        self.sandbox.world.vendors[self.vendor].limit = RateLimit(2, 1)
        assert len(products(await read(source))) == GOODS
        if self.vendor in FETCHED_WHOLE:  # each list has a limit of its own
            self.sandbox.world.vendors[self.vendor].limit = RateLimit(1, 1)
            assert await read(source) == await read(source)
        calls = self.sandbox.calls(self.vendor)
        limited = [call.path for call in calls if call.status == 429]
        assert len(set(limited)) == len(limited) > 0

    async def test_a_wrong_setting_is_named(self) -> None:
        with pytest.raises(ValueError, match="nonsense"):
            registry.get_vendor(self.vendor).settings_for(self.sandbox.settings(), "sandbox", {"nonsense": 1})


def test_a_vendor_that_is_unknown_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(registry.VendorUnknown, match="dummyjson"):
        registry.get_vendor("nonsense")


def test_slugs_are_those_of_the_descriptors() -> None:
    assert all(vendor.slug == slug for slug, vendor in registry.VENDORS.items())
