"""Routes under /scraping/sources: where goods come from, and what their imports may do without asking."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.accounts.actor import Actor
from app.accounts.dependencies import TenantSession, require, use_resources
from app.accounts.permissions import Permission
from app.core.pagination import Page, PageQuery, page_response
from app.core.problems import problems
from app.core.resources import Resources
from app.scraping import sources
from app.scraping.errors import SourceNotFound
from app.scraping.source_schemas import SourceChange, SourceView

router = APIRouter(prefix="/scraping/sources", tags=["scraping"])

Reader = Annotated[Actor, Depends(require(Permission.IMPORTS_READ))]
may_read = Depends(require(Permission.IMPORTS_READ))
may_write = Depends(require(Permission.IMPORTS_WRITE))
Held = Annotated[Resources, Depends(use_resources)]


@router.get("", response_model=Page[SourceView])
async def list_sources(
    actor: Reader, held: Held, session: TenantSession, query: Annotated[PageQuery, Query()]
) -> Response:
    """Where the tenant's goods come from: uploads, named feeds, connections."""
    page = await sources.list_sources(session, held.settings, query, actor.tenant_id)
    return page_response(page, query, SourceView)


@router.get("/{source_id}", dependencies=[may_read], responses=problems(SourceNotFound))
async def get_source(source_id: UUID, held: Held, session: TenantSession) -> SourceView:
    """One source, with the limits of its imports."""
    return await sources.get_source(session, held.settings, source_id)


@router.patch("/{source_id}", dependencies=[may_write], responses=problems(SourceNotFound))
async def change_source(source_id: UUID, body: SourceChange, held: Held, session: TenantSession) -> SourceView:
    """Say what imports of this source may do without asking. More than that, and the import waits: nothing is written
    before somebody confirms it.
    """
    return await sources.change_source(session, held.settings, source_id, body)


@router.put("/{source_id}", dependencies=[may_write], responses=problems(SourceNotFound))
async def replace_source(source_id: UUID, body: SourceChange, held: Held, session: TenantSession) -> SourceView:
    """The same as PATCH: what the body does not name stays."""
    return await sources.change_source(session, held.settings, source_id, body)
