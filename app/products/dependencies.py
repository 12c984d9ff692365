"""What routes of products depend on: the caller with the right permission, and the state that they mean to change."""

from functools import partial
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from app.accounts.actor import Actor
from app.accounts.dependencies import CurrentActor, get_resources, require
from app.accounts.errors import TenantRequired
from app.accounts.permissions import Permission
from app.core.database import Database
from app.core.etag import check_if_match
from app.products.rows import CheckState

ProductReader = Annotated[Actor, Depends(require(Permission.PRODUCTS_READ))]
ProductWriter = Annotated[Actor, Depends(require(Permission.PRODUCTS_WRITE))]
StockReader = Annotated[Actor, Depends(require(Permission.INVENTORY_READ))]
StockWriter = Annotated[Actor, Depends(require(Permission.INVENTORY_WRITE))]

Lock = Annotated[bool, Query(description="Lock the changed fields against imports and syncs.")]


async def get_tenant_id(actor: CurrentActor) -> int:
    """The tenant whose catalogue this request is about."""
    if actor.tenant_id is None:
        raise TenantRequired
    return actor.tenant_id


async def get_database(request: Request) -> Database:
    """The application's pool, for reads without a transaction."""
    return get_resources(request).database


async def find_state_check(
    request: Request,
    if_match: Annotated[
        str | None, Header(description="The ETag of the state that you mean to change; 412 when it has changed since.")
    ] = None,
) -> CheckState | None:
    """The check of If-Match, or None for a write that is not guarded."""
    return None if if_match is None else partial(check_if_match, request)


TenantId = Annotated[int, Depends(get_tenant_id)]
ReadDatabase = Annotated[Database, Depends(get_database)]
MeantState = Annotated[CheckState | None, Depends(find_state_check)]
