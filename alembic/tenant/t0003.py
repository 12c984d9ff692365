"""Intake: staging of an import, and the report of what became of its rows."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from alembic import op

revision = "t0003"
down_revision = "t0002"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 4)


def upgrade() -> None:
    op.create_table(
        "staged_products",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("fragment", sa.Boolean(), nullable=False),
        sa.Column("has_variants", sa.Boolean(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("matched_by", sa.Text()),
        sa.Column("sku", sa.Text()),
        sa.Column("title", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("brand", sa.Text()),
        sa.Column("category_id", sa.Uuid()),
        sa.Column("tags", ARRAY(sa.Text())),
        sa.Column("url", sa.Text()),
        sa.Column("status", sa.Text()),
        sa.Column("attributes", JSONB()),
        sa.Column("options", JSONB()),
        sa.Column("image_ids", ARRAY(sa.Uuid())),
        sa.Column("image_urls", ARRAY(sa.Text())),
        sa.Column("image_alts", ARRAY(sa.Text())),
        sa.PrimaryKeyConstraint("job_id", "line", name="pk_staged_products"),
    )
    op.create_index("ix_staged_products_external_id", "staged_products", ["job_id", "external_id", "line"])
    op.create_table(
        "staged_variants",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("product_line", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text()),
        sa.Column("gtin", sa.Text()),
        sa.Column("price", MONEY),
        sa.Column("compare_at_price", MONEY),
        sa.Column("cost", MONEY),
        sa.Column("currency", sa.Text()),
        sa.Column("stock", sa.Integer()),
        sa.Column("weight_g", sa.Integer()),
        sa.Column("image_url", sa.Text()),
        sa.Column("options", JSONB(), nullable=False),
        sa.Column("attributes", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "product_line", "position", name="pk_staged_variants"),
    )
    op.create_index("ix_staged_variants_external_id", "staged_variants", ["job_id", "external_id", "line"])
    op.create_table(
        "import_rows",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text()),
        sa.Column("product_id", sa.Uuid()),
        sa.Column("code", sa.Text()),
        sa.Column("message", sa.Text()),
        sa.Column("raw", JSONB()),
        sa.CheckConstraint(
            "action IN ('created', 'updated', 'unchanged', 'rejected', 'warning')",
            name=op.f("ck_import_rows_action_known"),
        ),
        sa.PrimaryKeyConstraint("job_id", "line", "number", name="pk_import_rows"),
    )


def downgrade() -> None:
    op.drop_table("import_rows")
    op.drop_table("staged_variants")
    op.drop_table("staged_products")
