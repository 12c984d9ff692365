"""Intake: single variants that a source does not name any more, although it names their product."""

import sqlalchemy as sa

from alembic import op

revision = "t0007"
down_revision = "t0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staged_withdrawn",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "product_id", "offer_id", name="pk_staged_withdrawn"),
    )


def downgrade() -> None:
    op.drop_table("staged_withdrawn")
