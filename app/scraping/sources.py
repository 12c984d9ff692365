"""The sources of a tenant as clients see them: where goods come from, and what their imports may do without asking."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.pagination import Page, PageQuery, Sort, make_page, paginate
from app.intake.sources import limits_of
from app.products.models import Source
from app.scraping.errors import SourceNotFound
from app.scraping.source_schemas import LIMITS, SourceChange, SourceLimits, SourceView

_ORDERS = {
    "name": Sort(func.lower(Source.name)),
    "created_at": Sort(Source.created_at, datetime.fromisoformat),
}


async def list_sources(
    session: AsyncSession, settings: Settings, query: PageQuery, tenant_id: int | None
) -> Page[SourceView]:
    """A page of the tenant's sources, by name."""
    found = await paginate(
        session, select(Source), query, sorts=_ORDERS, default_sort="name", id_column=Source.id, tenant_id=tenant_id
    )
    return make_page([_view(source, settings) for source in found.items], found.next_cursor, query, found.total)


async def get_source(session: AsyncSession, settings: Settings, source_id: UUID) -> SourceView:
    """One source; raises SourceNotFound."""
    source = await session.get(Source, source_id)
    if source is None:
        raise SourceNotFound
    return _view(source, settings)


async def change_source(session: AsyncSession, settings: Settings, source_id: UUID, body: SourceChange) -> SourceView:
    """Give a source limits of its own; null gives one back to the installation. Raises SourceNotFound."""
    source = await session.get(Source, source_id, with_for_update=True, populate_existing=True)
    if source is None:
        raise SourceNotFound
    own = {**source.settings, **body.model_dump(include=body.model_fields_set)}
    source.settings = {name: value for name, value in own.items() if name not in LIMITS or value is not None}
    source.updated_at = func.now()
    await session.flush()
    await session.refresh(source)
    return _view(source, settings)


def _view(source: Source, settings: Settings) -> SourceView:
    return SourceView(
        id=source.id,
        kind=source.kind,
        name=source.name,
        connection_id=source.connection_id,
        limits=SourceLimits(**limits_of(source.settings, settings).to_json()),
        own_limits={name: source.settings[name] for name in LIMITS if name in source.settings},
        created_at=source.created_at,
        updated_at=source.updated_at,
    )
