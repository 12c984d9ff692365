"""Refusals of BigBuy that mean more than their class: orders that it has already, that must be split, or that it does
not take for a reason with a number.
"""

from collections.abc import Sequence

from app.integrations.contracts.errors import Conflict, Rejected


class AlreadyOrdered(Conflict):
    """ER008: an order of this internalReference exists; `order_id` is its number, if BigBuy tells it."""

    def __init__(self, order_id: str | None) -> None:
        super().__init__("BigBuy has an order of this reference already.")
        self.order_id = order_id


class SplitNeeded(Rejected):
    """The goods lie in several warehouses: only the multishipping calls take such an order."""


class Refused(Rejected):
    """A refusal with its number (ER003, 400), and the SKUs that it names."""

    def __init__(self, detail: str, *, number: str = "", skus: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.number, self.skus = number, tuple(skus)
