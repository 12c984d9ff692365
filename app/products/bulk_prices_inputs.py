"""The body of a change of many prices at once, with the spelling of older clients; also what its job remembers."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from app.core.text import CleanStr
from app.pricing.rules import PriceField, Rounding, RoundingMode, Rule
from app.products import bounds
from app.products.inputs import Sku
from app.products.schemas import ProductFilter
from app.products.wire import Currency

# Named goods are done at once, so there are never more of them than fit; more are chosen by a filter.
NAMED = 500
HIGHEST_PERCENT = 100_000
_LARGEST_STEP = 1_000_000
_TYPES = {"percentage": "percent", "fixed": "amount"}
_FIELDS = {"sale_price": "price", "cost_price": "cost"}


def _type_of(word: object) -> object:
    return _TYPES.get(word, word) if isinstance(word, str) else word


def _field_of(word: object) -> object:
    return _FIELDS.get(word, word) if isinstance(word, str) else word


def _distinct(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


Number = Annotated[Decimal, Field(ge=-bounds.PRICE, le=bounds.PRICE, decimal_places=6, allow_inf_nan=False)]
Fraction = Annotated[Decimal, Field(ge=0, lt=1, decimal_places=6, allow_inf_nan=False)]
Step = Annotated[Decimal, Field(gt=0, le=_LARGEST_STEP, decimal_places=4, allow_inf_nan=False)]
Ending = Annotated[Decimal, Field(ge=0, lt=_LARGEST_STEP, decimal_places=4, allow_inf_nan=False)]
Ids = Annotated[list[UUID], Field(min_length=1, max_length=NAMED), AfterValidator(_distinct)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChangeInput(_Body):
    """What happens to each amount. `percent`: by so many per cent. `amount`: by so much. `set`: to this. `margin`: to
    cost / (1 - value), so that the value, a fraction, is what is left of the price.
    """

    type: Annotated[Literal["percent", "amount", "set", "margin"], BeforeValidator(_type_of)]
    value: Number = Field(examples=["-10"])
    currency: Annotated[
        Currency | None, Field(description="Of `amount` and `set`; the tenant's if absent. Nothing is converted.")
    ] = None

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        if self.type == "percent" and not -100 <= self.value <= HIGHEST_PERCENT:
            raise PydanticCustomError(
                "percent_out_of_range", "per cent are from -100 to {most}", {"most": HIGHEST_PERCENT}
            )
        if self.type == "margin" and not 0 <= self.value < 1:
            raise PydanticCustomError("margin_invalid", "a margin is a fraction of the price: 0.3 for 30 %, below 1")
        if self.type == "set" and self.value < 0:
            raise PydanticCustomError("price_negative", "a price is not below 0")
        if self.type in {"set", "amount"} and self.value != round(self.value, 4):
            raise PydanticCustomError("decimal_max_places", "an amount has at most 4 decimals")
        return self


class RoundingInput(_Body):
    """Which amounts are wanted: `ending`, and whole steps above it. `{"ending": "0.99"}` gives 0.99, 1.99, 2.99 …;
    `{"step": "0.05"}` gives 0.00, 0.05, 0.10 … A currency without such small coins gets its smallest unit instead.
    """

    mode: Annotated[RoundingMode, Field(description="`nearest` goes up half-way.")] = "nearest"
    step: Step = Decimal(1)
    ending: Ending = Decimal(0)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.ending >= self.step:
            raise PydanticCustomError("ending_too_large", "the ending is smaller than the step (1 if not given)")
        return self


_EXAMPLE: dict[str, JsonValue] = {
    "filter": {"brand": "Acme", "status": "published"},
    "change": {"type": "percent", "value": "-10"},
    "rounding": {"ending": "0.99"},
    "min_margin": "0.2",
    "dry_run": True,
}


class BulkPriceUpdate(_Body):
    """Which products, which of their amounts, and how it changes. Older clients send `product_ids`, `adjustment_type`
    (percentage, fixed), `adjustment_value` and `apply_to` (sale_price, cost_price).
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    filter: Annotated[
        ProductFilter | None, Field(description="The filters of GET /products; `{}` chooses every product.")
    ] = None
    ids: Annotated[Ids | None, Field(validation_alias=AliasChoices("ids", "product_ids"))] = None
    variant_ids: Annotated[Ids | None, Field(description="Only these variants.")] = None
    skus: Annotated[
        list[Sku] | None,
        Field(min_length=1, max_length=NAMED, description="Only the variants with these SKUs, in any case."),
        AfterValidator(lambda skus: skus and _distinct(skus)),
    ] = None
    change: ChangeInput
    apply_to: Annotated[PriceField, BeforeValidator(_field_of), Field(description="The amount that changes.")] = "price"
    rounding: RoundingInput | None = None
    min_margin: Annotated[
        Fraction | None,
        Field(description="A fraction: prices are raised to cost / (1 - min_margin) where they would fall below."),
    ] = None
    error_policy: Annotated[
        Literal["reject_everything", "reject_failed_rows"],
        Field(description="Whether one refused row keeps all others from being changed."),
    ] = "reject_failed_rows"
    dry_run: Annotated[bool, Field(description="Show what would change, page by page, and change nothing.")] = False
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Products on a page of a dry run.")] = DEFAULT_LIMIT
    cursor: Annotated[
        CleanStr | None, Field(max_length=1024, description="`next_cursor` of the dry run's page before.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _understand_adjustments(cls, body: object) -> object:
        if not isinstance(body, dict) or "change" in body or "adjustment_type" not in body:
            return body
        kept = {name: value for name, value in body.items() if name not in {"adjustment_type", "adjustment_value"}}
        change = {"type": body["adjustment_type"]}
        if "adjustment_value" in body:
            change["value"] = body["adjustment_value"]
        return {**kept, "change": change}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        chosen = [name for name in ("filter", "ids", "variant_ids", "skus") if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise PydanticCustomError(
                "goods_unnamed", "choose the goods by exactly one of: filter, ids, variant_ids, skus"
            )
        if self.cursor is not None and not self.dry_run:
            raise PydanticCustomError(
                "contradiction", "a cursor goes on with a dry run; without dry_run all is changed"
            )
        if self.apply_to != "price" and (self.change.type == "margin" or self.min_margin is not None):
            raise PydanticCustomError("contradiction", "margin and min_margin are about the price; apply_to is another")
        return self

    def rule(self) -> Rule:
        """The same as the rule that pricing applies."""
        asked = self.rounding
        rounding = Rounding(asked.mode, asked.step, asked.ending) if asked else None
        return Rule(self.change.type, self.change.value, self.apply_to, self.change.currency, rounding, self.min_margin)


class RememberedUpdate(BaseModel):
    """A change of many prices as its job keeps it."""

    request: BulkPriceUpdate
    lock: bool
    as_of: Annotated[CleanStr, Field(description="Products made later are not meant.")]
