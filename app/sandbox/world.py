"""All that the sandbox holds, in memory: its vendors' goods, the faults, the ledger. The same seed, the same world."""

from collections.abc import Mapping
from datetime import timedelta

from app.sandbox import aliexpress, bigbuy, dummyjson
from app.sandbox.aliexpress.routes import Vendor as AliExpress
from app.sandbox.bigbuy.routes import Vendor as BigBuy
from app.sandbox.clock import SandboxClock
from app.sandbox.dummyjson.routes import Vendor as DummyJson
from app.sandbox.dummyjson.shop import Shop
from app.sandbox.faults import Faults
from app.sandbox.ledger import Ledger
from app.sandbox.vendor import VendorDouble


class World:
    """One running sandbox."""

    def __init__(self, *, seed: int, products: int, aliexpress_apps: Mapping[str, str] | None = None) -> None:
        self.seed = seed
        self.products = products
        self.clock = SandboxClock()
        self.faults = Faults(seed)
        self.ledger = Ledger()
        self.dummyjson = DummyJson(Shop(products, seed), self.faults)
        self.bigbuy = BigBuy(seed=seed, products=products, faults=self.faults, clock=self.clock)
        apps = aliexpress_apps or {}
        self.aliexpress = AliExpress(seed=seed, products=products, faults=self.faults, clock=self.clock, apps=apps)
        self.vendors: dict[str, VendorDouble] = {
            dummyjson.NAME: self.dummyjson,
            bigbuy.NAME: self.bigbuy,
            aliexpress.NAME: self.aliexpress,
        }

    def reset(self, *, seed: int | None = None, products: int | None = None, rate_limits: bool = True) -> None:
        """Begin anew."""
        self.seed = self.seed if seed is None else seed
        self.products = self.products if products is None else products
        self.clock.ahead = timedelta()
        self.faults.reset(self.seed)
        self.ledger.clear()
        for vendor in self.vendors.values():
            vendor.reset(seed=self.seed, products=self.products, rate_limits=rate_limits)

    def described(self) -> dict[str, object]:
        """What there is, in numbers."""
        return {
            "seed": self.seed,
            "products": len(self.dummyjson.shop.products),
            "faults": len(self.faults.all),
            "calls": self.ledger.received,
            "rate_limits": self.dummyjson.limit is not None,
            "time": self.clock.now().isoformat(timespec="seconds"),
            "vendors": {name: vendor.described() for name, vendor in self.vendors.items()},
        }
