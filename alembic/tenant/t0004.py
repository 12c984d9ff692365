"""Intake: what an import changed, so that it can be previewed and taken back."""

revision = "t0004"
down_revision = "t0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
