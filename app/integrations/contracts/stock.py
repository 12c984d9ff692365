"""The role of a stock source: how much of each article a supplier has now, and at which cost, without reading all its
goods again. What is made of it (offers, balances) lives in the features.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StockLevel:
    """What is known of one variant. None always means: the vendor does not say, which is never zero.

    `external_id` is the variant's, as the vendor's CatalogueSource gives it. `quantity` is what can be ordered now,
    over all warehouses. Handling days are working days until dispatch. `cost` is what we pay, without tax.
    """

    external_id: str
    quantity: int | None
    min_handling_days: int | None = None
    max_handling_days: int | None = None
    warehouse: str | None = None
    cost: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class StockPage:
    """A step of the stream; `cursor` resumes behind it, None on the last page. `progress` as in catalogue.Page."""

    items: tuple[StockLevel, ...]
    cursor: str | None = None
    progress: float | None = field(default=None, compare=False)


class StockSource(Protocol):
    """Anything that can tell quantities in bulk."""

    def levels(self, cursor: str | None = None) -> AsyncIterator[StockPage]:
        """Yields the level of every variant that the vendor lists, each once, in pages of about 1,000.

        Repeatable, and resumable by cursor as catalogue.CatalogueSource.pages. A read that breaks off raises a vendor
        error: what was not listed by then is unknown, not gone.
        """
        ...
