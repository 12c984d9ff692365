"""Price changes on the wire: the history of a product and of a variant."""

from typing import Literal, Self
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


class PriceRow(BaseModel):
    """What becomes of one variant in a change of many prices."""

    product_id: UUID | None
    variant_id: UUID | None
    sku: str | None
    currency: str | None
    status: Literal["changed", "unchanged", "refused"]
    before: Money | None = Field(description="The amount that the change is about.")
    after: Money | None = Field(description="Null for a refused one, which keeps what it has.")
    reason: Literal["raised_to_min_margin"] | None = Field(
        default=None, description="Why it is not simply what the change says."
    )
    code: str | None = Field(default=None, description="Why it was refused: a stable name.", examples=["cost_missing"])
    message: str | None = Field(default=None, description="The same in words.")
    mend: str | None = Field(default=None, description="What to do about it.")


class PriceUpdateResult(BaseModel):
    """What a change of many prices did, or would do; row by row."""

    dry_run: bool
    job_id: UUID | None = Field(description="Keeps the changes: /jobs/{id}/items, /jobs/{id}/undo. Null for a dry run.")
    products: int = Field(description="How many products were chosen.")
    updated_count: int = Field(description="How many products got another price; of a dry run, on this page.")
    changed: int = Field(description="Variants, as are the next two; of a dry run, on this page.")
    unchanged: int
    refused: int
    results: list[PriceRow]
    next_cursor: str | None = Field(default=None, description="Goes on with a dry run.")
