"""A vendor of the tests' own: goods and stock that a test changes, keys that open accounts, and faults on request."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, JsonValue

from app.core.context import is_in_transaction
from app.integrations import registry
from app.integrations.contracts.access import Access, Account
from app.integrations.contracts.catalogue import CatalogueSource, Page, SourceProduct, SourceVariant
from app.integrations.contracts.errors import AuthExpired
from app.integrations.contracts.stock import StockLevel, StockPage, StockSource
from app.integrations.contracts.vendor import Vendor

SLUG = "warehouse"
PAGE = 2


class WarehouseSettings(BaseModel):
    """What a connection to it may say."""

    model_config = ConfigDict(extra="forbid")

    language: str = "en"
    base_url: str = "https://warehouse.example"


@dataclass
class Warehouse:
    """What it holds, who may come in, and what it was asked."""

    accounts: dict[str, str] = field(default_factory=lambda: {"key-one": "1", "key-two": "2"})
    prices: dict[str, Decimal] = field(default_factory=lambda: {f"p{number}": Decimal(10) for number in range(5)})
    levels: list[StockLevel] = field(default_factory=list)
    calls: list[Access] = field(default_factory=list)
    fault: Exception | None = None
    fault_after: int = 0

    def enter(self, access: Access, *, page: int = 0) -> None:
        """What every call begins with."""
        assert not is_in_transaction()
        self.calls.append(access)
        if self.fault is not None and page >= self.fault_after:
            raise self.fault
        if access.credentials.get("api_key") not in self.accounts:
            raise AuthExpired("no such key")

    async def check(self, access: Access) -> Account:
        self.enter(access)
        number = self.accounts[access.credentials["api_key"]]
        return Account(number, f"Account {number}")

    def vendor(self) -> Vendor:
        return Vendor(
            slug=SLUG,
            label="Warehouse",
            auth="key",
            settings=WarehouseSettings,
            sandbox_settings=_sandbox_settings,
            credentials=("api_key",),
            sandbox_credentials={"api_key": "key-one"},
            check=self.check,
            source=self.open_source,
            stock=self.open_stock,
        )

    @asynccontextmanager
    async def open_source(self, access: Access) -> AsyncIterator[CatalogueSource]:
        yield _Goods(self, access)

    @asynccontextmanager
    async def open_stock(self, access: Access) -> AsyncIterator[StockSource]:
        yield _Levels(self, access)


def _sandbox_settings(url: str) -> Mapping[str, JsonValue]:
    return {"base_url": f"{url}/warehouse"}


@dataclass
class _Goods:
    shop: Warehouse
    access: Access

    async def pages(self, cursor: str | None = None) -> AsyncIterator[Page]:
        names = sorted(self.shop.prices)
        for start in range(int(cursor or 0), len(names), PAGE):
            self.shop.enter(self.access, page=start // PAGE)
            shown = names[start : start + PAGE]
            yield Page(
                tuple(self._product(name, start + place) for place, name in enumerate(shown, start=1)),
                rows_read=len(shown),
                cursor=str(start + PAGE),
            )
        yield Page(())

    def _product(self, name: str, line: int) -> SourceProduct:
        variant = SourceVariant(
            f"v-{name}", line, sku=f"SKU-{name}", price=self.shop.prices[name] * 2, cost=self.shop.prices[name],
            currency="EUR", stock=3,
        )  # fmt: skip
        return SourceProduct(name, line, title=f"Thing {name}", variants=(variant,))


@dataclass
class _Levels:
    shop: Warehouse
    access: Access

    async def levels(self, cursor: str | None = None) -> AsyncIterator[StockPage]:
        for start in range(int(cursor or 0), len(self.shop.levels), PAGE):
            self.shop.enter(self.access, page=start // PAGE)
            yield StockPage(tuple(self.shop.levels[start : start + PAGE]), cursor=str(start + PAGE))
        yield StockPage(())


@contextmanager
def registered(shop: Warehouse) -> Iterator[Warehouse]:
    """Known to the installation for the duration of a block."""
    registry.VENDORS[SLUG] = shop.vendor()
    try:
        yield shop
    finally:
        del registry.VENDORS[SLUG]
