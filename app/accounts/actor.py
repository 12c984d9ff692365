"""Who is asking: the proven caller of a request, passed to verbs as an argument."""

from dataclasses import dataclass
from uuid import UUID

from app.accounts.permissions import PERMISSIONS, Permission, Role
from app.core.tenancy import Scope


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, the tenant in which they act at present, and their role there; a shopper has neither tenant nor role."""

    user_id: UUID
    tenant_id: int | None
    role: Role | None
    is_admin: bool
    session_id: UUID | None
    email: str

    @property
    def scope(self) -> Scope:
        """The rows that this caller's transactions reach."""
        return Scope(tenant_id=self.tenant_id, user_id=self.user_id)

    def can(self, permission: Permission) -> bool:
        """Whether the caller's role in the present tenant includes a permission."""
        return self.role is not None and permission in PERMISSIONS[self.role]
