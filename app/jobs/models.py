"""What jobs changed, in the tenant's schema: one row per field or whole thing, shown to people and used by an undo."""

from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import CheckConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import TenantBase

# Stands in the key where a change belongs to no product.
NO_PRODUCT = UUID(int=0)


class ChangeKind(StrEnum):
    """What kind of thing was changed."""

    PRODUCT = "product"
    VARIANT = "variant"
    OFFER = "offer"
    IMAGE = "image"
    IDENTITY = "identity"
    STOCK = "stock"
    CATEGORY = "category"


class ChangeAction(StrEnum):
    """What was done to it; `refused` was not done, and says why."""

    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    REFUSED = "refused"


class Undone(StrEnum):
    """What an undo made of a change: taken back, or kept for a reason."""

    RESTORED = "restored"
    KEPT = "kept"


def _one_of(column: str, names: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(name.value) for name in names)})"


class JobChange(TenantBase):
    """Before and after of one field (`field` is empty for a whole thing). Updates are written by triggers, see
    changes.record; a field changed twice by one job keeps its first `before` and its last `after`.
    """

    __tablename__ = "job_changes"
    __table_args__ = (
        CheckConstraint(_one_of("kind", ChangeKind), name="kind_known"),
        CheckConstraint(_one_of("action", ChangeAction), name="action_known"),
        CheckConstraint(_one_of("undone", Undone), name="undone_known"),
    )

    job_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    field: Mapped[str] = mapped_column(Text, primary_key=True, server_default="")
    action: Mapped[str] = mapped_column(Text)
    before: Mapped[JsonValue] = mapped_column(JSONB(none_as_null=True), nullable=True)
    after: Mapped[JsonValue] = mapped_column(JSONB(none_as_null=True), nullable=True)
    # Why it was refused, or kept by the undo.
    code: Mapped[str | None] = mapped_column(Text)
    message: Mapped[str | None] = mapped_column(Text)
    undone: Mapped[str | None] = mapped_column(Text)
