"""Intake: what a job changed, so that it can be previewed and taken back; vanished goods; categories made when they are
written.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from alembic import op

revision = "t0004"
down_revision = "t0003"
branch_labels = None
depends_on = None

UPDATED = ("products", "variants", "offers", "product_images", "source_products")
# Set by app.jobs.changes for the transactions of a bulk change; for all others the functions are not even called.
WHEN_RECORDING = "WHEN (current_setting('app.changes_of', true) <> '')"
BEFORE = ("created", "updated", "unchanged", "rejected", "warning")
ROW_ACTIONS = ("created", "updated", "unchanged", "rejected", "archived", "warning")


def _make_changes() -> None:
    op.create_table(
        "job_changes",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), server_default="", nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", JSONB()),
        sa.Column("after", JSONB()),
        sa.Column("code", sa.Text()),
        sa.Column("message", sa.Text()),
        sa.Column("undone", sa.Text()),
        sa.CheckConstraint(
            "kind IN ('product', 'variant', 'offer', 'image', 'identity', 'stock', 'category')",
            name="ck_job_changes_kind_known",
        ),
        sa.CheckConstraint(
            "action IN ('created', 'updated', 'removed', 'refused')", name="ck_job_changes_action_known"
        ),
        sa.CheckConstraint("undone IN ('restored', 'kept')", name="ck_job_changes_undone_known"),
        sa.PrimaryKeyConstraint("job_id", "product_id", "kind", "entity_id", "field", name="pk_job_changes"),
    )
    for table in UPDATED:
        op.execute(
            f"CREATE TRIGGER record_updates AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows"
            f" NEW TABLE AS new_rows FOR EACH STATEMENT {WHEN_RECORDING}"
            f" EXECUTE FUNCTION public.record_{table}_updates()"
        )
    op.execute(
        "CREATE TRIGGER record_removals AFTER DELETE ON product_images REFERENCING OLD TABLE AS old_rows"
        f" FOR EACH STATEMENT {WHEN_RECORDING} EXECUTE FUNCTION public.record_product_images_removals()"
    )
    op.execute(
        "CREATE TRIGGER record_created AFTER INSERT ON categories REFERENCING NEW TABLE AS new_rows"
        f" FOR EACH STATEMENT {WHEN_RECORDING} EXECUTE FUNCTION public.record_categories_created()"
    )


def _one_of(actions: tuple[str, ...]) -> str:
    return f"action IN ({', '.join(repr(action) for action in actions)})"


def upgrade() -> None:
    _make_changes()
    op.create_table(
        "staged_vanished",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "product_id", name="pk_staged_vanished"),
    )
    op.add_column("staged_products", sa.Column("category_path", ARRAY(sa.Text())))
    op.add_column("products", sa.Column("former_status", sa.Text()))
    op.add_column("products", sa.Column("undone_steps", sa.Integer(), server_default="0", nullable=False))
    op.drop_constraint("ck_import_rows_action_known", "import_rows")
    op.create_check_constraint(op.f("ck_import_rows_action_known"), "import_rows", _one_of(ROW_ACTIONS))


def downgrade() -> None:
    op.drop_constraint("ck_import_rows_action_known", "import_rows")
    op.create_check_constraint(op.f("ck_import_rows_action_known"), "import_rows", _one_of(BEFORE))
    op.drop_column("products", "undone_steps")
    op.drop_column("products", "former_status")
    op.drop_column("staged_products", "category_path")
    op.drop_table("staged_vanished")
    op.execute("DROP TRIGGER record_created ON categories")
    op.execute("DROP TRIGGER record_removals ON product_images")
    for table in UPDATED:
        op.execute(f"DROP TRIGGER record_updates ON {table}")
    op.drop_table("job_changes")
