"""The stock ledger: locations, entries, balances."""

import sqlalchemy as sa

from alembic import op
from app.core.config import get_settings

revision = "t0002"
down_revision = "t0001"
branch_labels = None
depends_on = None


# app.inventory.models.OWN_LOCATION
OWN_LOCATION = "00000000-0000-7000-8000-000000000001"


def upgrade() -> None:
    op.create_table(
        "stock_locations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="own", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('own', 'supplier')", name="ck_stock_locations_kind_known"),
        sa.PrimaryKeyConstraint("id", name="pk_stock_locations"),
    )
    op.create_index("uq_stock_locations_connection_id", "stock_locations", ["connection_id"], unique=True)
    op.create_index("uq_stock_locations_name", "stock_locations", [sa.literal_column("lower(name)")], unique=True)
    op.create_table(
        "stock_balances",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("on_hand", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reserved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_change", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("on_hand >= 0", name="ck_stock_balances_on_hand_not_negative"),
        sa.CheckConstraint("reserved >= 0", name="ck_stock_balances_reserved_not_negative"),
        sa.ForeignKeyConstraint(
            ["location_id"], ["stock_locations.id"], name="fk_stock_balances_location_id_stock_locations"
        ),
        sa.PrimaryKeyConstraint("variant_id", "location_id", name="pk_stock_balances"),
    )
    op.create_table(
        "stock_entries",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("on_hand_after", sa.Integer(), nullable=False),
        sa.Column("reserved_after", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('receipt', 'adjustment', 'sale', 'return', 'sync_correction', 'reservation', 'release')",
            name="ck_stock_entries_kind_known",
        ),
        sa.CheckConstraint("quantity <> 0", name="ck_stock_entries_quantity_not_zero"),
        sa.ForeignKeyConstraint(
            ["location_id"], ["stock_locations.id"], name="fk_stock_entries_location_id_stock_locations"
        ),
        sa.PrimaryKeyConstraint("variant_id", "location_id", "sequence", name="pk_stock_entries"),
    )
    op.execute(f"INSERT INTO stock_locations (id, kind, name) VALUES ('{OWN_LOCATION}', 'own', 'Own stock')")
    # What happened to a quantity is never rewritten: the roles that serve requests and jobs may only add and read.
    settings = get_settings()
    for role in (settings.database_role_app, settings.database_role_system):
        op.execute(f'REVOKE UPDATE, DELETE ON stock_entries FROM "{role}"')


def downgrade() -> None:
    for table in ("stock_entries", "stock_balances", "stock_locations"):
        op.drop_table(table)
