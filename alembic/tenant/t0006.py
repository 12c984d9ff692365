"""Scraping: mappings that sellers have saved."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "t0006"
down_revision = "t0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_mappings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("columns", JSONB(), nullable=False),
        sa.Column("default_currency", sa.Text()),
        sa.Column("decimal_mark", sa.Text()),
        sa.Column("format", sa.Text()),
        sa.Column("header_hash", sa.Text()),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("decimal_mark IN ('.', ',')", name=op.f("ck_feed_mappings_decimal_mark_known")),
        sa.PrimaryKeyConstraint("id", name="pk_feed_mappings"),
    )
    op.create_index("uq_feed_mappings_name", "feed_mappings", [sa.text("lower(name)")], unique=True)
    op.create_index("ix_feed_mappings_header_hash", "feed_mappings", ["header_hash"])


def downgrade() -> None:
    op.drop_table("feed_mappings")
