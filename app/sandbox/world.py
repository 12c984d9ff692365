"""All that the sandbox holds, in memory: its vendors' goods, the faults, the ledger. The same seed, the same world."""

from app.sandbox.dummyjson.routes import Vendor
from app.sandbox.dummyjson.shop import Shop
from app.sandbox.faults import Faults
from app.sandbox.ledger import Ledger
from app.sandbox.window import RateLimit


class World:
    """One running sandbox."""

    def __init__(self, *, seed: int, products: int) -> None:
        self.seed = seed
        self.products = products
        self.faults = Faults(seed)
        self.ledger = Ledger()
        self.dummyjson = Vendor(Shop(products, seed), self.faults)

    def reset(self, *, seed: int | None = None, products: int | None = None, rate_limits: bool = True) -> None:
        """Begin anew."""
        self.seed = self.seed if seed is None else seed
        self.products = self.products if products is None else products
        self.faults.reset(self.seed)
        self.ledger.clear()
        self.dummyjson.shop = Shop(self.products, self.seed)
        self.dummyjson.limit = RateLimit(100, 10) if rate_limits else None

    def described(self) -> dict[str, object]:
        """What there is, in numbers."""
        return {
            "seed": self.seed,
            "products": len(self.dummyjson.shop.products),
            "faults": len(self.faults.all),
            "calls": self.ledger.received,
            "rate_limits": self.dummyjson.limit is not None,
        }
