"""What a seller decides about a BigBuy connection: language, prices, which stock counts, how orders go and are paid."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

Carrier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,40}$")]

CARRIERS: tuple[str, ...] = ("chrono", "correos", "correosinternational", "dhl", "gls", "seur", "tnt", "ups")
"""The codes of the vendor's guide; of those that an order names BigBuy takes the cheapest."""


class BigBuy(BaseModel):
    """The settings of a connection. Amounts of BigBuy are euros."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Annotated[str, StringConstraints(pattern=r"^https?://\S{1,2000}$")] = Field(
        default="https://api.bigbuy.eu",
        description="Address of the API; https://api.sandbox.bigbuy.eu is BigBuy's own sandbox.",
    )
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = Field(
        default="en", description="Language of titles, descriptions, categories and options, ISO 639-1."
    )
    retail_price: Literal["price", "compare_at_price", "ignore"] = Field(
        default="price",
        description="What BigBuy's recommended retail price becomes: our price, the price to compare with, or nothing."
        " Its wholesale price is always the cost.",
    )
    warehouses: tuple[Annotated[int, Field(ge=0, le=1_000_000)], ...] = Field(
        default=(), max_length=100, description="Stock of these warehouses counts; empty: of all."
    )
    max_handling_days: int | None = Field(
        default=None, ge=0, le=365, description="Stock that leaves within so many working days counts; null: all."
    )
    carriers: tuple[Carrier, ...] = Field(
        default=CARRIERS,
        min_length=1,
        max_length=50,
        description="Carriers that orders may go with when an order names none; BigBuy takes the cheapest.",
    )
    payment_method: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = Field(
        default="moneybox", description="How BigBuy is paid."
    )


def sandbox_settings(sandbox_url: str) -> Mapping[str, JsonValue]:
    """The settings that lead to our sandbox."""
    return {"base_url": f"{sandbox_url}/bigbuy"}
