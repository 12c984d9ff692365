"""Whose rows are in reach: scopes, names of tenant schemas, and the declared class of every shared table.

The only maker of qualified tenant names. Sessions apply a scope per transaction (app/core/database.py).
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

TEMPLATE_SCHEMA = "template_tenant"
MAX_TENANT_ID = 2**63 - 1


class RowScope(StrEnum):
    """Who may see the rows of a shared table; declared on the model, proven by a catalogue test."""

    PLATFORM = "platform"  # no tenant column; grants only
    TENANT = "tenant"  # policy on app.tenant_id
    USER = "user"  # policy on app.user_id


@dataclass(frozen=True, slots=True)
class Scope:
    """The tenant and the user in whose name a transaction runs. Empty = reaches no tenant's and no user's rows."""

    tenant_id: int | None = None
    user_id: UUID | None = None

    @property
    def search_path(self) -> str:
        return "public" if self.tenant_id is None else f"{schema_name(self.tenant_id)}, public"


NO_SCOPE = Scope()


def schema_name(tenant_id: int) -> str:
    """The schema of a tenant, built from a checked integer and from nothing else."""
    if type(tenant_id) is not int or not 0 < tenant_id <= MAX_TENANT_ID:
        raise ValueError(f"not a tenant id: {tenant_id!r}")
    return f"user_{tenant_id}"


def table(tenant_id: int, name: str) -> str:
    """The qualified name of a tenant's table, for the hot reads that name the schema instead of switching to it."""
    if not name.isidentifier():
        raise ValueError(f"not a table name: {name!r}")
    return f'"{schema_name(tenant_id)}"."{name}"'
