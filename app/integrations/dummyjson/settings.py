"""Where the API is and where in its answers things are. The defaults are DummyJSON's; another product API has other
names.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from app.core.money import parse_currency

Paging = Literal["offset", "page", "none"]
ProductField = Literal[
    "id",
    "title",
    "description",
    "brand",
    "category",
    "tags",
    "url",
    "images",
    "sku",
    "gtin",
    "price",
    "compare_at_price",
    "cost",
    "currency",
    "stock",
    "availability",
    "weight_g",
]
Name = Annotated[str, StringConstraints(pattern=r"^[\w.\-\[\]]{1,60}$")]
Place = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{0,200}$")]

FIELDS: dict[ProductField, str] = {
    "id": "id",
    "title": "title",
    "description": "description",
    "brand": "brand",
    "category": "category",
    "tags": "tags",
    "images": "images",
    "sku": "sku",
    "gtin": "meta.barcode",
    "price": "price",
    "stock": "stock",
    "availability": "availabilityStatus",
}
# What has no field of ours. The documentation names no unit of weight, and does not say whether the price is before or
# after the discount: both stay as they are told.
ATTRIBUTES: dict[str, str] = {
    "Discount percentage": "discountPercentage",
    "Rating": "rating",
    "Weight": "weight",
    "Width": "dimensions.width",
    "Height": "dimensions.height",
    "Depth": "dimensions.depth",
    "Warranty": "warrantyInformation",
    "Shipping": "shippingInformation",
    "Return policy": "returnPolicy",
    "Minimum order quantity": "minimumOrderQuantity",
}


class ProductApi(BaseModel):
    """The settings of a connection. Places are dotted paths into the JSON (`meta.barcode`); empty is all of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Annotated[str, StringConstraints(pattern=r"^https?://\S{1,2000}$")] = Field(
        default="https://dummyjson.com", description="Address of the API, without the path of the list."
    )
    list_path: Annotated[str, StringConstraints(pattern=r"^/[^\s?#]{0,300}$")] = Field(
        default="/products", description="Path of the list of products."
    )
    items: Place = Field(default="products", description="Place of the products in an answer.")
    total: Place | None = Field(
        default="total", description="Place of the number of all products; null if answers do not say it."
    )
    paging: Paging = Field(default="offset", description="By number of goods skipped, by page number, or none.")
    offset_parameter: Name = Field(default="skip", description="Parameter of the goods to skip, or of the page.")
    first_page: int = Field(default=1, ge=0, le=1, description="Number of the first page, when paging by page.")
    limit_parameter: Name | None = Field(default="limit", description="Parameter of the goods per page; null: none.")
    page_size: int = Field(default=100, ge=1, le=1000, description="Goods asked for at once.")
    fields: dict[ProductField, Place] = Field(default=FIELDS, description="Our fields: where they are in a product.")
    attributes: dict[Annotated[str, StringConstraints(min_length=1, max_length=100)], Place] = Field(
        default=ATTRIBUTES, max_length=100, description="What else is kept: under which name, and where it is."
    )
    currency: Annotated[str, AfterValidator(parse_currency)] = Field(
        default="USD", description="Currency of prices where a product names none."
    )
    key_header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")] = Field(
        default="Authorization", description="Header that carries the key, if there is one."
    )
    key_prefix: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,20}$")] = Field(
        default="Bearer ", description="What stands before the key in that header."
    )

    @model_validator(mode="after")
    def _has_an_identity(self) -> Self:
        if not self.fields.get("id"):
            raise ValueError("fields: name the place of `id`; without it a product cannot be found again")
        return self


def sandbox_settings(sandbox_url: str) -> Mapping[str, JsonValue]:
    """The settings that lead to the sandbox, which speaks DummyJSON's protocol."""
    return {"base_url": f"{sandbox_url}/dummyjson"}
