"""Tables of the stock ledger: locations, entries, balances. Variants are named by id only, without a foreign key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, Uuid, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import TenantBase

# Every tenant's schema holds this row from its first moment, so no verb has to look its id up.
OWN_LOCATION = UUID("00000000-0000-7000-8000-000000000001")

# What an entry's quantity moves: goods on the shelf, or promises on them.
ON_HAND_KINDS = ("receipt", "adjustment", "sale", "return", "sync_correction")
RESERVED_KINDS = ("reservation", "release")
ENTRY_KINDS = ON_HAND_KINDS + RESERVED_KINDS
_KIND_LIST = ", ".join(f"'{kind}'" for kind in ENTRY_KINDS)


class StockLocation(TenantBase):
    """A place that holds goods: the seller's own stock, or a supplier's warehouse behind a connection."""

    __tablename__ = "stock_locations"
    __table_args__ = (
        CheckConstraint("kind IN ('own', 'supplier')", name="kind_known"),
        Index("uq_stock_locations_name", func.lower(text("name")), unique=True),
        Index("uq_stock_locations_connection_id", "connection_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, server_default="own")
    name: Mapped[str] = mapped_column(Text)
    connection_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class StockBalance(TenantBase):
    """What stands on one location of one variant: the sum of its entries. `version` counts them."""

    __tablename__ = "stock_balances"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
    )

    variant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    location_id: Mapped[UUID] = mapped_column(ForeignKey("stock_locations.id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(Integer, server_default="0")
    reserved: Mapped[int] = mapped_column(Integer, server_default="0")
    # What the latest entry moved: lets one statement change the balance and write its entry exactly.
    last_change: Mapped[int] = mapped_column(Integer, server_default="0")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class StockEntry(TenantBase):
    """One change of one balance, never altered afterwards: the application's role may only insert and read.

    `sequence` is the balance's version after the change, which makes the key and leaves no gap.
    """

    __tablename__ = "stock_entries"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KIND_LIST})", name="kind_known"),
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
    )

    variant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    location_id: Mapped[UUID] = mapped_column(ForeignKey("stock_locations.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    on_hand_after: Mapped[int] = mapped_column(Integer)
    reserved_after: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    job_id: Mapped[UUID | None] = mapped_column(Uuid)
    user_id: Mapped[UUID | None] = mapped_column(Uuid)
    order_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
