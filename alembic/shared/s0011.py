"""Credentials of connections, sealed, with the lease under which tokens are renewed; whose account a connection opens;
and the consents that sellers have begun at a vendor.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.core.row_security import guard
from app.core.tenancy import RowScope

revision = "s0011"
down_revision = "s0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")
ZERO = sa.text("0")


def upgrade() -> None:
    op.add_column("connections", sa.Column("account_id", sa.Text()))
    op.add_column("connections", sa.Column("account_label", sa.Text()))
    op.create_index(
        "uq_connections_account",
        "connections",
        ["tenant_id", "vendor", "environment", "account_id"],
        unique=True,
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_table(
        "connection_secrets",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("refresh_expires_at", TIME),
        sa.Column("lease_until", TIME),
        sa.Column("lease_fence", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("updated_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("connection_id", name="pk_connection_secrets"),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name="fk_connection_secrets_connection_id_connections",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_connection_secrets_key_id", "connection_secrets", ["key_id", "connection_id"])
    op.create_table(
        "connection_consents",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("wanted", JSONB(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_connection_consents"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_connection_consents_tenant_id_tenants", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_connection_consents_tenant", "connection_consents", ["tenant_id", "created_at"])
    for table, system_grant in (("connection_secrets", "SELECT, UPDATE"), ("connection_consents", None)):
        for statement in guard(table, RowScope.TENANT, system_grant=system_grant):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("connection_consents")
    op.drop_table("connection_secrets")
    op.drop_index("uq_connections_account", "connections")
    op.drop_column("connections", "account_label")
    op.drop_column("connections", "account_id")
