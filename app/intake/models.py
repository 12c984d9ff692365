"""Staging and report of an import, in the tenant's schema. Staged rows go when they are applied; report rows stay."""

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, Numeric, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import TenantBase

MONEY = Numeric(18, 4)
OWN_ID = "own_id"
"""`matched_by` of goods that an export of ours names by our own id; staged so, proven when they are matched."""


class RowAction(StrEnum):
    """What became of a row of a source; a warning stands beside the action of its row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    ARCHIVED = "archived"
    WARNING = "warning"


class StagedProduct(TenantBase):
    """One product as the source gave it. `product_id` is a fresh id until a match replaces it and sets `matched_by`."""

    __tablename__ = "staged_products"
    __table_args__ = (Index("ix_staged_products_external_id", "job_id", "external_id", "line"),)

    job_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text)
    fragment: Mapped[bool]
    has_variants: Mapped[bool]
    product_id: Mapped[UUID] = mapped_column(Uuid)
    matched_by: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    brand: Mapped[str | None] = mapped_column(Text)
    # Becomes a category, and its id, when the product is written.
    category_path: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    category_id: Mapped[UUID | None] = mapped_column(Uuid)
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    url: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    options: Mapped[list[dict[str, object]] | None] = mapped_column(JSONB)
    image_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    image_urls: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    image_alts: Mapped[list[str] | None] = mapped_column(ARRAY(Text))


class StagedVariant(TenantBase):
    """One variant of a staged product; `product_line` is the line of the staged product that it belongs to."""

    __tablename__ = "staged_variants"
    __table_args__ = (Index("ix_staged_variants_external_id", "job_id", "external_id", "line"),)

    job_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    product_line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    # Distinct within the product: the variant's number in the whole file.
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(Text)
    variant_id: Mapped[UUID] = mapped_column(Uuid)
    matched: Mapped[bool]
    offer_id: Mapped[UUID] = mapped_column(Uuid)
    sku: Mapped[str | None] = mapped_column(Text)
    gtin: Mapped[str | None] = mapped_column(Text)
    price: Mapped[Decimal | None] = mapped_column(MONEY)
    compare_at_price: Mapped[Decimal | None] = mapped_column(MONEY)
    cost: Mapped[Decimal | None] = mapped_column(MONEY)
    currency: Mapped[str | None] = mapped_column(Text)
    stock: Mapped[int | None] = mapped_column(Integer)
    weight_g: Mapped[int | None] = mapped_column(Integer)
    image_url: Mapped[str | None] = mapped_column(Text)
    options: Mapped[dict[str, str]] = mapped_column(JSONB)
    attributes: Mapped[dict[str, str]] = mapped_column(JSONB)


class StagedVanished(TenantBase):
    """One product that its source knew and no longer names: found before anything is written, archived at the end."""

    __tablename__ = "staged_vanished"

    job_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text)


class StagedWithdrawn(TenantBase):
    """One offer of a variant that its source no longer names although it names the product: emptied at the end."""

    __tablename__ = "staged_withdrawn"

    job_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(Uuid)
    external_id: Mapped[str] = mapped_column(Text)


class ImportRow(TenantBase):
    """The report: what became of a row, and for a rejected one its cells, so that it can be corrected and sent
    again.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        CheckConstraint(f"action IN ({', '.join(repr(action.value) for action in RowAction)})", name="action_known"),
    )

    job_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    # Several things can be said of one line (a warning, two rejected variants of a wide sheet).
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    action: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    product_id: Mapped[UUID | None] = mapped_column(Uuid)
    code: Mapped[str | None] = mapped_column(Text)
    message: Mapped[str | None] = mapped_column(Text)
    raw: Mapped[dict[str, str] | None] = mapped_column(JSONB)
