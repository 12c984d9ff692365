"""Accounts: users, identities, tenants, memberships, sessions, refresh tokens."""

import sqlalchemy as sa

from alembic import op
from app.core.row_security import READ_WRITE, guard
from app.core.tenancy import RowScope

revision = "s0002"
down_revision = "s0001"
branch_labels = None
depends_on = None

TABLES = ("users", "identities", "tenants", "memberships", "sessions", "refresh_tokens")


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    default = None if nullable else sa.func.now()
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _user_key() -> sa.Column[object]:
    return sa.Column("user_id", sa.Uuid(), nullable=False)


def _belongs_to(table: str, target: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{target.removesuffix('s')}_id_{target}"
    return sa.ForeignKeyConstraint([f"{target.removesuffix('s')}_id"], [f"{target}.id"], name=name, ondelete=ondelete)


def _create_people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.false(), nullable=False),
        _time("disabled_at", nullable=True),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("uq_users_email", "users", [sa.text("lower(email)")], unique=True)
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        _user_key(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("issuer", "subject", name="uq_identities_issuer_subject"),
        sa.CheckConstraint("kind IN ('password', 'supabase')", name="ck_identities_kind"),
        sa.CheckConstraint("(kind = 'password') = (password_hash IS NOT NULL)", name="ck_identities_password_hash"),
        _belongs_to("identities", "users"),
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"])


def _create_tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.CheckConstraint("status IN ('active', 'suspended')", name="ck_tenants_status"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="ck_tenants_currency"),
    )
    op.create_index("ix_tenants_revision", "tenants", ["revision"])
    op.create_table(
        "memberships",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        _user_key(),
        sa.Column("role", sa.Text(), nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_memberships"),
        sa.CheckConstraint("role IN ('owner', 'manager', 'operator', 'viewer')", name="ck_memberships_role"),
        _belongs_to("memberships", "tenants"),
        _belongs_to("memberships", "users"),
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        _user_key(),
        sa.Column("tenant_id", sa.BigInteger()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("ip", sa.Text()),
        _time("created_at"),
        _time("last_used_at"),
        _time("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        _belongs_to("sessions", "users"),
        _belongs_to("sessions", "tenants", ondelete="SET NULL"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        _user_key(),
        sa.Column("parent_hash", sa.LargeBinary()),
        _time("created_at"),
        _time("rotated_at", nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        _belongs_to("refresh_tokens", "sessions"),
        _belongs_to("refresh_tokens", "users"),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])


def upgrade() -> None:
    _create_people()
    _create_tenants()
    _create_sessions()
    # The application's role reads who its caller is and writes none of it, so no statement of a feature can make an
    # administrator, a member or a session. Secrets it cannot even read.
    own, whole = RowScope.USER, READ_WRITE
    statements = [
        *guard("users", own, column="id", app_grant="SELECT", system_grant=whole),
        *guard("identities", own, app_grant="", system_grant=whole),
        *guard("tenants", RowScope.TENANT, column="id", app_grant="SELECT", system_grant=whole),
        *guard("memberships", RowScope.TENANT, app_grant="SELECT", system_grant=whole),
        *guard("sessions", own, app_grant="SELECT", system_grant=whole),
        *guard("refresh_tokens", own, app_grant="", system_grant=whole),
    ]
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
