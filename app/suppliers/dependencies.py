"""What routes of suppliers depend on: the caller with the right permission, their tenant, what is held open."""

from typing import Annotated

from fastapi import Depends

from app.accounts.actor import Actor
from app.accounts.dependencies import CurrentActor, require, use_resources
from app.accounts.errors import TenantRequired
from app.accounts.permissions import Permission
from app.core.resources import Resources

SupplierReader = Annotated[Actor, Depends(require(Permission.SUPPLIERS_READ))]
SupplierWriter = Annotated[Actor, Depends(require(Permission.SUPPLIERS_WRITE))]
SyncWriter = Annotated[Actor, Depends(require(Permission.SYNCS_WRITE))]
Held = Annotated[Resources, Depends(use_resources)]


async def get_tenant_id(actor: CurrentActor) -> int:
    """The tenant whose suppliers this request is about."""
    if actor.tenant_id is None:
        raise TenantRequired
    return actor.tenant_id


TenantId = Annotated[int, Depends(get_tenant_id)]
