"""Pricing: the history of every variant's prices."""

import sqlalchemy as sa

from alembic import op
from app.core.config import get_settings

revision = "t0005"
down_revision = "t0004"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 4)


def upgrade() -> None:
    op.create_table(
        "price_changes",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("job_id", sa.Uuid()),
        sa.Column("price_before", MONEY),
        sa.Column("price_after", MONEY),
        sa.Column("compare_at_price_before", MONEY),
        sa.Column("compare_at_price_after", MONEY),
        sa.Column("cost_before", MONEY),
        sa.Column("cost_after", MONEY),
        sa.Column("currency_before", sa.Text()),
        sa.Column("currency_after", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("variant_id", "number", name="pk_price_changes"),
    )
    # What a price was is never rewritten: the roles that serve requests and jobs may only add and read.
    settings = get_settings()
    for role in (settings.database_role_app, settings.database_role_system):
        op.execute(f'REVOKE UPDATE, DELETE ON price_changes FROM "{role}"')
    op.execute("""
        CREATE TRIGGER record_first_prices AFTER INSERT ON variants
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.record_price_changes()
    """)
    op.execute("""
        CREATE TRIGGER record_price_changes AFTER UPDATE ON variants
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION public.record_price_changes()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER record_price_changes ON variants")
    op.execute("DROP TRIGGER record_first_prices ON variants")
    op.drop_table("price_changes")
