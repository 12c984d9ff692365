"""The table of connections, in `public`: webhooks and workers find a tenant by one."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import SharedBase
from app.core.ids import new_id
from app.core.tenancy import RowScope


class Environment(StrEnum):
    """Whether a connection leads to the sandbox or to the vendor itself."""

    SANDBOX = "sandbox"
    LIVE = "live"


class ConnectionStatus(StrEnum):
    """How a connection is: `needs_reauth` waits for new credentials, `failed` for somebody to look."""

    CONNECTED = "connected"
    NEEDS_REAUTH = "needs_reauth"
    PAUSED = "paused"
    FAILED = "failed"


def _one_of(column: str, names: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(name.value) for name in names)})"


class Connection(SharedBase):
    """A tenant's link to a vendor. `settings` are the vendor's own, without secrets."""

    __tablename__ = "connections"
    __table_args__ = (
        CheckConstraint(_one_of("environment", Environment), name="environment"),
        CheckConstraint(_one_of("status", ConnectionStatus), name="status"),
        Index("uq_connections_name", "tenant_id", func.lower(text("name")), unique=True),
        Index("ix_connections_tenant", "tenant_id", "created_at", "id"),
    )
    row_scope = RowScope.TENANT
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"))
    vendor: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    environment: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict[str, JsonValue]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    status: Mapped[str] = mapped_column(Text, server_default=ConnectionStatus.CONNECTED.value)
    last_error_code: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    last_error_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_ok_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )
