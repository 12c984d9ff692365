"""What the API answers about products, categories and stock, and the query parameters of the product list.

`Product` documents and tests the JSON that documents.py makes in PostgreSQL; bodies of requests are in inputs.py.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.core.pagination import PageQuery
from app.core.text import CleanStr
from app.products import bounds
from app.products.wire import Money, Timestamp

Status = Literal["draft", "published", "sold", "archived"]


class Offer(BaseModel):
    """The terms on which a source has a variant."""

    variant_id: UUID
    external_id: str
    cost: Money | None
    price: Money | None
    currency: str | None
    stock: int | None
    handling_days: int | None
    seen_at: Timestamp


class ProductSource(BaseModel):
    """Where a product comes from: its name at a source, and that source's offers for its variants."""

    source_id: UUID
    source: str
    external_id: str
    url: str | None
    offers: list[Offer]


class Option(BaseModel):
    """An axis along which variants differ, and its values in order."""

    name: str
    values: list[str]


class Image(BaseModel):
    """A picture by address."""

    id: UUID
    url: str
    alt: str | None
    position: int


class Variant(BaseModel):
    """What is bought and counted. `stock` is what can still be promised: on hand less reserved."""

    id: UUID
    position: int
    title: str | None
    sku: str | None
    gtin: str | None
    price: Money | None
    compare_at_price: Money | None
    cost: Money | None
    currency: str | None
    stock: int
    options: dict[str, str]
    attributes: dict[str, JsonValue]
    weight_g: int | None
    image_url: str | None


class VariantList(BaseModel):
    """All variants of a product."""

    items: list[Variant]


class ImageList(BaseModel):
    """All pictures of a product."""

    items: list[Image]


class Product(BaseModel):
    """A product. `sku`, `gtin` and the amounts are its main (first) variant's; `stock` adds up all variants."""

    id: UUID
    sku: str | None
    title: str
    description: str = Field(description="Sanitised HTML.")
    brand: str | None
    category_id: UUID | None
    status: Status
    archived_reason: str | None
    price: Money | None
    compare_at_price: Money | None
    cost: Money | None
    currency: str | None
    stock: int
    gtin: str | None
    attributes: dict[str, JsonValue]
    tags: list[str]
    options: list[Option]
    variants: list[Variant]
    images: list[Image]
    sources: list[ProductSource]
    locked_fields: list[str]
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class ProductPage(BaseModel):
    """One page of products; the counts come with page numbers or `include_total`."""

    items: list[Product]
    next_cursor: str | None
    page_size: int
    page: int | None = None
    total: int | None = None
    total_pages: int | None = None


class ProductFilter(BaseModel):
    """What products are chosen by; all given ones must hold."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    category_id: Annotated[UUID | None, Field(description="This category and all below it.")] = None
    category: Annotated[
        CleanStr | None, Field(max_length=bounds.CATEGORY_PATH, description="Name or path of a category.")
    ] = None
    brand: Annotated[CleanStr | None, Field(max_length=bounds.BRAND, description="Exactly, in any case.")] = None
    supplier_id: Annotated[UUID | None, Field(description="A source of goods, or the connection behind it.")] = None
    q: Annotated[
        CleanStr | None,
        Field(max_length=bounds.QUERY, description="Words of title, brand, SKU, GTIN, tags; the last may be begun."),
    ] = None
    sku: Annotated[CleanStr | None, Field(max_length=bounds.SKU, description="Of any variant, in any case.")] = None
    min_price: Annotated[Decimal | None, Field(ge=0, le=bounds.PRICE, allow_inf_nan=False)] = None
    max_price: Annotated[Decimal | None, Field(ge=0, le=bounds.PRICE, allow_inf_nan=False)] = None
    in_stock: bool | None = None
    tag: Annotated[CleanStr | None, Field(max_length=bounds.TAG)] = None
    updated_since: Annotated[datetime | None, Field(description="Changed at this time or later.")] = None


class ProductQuery(PageQuery, ProductFilter):
    """The product list: paging, order, and filters."""


class ExportQuery(ProductFilter):
    """What to export, and how to write it."""

    format: Annotated[
        Literal["csv", "ndjson"],
        Field(
            description="`csv` for people and spreadsheets; `ndjson`: a product per line, as the API answers it, "
            "for other programs. Only CSV can be imported again."
        ),
    ] = "csv"
    delimiter: Annotated[
        Literal["comma", "semicolon", "tab"] | None,
        Field(description="What parts the cells of the CSV; without it, what spreadsheets of your locale expect."),
    ] = None
    decimal_mark: Annotated[
        Literal["point", "comma"] | None,
        Field(description="How the CSV writes decimals; without it, as your locale does."),
    ] = None


class Deleted(BaseModel):
    """The answer of every DELETE."""

    id: UUID
    deleted: Literal[True] = True


class LockState(BaseModel):
    """Whether syncs and imports leave a field alone."""

    id: UUID
    field: str
    locked: bool


class Unlocked(Deleted):
    """The answer of unlocking a field of the product `id`."""

    field: str


class BulkRow(BaseModel):
    """What became of one row of a bulk request."""

    index: int
    status: Literal["created", "rejected"]
    id: UUID | None = None
    errors: list["BulkError"] = Field(default_factory=list)


class BulkError(BaseModel):
    """Why a row was rejected; `loc` is the path inside the row."""

    loc: list[str | int]
    message: str
    code: str


class BulkResult(BaseModel):
    """The answer of a bulk request, row by row in the order given."""

    created: int
    rejected: int
    results: list[BulkRow]


class Category(BaseModel):
    """A node of the seller's own tree. `path` is its names from the root."""

    id: UUID
    parent_id: UUID | None
    name: str
    slug: str
    path: str
    position: int
    created_at: Timestamp
    updated_at: Timestamp


class CategoryQuery(PageQuery):
    """Filters of the category list."""

    parent_id: Annotated[UUID | None, Field(description="Only those directly below this one.")] = None


class CategoryNode(Category):
    """A category with everything below it."""

    children: list["CategoryNode"] = Field(default_factory=list)


class CategoryTree(BaseModel):
    """The whole tree, roots first."""

    items: list[CategoryNode]


class StockAtLocation(BaseModel):
    """What stands on one location."""

    location_id: UUID
    location: str
    on_hand: int
    reserved: int
    available: int


class StockLevel(BaseModel):
    """The quantities of one variant; `available` is on hand less reserved."""

    variant_id: UUID
    product_id: UUID
    sku: str | None
    title: str
    on_hand: int
    reserved: int
    available: int
    locations: list[StockAtLocation]


class StockQuery(PageQuery):
    """Filters of the stock list."""

    sku: Annotated[CleanStr | None, Field(max_length=bounds.SKU, description="Exactly, in any case.")] = None


class StockEntry(BaseModel):
    """One change of a quantity. Reservations and releases move `reserved`, all other kinds `on_hand`."""

    sequence: int
    location_id: UUID
    kind: str
    quantity: int
    on_hand_after: int
    reserved_after: int
    reason: str | None
    user_id: UUID | None
    job_id: UUID | None
    order_id: UUID | None
    created_at: Timestamp
