"""The table of the price history. Variants are named by id only, without a foreign key."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Numeric, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import TenantBase

MONEY = Numeric(18, 4)


class PriceChange(TenantBase):
    """One change of what a variant costs, written by a trigger on variants whoever changes them, and never altered
    afterwards: the application's role may only insert and read. The first prices of a new variant have no `before`.

    `cause` is `edited` when a person changed the variant itself, else the kind of the job that did. Numbered by the
    database, since the database writes it.
    """

    __tablename__ = "price_changes"

    variant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    cause: Mapped[str] = mapped_column(Text)
    user_id: Mapped[UUID | None] = mapped_column(Uuid)
    job_id: Mapped[UUID | None] = mapped_column(Uuid)
    price_before: Mapped[Decimal | None] = mapped_column(MONEY)
    price_after: Mapped[Decimal | None] = mapped_column(MONEY)
    compare_at_price_before: Mapped[Decimal | None] = mapped_column(MONEY)
    compare_at_price_after: Mapped[Decimal | None] = mapped_column(MONEY)
    cost_before: Mapped[Decimal | None] = mapped_column(MONEY)
    cost_after: Mapped[Decimal | None] = mapped_column(MONEY)
    currency_before: Mapped[str | None] = mapped_column(Text)
    currency_after: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
