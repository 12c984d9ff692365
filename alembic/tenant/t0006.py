"""Scraping: mappings that sellers have saved."""

revision = "t0006"
down_revision = "t0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
