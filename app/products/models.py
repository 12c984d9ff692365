"""Tables of the catalogue. A product's `sku`, `gtin`, prices and `codes` repeat its variants (summary.py keeps them) so
that lists filter and sort on one table; quantities stand in app/inventory.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import TenantBase
from app.products import bounds

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]

MONEY = Numeric(18, 4)
TIMESTAMP = DateTime(timezone=True)
NO_TEXTS = text("'{}'::text[]")
STATUSES = ("draft", "published", "sold", "archived")
SOURCE_KINDS = ("upload", "feed", "connection")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Source(TenantBase):
    """Where goods come from: the tenant's uploads, a named feed, or a connection. Imports of one source take turns by
    its lease.
    """

    __tablename__ = "sources"
    __table_args__ = (
        CheckConstraint(_one_of("kind", SOURCE_KINDS), name="kind_known"),
        Index("uq_sources_name", func.lower(text("name")), unique=True),
        Index("uq_sources_connection_id", "connection_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    connection_id: Mapped[UUID | None] = mapped_column(Uuid)
    settings: Mapped[dict[str, JsonValue]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    lease_job_id: Mapped[UUID | None] = mapped_column(Uuid)
    lease_until: Mapped[datetime | None] = mapped_column(TIMESTAMP)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())


class Category(TenantBase):
    """A node of the seller's own tree. `path` is its names from the root (`Home > Garden`) and follows renames;
    `external_path` is what feeds call it and stays.
    """

    __tablename__ = "categories"
    __table_args__ = (
        Index(
            "uq_categories_parent_id_name",
            "parent_id",
            func.lower(text("name")),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_categories_path", func.lower(text("path"))),
        Index("uq_categories_external_path", func.lower(text("external_path")), unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("categories.id"))
    name: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    external_path: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())


_ALIVE = text("deleted_at IS NULL")


class Product(TenantBase):
    """What a seller sells. The first variant by position is the main one; a grouped product of a feed has none, and so
    nothing of it can be sold.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint(_one_of("status", STATUSES), name="status_known"),
        CheckConstraint(f"char_length(title) BETWEEN 1 AND {bounds.TITLE}", name="title_length"),
        CheckConstraint("price >= 0", name="price_not_negative"),
        Index("ix_products_created_at", "created_at", "id", postgresql_where=_ALIVE),
        Index("ix_products_updated_at", "updated_at", "id", postgresql_where=_ALIVE),
        Index("ix_products_status", "status", "created_at", "id", postgresql_where=_ALIVE),
        Index("ix_products_price", "price", "id", postgresql_where=_ALIVE),
        Index("ix_products_title", func.lower(text("title")), "id", postgresql_where=_ALIVE),
        Index("ix_products_sku", "sku", "id", postgresql_where=_ALIVE),
        Index("ix_products_brand", func.lower(text("brand")), "created_at", "id", postgresql_where=_ALIVE),
        Index("ix_products_category_id", "category_id", "created_at", "id", postgresql_where=_ALIVE),
        Index("ix_products_search", "search", "tags", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    # Whose content this is; None = made by hand. Other sources of the same goods only add offers.
    source_id: Mapped[UUID | None] = mapped_column(ForeignKey("sources.id"))
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey("categories.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(Text, server_default="draft")
    archived_reason: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default="")
    brand: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=NO_TEXTS)
    attributes: Mapped[dict[str, JsonValue]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    options: Mapped[list[JsonValue]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    # A SKU of the product itself beside those of its variants (WooCommerce's variable products, grouped ones).
    own_sku: Mapped[str | None] = mapped_column(Text)
    # Copies of the main variant; `sku` is the product's own where it has one.
    sku: Mapped[str | None] = mapped_column(Text)
    gtin: Mapped[str | None] = mapped_column(Text)
    price: Mapped[Decimal | None] = mapped_column(MONEY)
    compare_at_price: Mapped[Decimal | None] = mapped_column(MONEY)
    cost: Mapped[Decimal | None] = mapped_column(MONEY)
    currency: Mapped[str | None] = mapped_column(Text)
    # SKUs and GTINs of all variants, for search.
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=NO_TEXTS)
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("public.search_document(title, brand, tags, codes)", persisted=True)
    )
    locked_fields: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=NO_TEXTS)
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    # What the product was before its source dropped it: it comes back as that when the source names it again.
    former_status: Mapped[str | None] = mapped_column(Text)
    # How many versions were taken back by undoing: as many as `version` counts too much for "unchanged since".
    undone_steps: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(TIMESTAMP)


