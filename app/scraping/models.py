"""Tables of scraping: the mappings that sellers have saved, in the tenant's schema."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Integer, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import TenantBase

TIMESTAMP = DateTime(timezone=True)


class FeedMapping(TenantBase):
    """What the columns of a kind of file mean, under a name. A source that shall use it by itself names it in its
    settings (`mapping_id`). `header_hash` stands for the set of column names that it was made for.
    """

    __tablename__ = "feed_mappings"
    __table_args__ = (
        CheckConstraint("decimal_mark IN ('.', ',')", name="decimal_mark_known"),
        Index("uq_feed_mappings_name", func.lower(text("name")), unique=True),
        Index("ix_feed_mappings_header_hash", "header_hash"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    # Column of the file -> our field.
    columns: Mapped[dict[str, str]] = mapped_column(JSONB)
    default_currency: Mapped[str | None] = mapped_column(Text)
    decimal_mark: Mapped[str | None] = mapped_column(Text)
    format: Mapped[str | None] = mapped_column(Text)
    header_hash: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.now())
