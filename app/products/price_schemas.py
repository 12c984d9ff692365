"""Price changes on the wire: the history of a product and of a variant."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.pricing.models import PriceChange
from app.products.wire import Money, Timestamp


class Prices(BaseModel):
    """What a variant costs, at one moment."""

    price: Money | None
    compare_at_price: Money | None
    cost: Money | None
    currency: str | None


class PriceChangeView(BaseModel):
    """One change of a variant's prices. The first prices of a new variant have nothing before them."""

    variant_id: UUID
    before: Prices
    after: Prices
    cause: str = Field(
        description="`edited`: a person changed the variant itself; else the kind of the job that did.",
        examples=["edited", "update_prices_in_bulk", "import_csv_products"],
    )
    user_id: UUID | None = Field(description="Who did it, or started the job.")
    job_id: UUID | None
    created_at: Timestamp

    @classmethod
    def of(cls, change: PriceChange) -> Self:
        """A row of the history as the API shows it."""
        return cls(
            variant_id=change.variant_id,
            before=Prices(
                price=change.price_before,
                compare_at_price=change.compare_at_price_before,
                cost=change.cost_before,
                currency=change.currency_before,
            ),
            after=Prices(
                price=change.price_after,
                compare_at_price=change.compare_at_price_after,
                cost=change.cost_after,
                currency=change.currency_after,
            ),
            cause=change.cause,
            user_id=change.user_id,
            job_id=change.job_id,
            created_at=change.created_at,
        )
