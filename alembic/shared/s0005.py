"""Pricing: how price changes are recorded."""

revision = "s0005"
down_revision = "s0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
