"""The tables of connections, in `public`: webhooks and workers find a tenant by one. Secrets stand apart from what is
shown.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, func, text
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
        Index(
            "uq_connections_account",
            *("tenant_id", "vendor", "environment", "account_id"),
            unique=True,
            postgresql_where=text("account_id IS NOT NULL"),
        ),
    )
    row_scope = RowScope.TENANT
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"))
    vendor: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    environment: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict[str, JsonValue]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    # Whose account it opens, as the vendor names it; a fingerprint of the secrets where it names none. None: made by
    # itself for the installation's own provider.
    account_id: Mapped[str | None] = mapped_column(Text)
    account_label: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=ConnectionStatus.CONNECTED.value)
    last_error_code: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    last_error_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_ok_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class ConnectionSecret(SharedBase):
    """The sealed credentials of a connection. `version` rises with all that is stored, so that who waits for new tokens
    sees them. Whoever renews them holds the lease; only the newest fence may store.
    """

    __tablename__ = "connection_secrets"
    __table_args__ = (Index("ix_connection_secrets_key_id", "key_id", "connection_id"),)
    row_scope = RowScope.TENANT
    system_access = True

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refresh_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lease_fence: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Consent(SharedBase):
    """A consent that a seller has begun at a vendor: which user of which tenant may end it, once, and what is to be
    connected then.
    """

    __tablename__ = "connection_consents"
    __table_args__ = (Index("ix_connection_consents_tenant", "tenant_id", "created_at"),)
    row_scope = RowScope.TENANT

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"))
    user_id: Mapped[UUID]
    vendor: Mapped[str] = mapped_column(Text)
    redirect_uri: Mapped[str] = mapped_column(Text)
    wanted: Mapped[dict[str, JsonValue]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
