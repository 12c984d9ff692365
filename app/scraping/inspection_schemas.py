"""What clients send to have a file inspected and what they read of it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.core.text import CleanStr
from app.products import bounds
from app.products.wire import Money
from app.scraping.schemas import Address, FileChoice


class InspectForm(FileChoice):
    """The fields that may stand beside a file that is inspected."""

    source: Annotated[
        CleanStr | None,
        Field(
            min_length=1,
            max_length=bounds.SOURCE_NAME,
            description="The feed that the file belongs to: a mapping that it remembers is tried.",
        ),
    ] = None


class InspectByUrl(InspectForm):
    """A file that lies at an address."""

    url: Address


class InspectedColumn(BaseModel):
    """One column: what it is taken for, and how sure that is."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    field: str | None = Field(description="Our field (GET /scraping/fields); null: not used, or kept as an attribute.")
    confidence: float = Field(description="1.0 the layout's own name or the mapping, 0.8 a synonym, 0.5 a guess.")
    decimal_mark: str | None = Field(description="How a column of numbers writes decimals.")
    samples: list[str] = Field(description="The first distinct values, shortened.")


class InspectedVariant(BaseModel):
    """A variant as it would come in."""

    model_config = ConfigDict(from_attributes=True)

    external_id: str
    sku: str | None
    gtin: str | None
    price: Money | None
    compare_at_price: Money | None
    cost: Money | None
    currency: str | None
    stock: int | None
    availability: str
    weight_g: int | None
    image_url: str | None
    options: dict[str, str]


class InspectedProduct(BaseModel):
    """A product, or the part of one that a row is (`is_part`), as it would come in."""

    external_id: str
    title: str | None
    description: str | None = Field(description="The first 500 characters.")
    brand: str | None
    category: list[str] = Field(description="The path from the root.")
    tags: list[str]
    url: str | None
    images: list[str]
    options: list[str] = Field(description="By what variants differ.")
    attributes: dict[str, JsonValue]
    status: str | None
    is_part: bool = Field(description="Whether other rows may belong to the same product.")
    variants: list[InspectedVariant]


class Rejection(BaseModel):
    """Why a row would be rejected, in words that end with the mend."""

    code: str
    message: str
    column: str | None


class FileWarning(BaseModel):
    """Something that the seller should know, about the file or one row."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    message: str


class InspectedRow(BaseModel):
    """A row of the file: its cells by column, and beside them the product or the rejection. Both are null for a row
    that is left out or folded into another.
    """

    line: int
    raw: dict[str, str]
    product: InspectedProduct | None
    rejection: Rejection | None
    warnings: list[FileWarning]


class SavedMapping(BaseModel):
    """A saved mapping that was made for files with the same columns."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    updated_at: datetime


class MappingUsed(BaseModel):
    """The saved mapping by which the file was looked at."""

    id: UUID
    name: str
    remembered: bool = Field(description="Whether the source remembered it, rather than the request naming it.")


class Inspection(BaseModel):
    """What a file is and what would become of it. Nothing was stored, and no job was started."""

    filename: str | None
    size: int = Field(description="Bytes of the whole file as it was sent.")
    compression: Literal["gzip", "zip"] | None = Field(description="How the file was packed.")
    looked_at_bytes: int = Field(description="Bytes that were looked at, of the unpacked file.")
    head_only: bool = Field(
        description="Whether only the beginning was looked at, because the file is large: what stands further down "
        "(another encoding, a quote that is never closed) is found by the import, or by its `dry_run`."
    )
    form: str = Field(description="The family of formats: delimited, xml, json …")
    layout: str = Field(description="shopify, woocommerce, google, crossdock (our own export), sheet …")
    encoding: str
    delimiter: str | None
    quoting: str | None
    header_line: int
    currencies: list[str] = Field(description="Named in the first rows.")
    default_currency: str = Field(
        description="Of prices that name none: the mapping's, else the one currency that the file names, else your own."
    )
    rows_estimate: int
    columns: list[InspectedColumn]
    mapping: dict[str, str] = Field(description="As it can be sent or saved: {column of the file: our field}.")
    mapping_used: MappingUsed | None
    saved_mappings: list[SavedMapping] = Field(description="Made for files with the same columns, newest first.")
    header_hash: str = Field(description="Stands for the set of columns; give it to a mapping that is saved.")
    warnings: list[FileWarning]
    rows: list[InspectedRow] = Field(description="The first ten.")
