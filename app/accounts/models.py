"""Tables of accounts, all in `public`: users, identities, tenants, memberships, sessions, refresh tokens.

Secrets (password hashes, refresh tokens) are readable by the system role only; the application's role sees its own
user's and its own tenant's rows.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy import (
    Identity as AutoNumber,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import SharedBase
from app.core.ids import new_id
from app.core.tenancy import RowScope


class User(SharedBase):
    """A person with an account."""

    __tablename__ = "users"
    row_scope = RowScope.USER
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    is_admin: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


Index("uq_users_email", func.lower(User.email), unique=True)


class Identity(SharedBase):
    """A way in which a user proves who they are; a password is one kind, a foreign issuer's token another."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("kind IN ('password', 'supabase')", name="kind"),
        CheckConstraint("(kind = 'password') = (password_hash IS NOT NULL)", name="password_hash"),
        Index(None, "user_id"),
    )
    row_scope = RowScope.USER
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Tenant(SharedBase):
    """A seller's workspace, owner of the schema `user_{id}`; `revision` is the migration that schema is at."""

    __tablename__ = "tenants"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'suspended')", name="status"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        Index(None, "revision"),
    )
    row_scope = RowScope.TENANT
    system_access = True

    id: Mapped[int] = mapped_column(BigInteger, AutoNumber(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="active", default="active")
    revision: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class Membership(SharedBase):
    """A user in a tenant, with a role."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'manager', 'operator', 'viewer')", name="role"),
        Index(None, "user_id"),
    )
    row_scope = RowScope.TENANT
    system_access = True

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class UserSession(SharedBase):
    """A login: the family of refresh tokens that began with it, and the tenant it acts in."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"),)
    row_scope = RowScope.USER
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenants.id", ondelete="SET NULL"))
    user_agent: Mapped[str | None] = mapped_column(Text)
    ip: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RefreshToken(SharedBase):
    """One token of a family, by its hash. `rotated_at` says when it was exchanged for its successor, which is derived
    from it (app/core/crypto.py) and therefore not kept.
    """

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "session_id"),)
    row_scope = RowScope.USER
    system_access = True

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    parent_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    rotated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
