"""The index of all tables: importing this module fills the two metadata objects that Alembic compares."""

from app.accounts import models as accounts
from app.connections import models as connections
from app.core import idempotency, migrations
from app.core.database import SharedBase, TenantBase
from app.intake import models as intake
from app.inventory import models as inventory
from app.jobs import models as jobs
from app.pricing import models as pricing
from app.products import models as products
from app.queue import models as queue
from app.scraping import models as scraping

SHARED_METADATA = SharedBase.metadata
TENANT_METADATA = TenantBase.metadata

__all__ = [
    "SHARED_METADATA",
    "TENANT_METADATA",
    "accounts",
    "connections",
    "idempotency",
    "intake",
    "inventory",
    "jobs",
    "migrations",
    "pricing",
    "products",
    "queue",
    "scraping",
]
