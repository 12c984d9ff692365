"""What routes of syncs depend on: the caller with the right permission, their tenant, the installation's settings."""

from typing import Annotated

from fastapi import Depends

from app.accounts.actor import Actor
from app.accounts.dependencies import CurrentActor, require, use_resources
from app.accounts.errors import TenantRequired
from app.accounts.permissions import Permission
from app.core.resources import Resources

SyncReader = Annotated[Actor, Depends(require(Permission.SYNCS_READ))]
SyncWriter = Annotated[Actor, Depends(require(Permission.SYNCS_WRITE))]
Held = Annotated[Resources, Depends(use_resources)]


async def get_tenant_id(actor: CurrentActor) -> int:
    """The tenant whose connections this request is about."""
    if actor.tenant_id is None:
        raise TenantRequired
    return actor.tenant_id


TenantId = Annotated[int, Depends(get_tenant_id)]
