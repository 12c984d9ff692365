"""What the world and its control ask of every vendor's double: beginning anew, drifting, its limit, its numbers."""

from typing import Protocol

from starlette.routing import BaseRoute

from app.sandbox.window import RateLimit
from app.sandbox.wire import Words


class VendorDouble(Words, Protocol):
    """A vendor in the sandbox."""

    limit: RateLimit | None

    def routes(self) -> list[BaseRoute]:
        """Everything below the vendor's prefix."""
        ...

    def reset(self, *, seed: int, products: int, rate_limits: bool) -> None:
        """Begin anew: goods as by the seed, no orders, no accounts."""
        ...

    def drift(self, amount: int) -> None:
        """Change price and stock of so many goods, once, in each account."""
        ...

    def described(self) -> dict[str, object]:
        """What it holds, in numbers."""
        ...
