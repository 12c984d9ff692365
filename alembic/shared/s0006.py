"""Connections, and what schedules of syncs need: a name, a start that is spread, and a job's connection by index."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.core.row_security import guard
from app.core.tenancy import RowScope

revision = "s0006"
down_revision = "s0005"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("settings", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("status", sa.Text(), server_default="connected", nullable=False),
        sa.Column("last_error_code", sa.Text()),
        sa.Column("last_error", sa.Text()),
        sa.Column("last_error_at", TIME),
        sa.Column("last_ok_at", TIME),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("updated_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_connections"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_connections_tenant_id_tenants", ondelete="CASCADE"
        ),
        sa.CheckConstraint("environment IN ('sandbox', 'live')", name="ck_connections_environment"),
        sa.CheckConstraint("status IN ('connected', 'needs_reauth', 'paused', 'failed')", name="ck_connections_status"),
    )
    op.create_index("uq_connections_name", "connections", ["tenant_id", sa.text("lower(name)")], unique=True)
    op.create_index("ix_connections_tenant", "connections", ["tenant_id", "created_at", "id"])
    for statement in guard("connections", RowScope.TENANT, system_grant="SELECT"):
        op.execute(statement)
    op.add_column("schedules", sa.Column("name", sa.Text()))
    op.add_column("schedules", sa.Column("jitter_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_check_constraint("ck_schedules_jitter_seconds", "schedules", "jitter_seconds >= 0")
    op.create_index(
        "uq_schedules_name",
        "schedules",
        ["tenant_id", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("name IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_connection",
        "jobs",
        ["tenant_id", sa.text("(params ->> 'connection_id')"), "created_at", "id"],
        postgresql_where=sa.text("(params ->> 'connection_id') IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_connection", "jobs")
    op.drop_index("uq_schedules_name", "schedules")
    op.drop_column("schedules", "jitter_seconds")
    op.drop_column("schedules", "name")
    op.drop_table("connections")
