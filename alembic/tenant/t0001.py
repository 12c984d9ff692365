"""The catalogue: categories, products, variants, images, sources, offers."""

revision = "t0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
