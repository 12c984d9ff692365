"""Connections and the schedules of syncs."""

revision = "s0006"
down_revision = "s0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
