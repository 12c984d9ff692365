"""The index of all tables: importing this module fills the two metadata objects that Alembic compares."""

from app.core import migrations
from app.core.database import SharedBase, TenantBase

SHARED_METADATA = SharedBase.metadata
TENANT_METADATA = TenantBase.metadata

__all__ = ["SHARED_METADATA", "TENANT_METADATA", "migrations"]
