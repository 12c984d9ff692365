"""The calls to the outside that an attempt of a job made, free of secrets; gone with their job."""

import sqlalchemy as sa

from alembic import op
from app.core.row_security import guard
from app.core.tenancy import RowScope

revision = "s0009"
down_revision = "s0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_calls"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_calls_job_id_jobs", ondelete="CASCADE"),
    )
    op.create_index("ix_job_calls_job", "job_calls", ["job_id", "id"])
    for statement in guard(
        "job_calls", RowScope.TENANT, app_grant="SELECT, INSERT", system_grant="SELECT, INSERT, DELETE"
    ):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("job_calls")
