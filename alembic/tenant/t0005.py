"""Pricing: the history of every variant's prices."""

revision = "t0005"
down_revision = "t0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
