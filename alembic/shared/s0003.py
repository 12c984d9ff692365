"""The queue: jobs, job events, outbox, schedules, stream tickets."""

revision = "s0003"
down_revision = "s0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
