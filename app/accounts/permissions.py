"""What the roles of a tenant may do. Adding a permission is one line in each of the two tables; the platform's admin
flag is a thing apart (app/accounts/actor.py).
"""

from enum import StrEnum


class Role(StrEnum):
    """What a member is in a tenant."""

    OWNER = "owner"
    MANAGER = "manager"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Permission(StrEnum):
    """Something that a member of a tenant may do there."""

    PRODUCTS_READ = "products:read"
    PRODUCTS_WRITE = "products:write"
    INVENTORY_READ = "inventory:read"
    INVENTORY_WRITE = "inventory:write"
    IMPORTS_READ = "imports:read"
    IMPORTS_WRITE = "imports:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    SYNCS_READ = "syncs:read"
    SYNCS_WRITE = "syncs:write"
    SUPPLIERS_READ = "suppliers:read"
    SUPPLIERS_WRITE = "suppliers:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"


_VIEWER = frozenset(
    {
        Permission.PRODUCTS_READ,
        Permission.INVENTORY_READ,
        Permission.IMPORTS_READ,
        Permission.JOBS_READ,
        Permission.SYNCS_READ,
        Permission.SUPPLIERS_READ,
    }
)
_OPERATOR = _VIEWER | {
    Permission.PRODUCTS_WRITE,
    Permission.INVENTORY_WRITE,
    Permission.IMPORTS_WRITE,
    Permission.JOBS_WRITE,
    Permission.SYNCS_WRITE,
}
_MANAGER = _OPERATOR | {Permission.MEMBERS_READ, Permission.SUPPLIERS_WRITE}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.MANAGER: _MANAGER,
    Role.OWNER: frozenset(Permission),
}