class Variant(TenantBase):
    """What is bought and counted. Its identity in its product's source is `external_id`; a SKU is unique inside a
    source, goods made by hand being one.
    """

    __tablename__ = "variants"
    __table_args__ = (
        CheckConstraint("price >= 0 AND compare_at_price >= 0 AND cost >= 0", name="money_not_negative"),
        Index("ix_variants_product_id", "product_id", "position", postgresql_where=_ALIVE),
        # The SKU leads, so that the same index answers "which variant is this SKU".
        Index(
            "uq_variants_sku",
            func.lower(text("sku")),
            "source_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("sku IS NOT NULL AND deleted_at IS NULL"),
        ),
        Index(
            "uq_variants_external_id",
            "source_id",
            "external_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("external_id IS NOT NULL AND deleted_at IS NULL"),
        ),
        # GTIN-8, -12, -13 and -14 of the same goods differ only in leading zeros.
        Index(
            "ix_variants_gtin",
            func.lpad(text("gtin"), text("14"), text("'0'::text")),
            postgresql_where=text("gtin IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    # Repeats products.source_id, for the unique keys above.
    source_id: Mapped[UUID | None] = mapped_column(Uuid)
    external_id: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer, server_default="0")
    title: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    gtin: Mapped[str | None] = mapped_column(Text)
    price: Mapped[Decimal | None] = mapped_column(MONEY)
    compare_at_price: Mapped[Decimal | None] = mapped_column(MONEY)
    cost: Mapped[Decimal | None] = mapped_column(MONEY)
    currency: Mapped[str | None] = mapped_column(Text)
    # Option name -> value, in the order of the product's options.
    options: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    attributes: Mapped[dict[str, JsonValue]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    weight_g: Mapped[int | None] = mapped_column(Integer)
    image_url: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
    # Set with the product's own deleted_at when the whole product goes, so that a restore brings back the same ones.
    deleted_at: Mapped[datetime | None] = mapped_column(TIMESTAMP)


class ProductImage(TenantBase):
    """A picture of a product by address; the same address stands once."""

    __tablename__ = "product_images"
    __table_args__ = (Index("uq_product_images_url", "product_id", func.md5(text("url")), unique=True),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(Text)
    alt: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())


class SourceProduct(TenantBase):
    """The identity of goods: what a source calls a product of ours, and what it said about it last."""

    __tablename__ = "source_products"
    __table_args__ = (Index("ix_source_products_product_id", "product_id"),)

    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    url: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_import_id: Mapped[UUID | None] = mapped_column(Uuid)
    seen_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())


class Offer(TenantBase):
    """The terms on which a source has a variant: cost, stock, handling time, and when we last heard."""

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint("price >= 0 AND cost >= 0", name="money_not_negative"),
        Index("uq_offers_external_id", "source_id", "external_id", unique=True),
        Index("ix_offers_variant_id", "variant_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str] = mapped_column(Text)
    cost: Mapped[Decimal | None] = mapped_column(MONEY)
    price: Mapped[Decimal | None] = mapped_column(MONEY)
    currency: Mapped[str | None] = mapped_column(Text)
    stock: Mapped[int | None] = mapped_column(Integer)
    handling_days: Mapped[int | None] = mapped_column(Integer)
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    seen_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
