"""Accounts: users, identities, tenants, memberships, sessions, refresh tokens."""

revision = "s0002"
down_revision = "s0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
