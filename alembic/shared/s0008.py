"""Indexes behind two foreign keys: without them deleting a schedule read all jobs, and purging a job all slots."""

import sqlalchemy as sa

from alembic import op

revision = "s0008"
down_revision = "s0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_jobs_schedule", "jobs", ["schedule_id"], postgresql_where=sa.text("schedule_id IS NOT NULL"))
    op.create_index(
        "ix_schedule_slots_job", "schedule_slots", ["job_id"], postgresql_where=sa.text("job_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_schedule_slots_job", "schedule_slots")
    op.drop_index("ix_jobs_schedule", "jobs")
