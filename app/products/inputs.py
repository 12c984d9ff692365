"""Bodies of requests about products, categories and stock, with the spellings that existing clients use.

Values are bounded (bounds.py) and cleaned here; what depends on stored rows is checked by the verbs.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    JsonValue,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.core.errors import FieldError
from app.core.text import CleanJson, CleanStr
from app.products import bounds
from app.products.descriptions import clean_description
from app.products.schemas import Status
from app.products.wire import Currency, Gtin, MoneyInput

_URL = TypeAdapter(Annotated[HttpUrl, Field(max_length=bounds.URL)])


def _trimmed(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _http_url(text: str) -> str:
    # Kept as it was sent where it is plain ASCII; else in its encoded form, which is what a client would fetch.
    parsed = str(_URL.validate_python(text))
    return text if text.isascii() and " " not in text else parsed


def _finite_and_shallow(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        size = len(json.dumps(value, allow_nan=False))
    except (ValueError, RecursionError):
        raise PydanticCustomError("attributes_invalid", "numbers must be finite and nesting moderate") from None
    if size > bounds.ATTRIBUTES_SIZE:
        message = "attributes may take {limit} characters of JSON in all"
        raise PydanticCustomError("attributes_too_large", message, {"limit": bounds.ATTRIBUTES_SIZE})
    return value


Trimmed = Annotated[CleanStr, BeforeValidator(_trimmed)]
Title = Annotated[Trimmed, Field(min_length=1, max_length=bounds.TITLE, examples=["Linen shirt"])]
Description = Annotated[CleanStr, Field(max_length=bounds.DESCRIPTION), AfterValidator(clean_description)]
Brand = Annotated[Trimmed, Field(min_length=1, max_length=bounds.BRAND)]
Sku = Annotated[Trimmed, Field(min_length=1, max_length=bounds.SKU, examples=["LS-BLUE-M"])]
Tag = Annotated[Trimmed, Field(min_length=1, max_length=bounds.TAG)]
Url = Annotated[Trimmed, Field(max_length=bounds.URL), AfterValidator(_http_url)]
OptionName = Annotated[Trimmed, Field(min_length=1, max_length=bounds.OPTION_NAME)]
OptionValue = Annotated[Trimmed, Field(min_length=1, max_length=bounds.OPTION_VALUE)]
AttributeName = Annotated[Trimmed, Field(min_length=1, max_length=bounds.ATTRIBUTE_NAME)]
Attributes = Annotated[
    dict[AttributeName, CleanJson], Field(max_length=bounds.ATTRIBUTES), AfterValidator(_finite_and_shallow)
]
CategoryName = Annotated[Trimmed, Field(min_length=1, max_length=bounds.CATEGORY_NAME)]
CategoryPath = Annotated[Trimmed, Field(min_length=1, max_length=bounds.CATEGORY_PATH)]
Stock = Annotated[int, Field(ge=0, le=bounds.STOCK)]
Weight = Annotated[int, Field(ge=0, le=bounds.WEIGHT_G, description="Grams.")]


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Tags = Annotated[list[Tag], Field(max_length=bounds.TAGS), AfterValidator(_distinct)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _refuse_nulls(body: BaseModel, *names: str) -> None:
    for name in names:
        if name in body.model_fields_set and getattr(body, name) is None:
            raise PydanticCustomError("not_clearable", "{name} cannot be null", {"name": name})


class ImageInput(_Body):
    """A picture by address."""

    url: Annotated[Url, Field(validation_alias=AliasChoices("url", "src", "image_url"))]
    alt: Annotated[Trimmed | None, Field(max_length=bounds.ALT, validation_alias=AliasChoices("alt", "alt_text"))] = (
        None
    )


def _image_of(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


ImageItem = Annotated[ImageInput, BeforeValidator(_image_of)]
Images = Annotated[list[ImageItem], Field(max_length=bounds.IMAGES, description="Addresses, or objects with url, alt.")]


class OptionInput(_Body):
    """An axis along which variants differ."""

    name: OptionName
    values: Annotated[list[OptionValue], Field(max_length=bounds.OPTION_VALUES)] = Field(default_factory=list)


def _distinct_names(options: list[OptionInput]) -> list[OptionInput]:
    if len({option.name for option in options}) < len(options):
        raise PydanticCustomError("option_twice", "an option name stands twice")
    return options


Options = Annotated[list[OptionInput], Field(max_length=bounds.OPTIONS), AfterValidator(_distinct_names)]

PRICE_ALIASES = AliasChoices("price", "sale_price")
COST_ALIASES = AliasChoices("cost", "cost_price")
STOCK_ALIASES = AliasChoices("stock", "stock_quantity")
GTIN_ALIASES = AliasChoices("gtin", "barcode", "ean", "upc")
TITLE_ALIASES = AliasChoices("title", "name")
BRAND_ALIASES = AliasChoices("brand", "vendor")


_GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lb": Decimal("453.59237")}


class Sellable(_Body):
    """What product bodies and variant bodies share: the fields of one variant. `weight` with `weight_unit` (g, kg, oz,
    lb; kg without one) is another way to say `weight_g`.
    """

    sku: Sku | None = None
    gtin: Annotated[Gtin | None, BeforeValidator(_none_if_blank), Field(validation_alias=GTIN_ALIASES)] = None
    price: Annotated[MoneyInput | None, Field(validation_alias=PRICE_ALIASES)] = None
    compare_at_price: MoneyInput | None = None
    cost: Annotated[MoneyInput | None, Field(validation_alias=COST_ALIASES)] = None
    weight_g: Weight | None = None

    @model_validator(mode="before")
    @classmethod
    def _weigh_in_grams(cls, body: object) -> object:
        if not isinstance(body, dict) or "weight" not in body or "weight_g" in body:
            return body
        said = {name: value for name, value in body.items() if name not in {"weight", "weight_unit"}}
        return {**said, "weight_g": _grams(body["weight"], body.get("weight_unit") or "kg")}


def _grams(weight: object, unit: object) -> int | None:
    if weight is None:
        return None
    try:
        grams = Decimal(str(weight)) * _GRAMS[str(unit).lower()]
        if 0 <= grams <= bounds.WEIGHT_G:
            return int(grams.to_integral_value())
    except (ArithmeticError, KeyError, ValueError):
        pass
    message = "a weight is a number from 0 to 100 tons, its unit one of: g, kg, oz, lb"
    raise PydanticCustomError("weight_invalid", message)


class VariantInput(Sellable):
    """A variant to add."""

    title: Title | None = None
    currency: Currency | None = None
    stock: Annotated[Stock | None, Field(validation_alias=STOCK_ALIASES)] = None
    options: Annotated[dict[OptionName, OptionValue], Field(max_length=bounds.OPTIONS)] = Field(default_factory=dict)
    attributes: Attributes = Field(default_factory=dict)
    image_url: Url | None = None


class VariantChange(Sellable):
    """The fields of a variant to change; what is absent stays."""

    title: Title | None = None
    stock: Annotated[Stock | None, Field(validation_alias=STOCK_ALIASES)] = None
    options: Annotated[dict[OptionName, OptionValue] | None, Field(max_length=bounds.OPTIONS)] = None
    attributes: Attributes | None = None
    image_url: Url | None = None
    position: Annotated[int | None, Field(ge=0, le=bounds.VARIANTS)] = None

    @model_validator(mode="after")
    def _keep_numbers(self) -> Self:
        _refuse_nulls(self, "position", "stock")
        return self


class ProductChange(Sellable):
    """The fields of a product to change; what is absent stays, null clears. `sku`, `gtin`, amounts, `weight_g` and
    `stock` are those of the main variant; `currency` is that of all variants.
    """

    title: Annotated[Title | None, Field(validation_alias=TITLE_ALIASES)] = None
    description: Description | None = None
    brand: Annotated[Brand | None, BeforeValidator(_none_if_blank), Field(validation_alias=BRAND_ALIASES)] = None
    category_id: UUID | None = None
    category: Annotated[CategoryPath | None, Field(description="Name or path; made when it does not exist.")] = None
    status: Status | None = None
    currency: Currency | None = None
    stock: Annotated[Stock | None, Field(validation_alias=STOCK_ALIASES)] = None
    attributes: Attributes | None = None
    tags: Tags | None = None
    options: Options | None = None
    images: Images | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.category_id is not None and self.category is not None:
            raise PydanticCustomError("contradiction", "give category_id or category, not both")
        _refuse_nulls(self, "title", "status", "currency", "stock")
        return self


class ProductCreate(ProductChange):
    """A product to make. Without `variants` its own fields make the one variant; with them `price`, `currency` and the
    other amounts are what variants without their own take.
    """

    title: Annotated[Title, Field(validation_alias=TITLE_ALIASES)]
    status: Literal["draft", "published"] = "draft"
    variants: Annotated[list[VariantInput], Field(max_length=bounds.VARIANTS)] = Field(default_factory=list)
    image_url: Annotated[Url | None, Field(description="The same as one entry of images.")] = None

    @model_validator(mode="after")
    def _agree_with_variants(self) -> Self:
        if self.variants:
            for name in ("sku", "gtin", "stock"):
                if getattr(self, name) is not None:
                    message = "with variants, give {name} on each of them"
                    raise PydanticCustomError("contradiction", message, {"name": name})
        combinations = [tuple(sorted(variant.options.items())) for variant in self.variants]
        if len(combinations) > 1 and len(set(combinations)) < len(combinations) and all(combinations):
            raise PydanticCustomError("options_taken", "two variants have the same options")
        return self


class RefusedRow(BaseModel):
    """A row of a bulk request that is no product; stands in its place so that the others can go on."""

    errors: tuple[FieldError, ...]


def _row_or_refusal(value: object, validate: Callable[[object], ProductCreate]) -> ProductCreate | RefusedRow:
    try:
        return validate(value)
    except ValidationError as wrong:
        return RefusedRow(
            errors=tuple(FieldError(error["loc"], error["msg"], error["type"]) for error in wrong.errors())
        )


Row = Annotated[ProductCreate, WrapValidator(_row_or_refusal)]


class BulkCreate(_Body):
    """Products to make in one request."""

    products: Annotated[
        list[Row], Field(min_length=1, max_length=bounds.BULK, validation_alias=AliasChoices("products", "items"))
    ]
    error_policy: Literal["reject_everything", "reject_failed_rows"] = "reject_everything"


class StatusMove(_Body):
    """Where a product shall go."""

    status: Status


class CategoryCreate(_Body):
    """A category to make; without a parent it is a root."""

    name: CategoryName
    parent_id: UUID | None = None
    position: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class CategoryChange(_Body):
    """The fields of a category to change; `parent_id: null` makes it a root."""

    name: CategoryName | None = None
    parent_id: UUID | None = None
    position: Annotated[int | None, Field(ge=0, le=1_000_000)] = None


class StockAdjustment(_Body):
    """A change of what is on hand: by so many, of the variant with this SKU or id."""

    sku: Sku | None = None
    variant_id: UUID | None = None
    delta: Annotated[int, Field(ge=-bounds.STOCK, le=bounds.STOCK, examples=[5, -1])]
    reason: Annotated[Trimmed, Field(min_length=1, max_length=500, examples=["counted"])]

    @model_validator(mode="after")
    def _one_variant(self) -> Self:
        if (self.sku is None) == (self.variant_id is None):
            raise PydanticCustomError("variant_unnamed", "name the variant by sku or by variant_id")
        if self.delta == 0:
            raise PydanticCustomError("delta_zero", "a delta of 0 changes nothing")
        return self
