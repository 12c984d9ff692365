"""Saved mappings: making, changing, deleting, and finding the one that a file or a source shall be read with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.etag import make_etag
from app.core.ids import new_id
from app.core.pagination import Page, Sort, make_page, paginate
from app.integrations.contracts.feed import DecimalMark
from app.products.models import Source
from app.queue.models import JsonObject
from app.scraping.errors import MappingNameTaken, MappingNotFound
from app.scraping.mapping_schemas import MappingChange, MappingCreate, MappingQuery, MappingView
from app.scraping.models import FeedMapping

REMEMBERED = "mapping_id"
"""Where a source's settings name the mapping that it uses by itself."""

_ORDERS = {
    "name": Sort(func.lower(FeedMapping.name)),
    "created_at": Sort(FeedMapping.created_at, datetime.fromisoformat),
    "updated_at": Sort(FeedMapping.updated_at, datetime.fromisoformat),
}
_USERS = select(Source.settings[REMEMBERED].astext, Source.name).order_by(func.lower(Source.name))
_FORGET = text(f"UPDATE sources SET settings = settings - '{REMEMBERED}' WHERE settings ->> '{REMEMBERED}' = :id")
_REMEMBER = text(f"""
UPDATE sources SET settings = settings || jsonb_build_object('{REMEMBERED}', CAST(:id AS text)), updated_at = now()
WHERE id = :source AND settings ->> '{REMEMBERED}' IS DISTINCT FROM :id
""")


@dataclass(frozen=True, slots=True)
class ReadBy:
    """How a file shall be read: which column is what and under which terms, and the saved mapping that says so."""

    columns: dict[str, str] | None = None
    default_currency: str | None = None
    decimal_mark: DecimalMark | None = None
    mapping_id: UUID | None = None
    name: str | None = None
    remembered: bool = False

    def params(self) -> JsonObject:
        """As parameters of a job: what a mapping says later must not change an import that has begun."""
        return {
            "mapping": cast("JsonValue", self.columns),
            "default_currency": self.default_currency,
            "decimal_mark": self.decimal_mark,
            "mapping_used": self.described(),
        }

    def described(self) -> JsonObject | None:
        """For reports: which saved mapping was used, and whether the source remembered it."""
        if self.mapping_id is None:
            return None
        return {"id": str(self.mapping_id), "name": self.name, "remembered": self.remembered}


async def list_mappings(session: AsyncSession, query: MappingQuery, tenant_id: int | None) -> Page[MappingView]:
    """A page of the saved mappings, by name."""
    statement = select(FeedMapping)
    if query.header_hash is not None:
        statement = statement.where(FeedMapping.header_hash == query.header_hash)
    found = await paginate(
        session, statement, query, sorts=_ORDERS, default_sort="name", id_column=FeedMapping.id, tenant_id=tenant_id
    )
    return make_page(await _views(session, found.items), found.next_cursor, query, found.total)


async def get_mapping(session: AsyncSession, mapping_id: UUID) -> MappingView:
    """A mapping by id; raises MappingNotFound."""
    return (await _views(session, [await _get(session, mapping_id)]))[0]


async def lock_mapping(session: AsyncSession, mapping_id: UUID) -> FeedMapping:
    """A mapping that is about to be changed."""
    return await _get(session, mapping_id, lock=True)


def etag_of(mapping: MappingView) -> str:
    """The entity tag of a mapping's present state."""
    return make_etag(mapping.id, mapping.version, *mapping.sources)


async def create_mapping(session: AsyncSession, body: MappingCreate) -> MappingView:
    """Save a mapping under a name of its own."""
    mapping = FeedMapping(id=new_id(), **body.model_dump())
    session.add(mapping)
    await _flush(session)
    return await get_mapping(session, mapping.id)


async def change_mapping(session: AsyncSession, mapping: FeedMapping, body: MappingChange) -> MappingView:
    """Change what the body names; imports that have begun go on with what it was."""
    for name in body.model_fields_set:
        setattr(mapping, name, getattr(body, name))
    mapping.version += 1
    mapping.updated_at = func.now()
    await _flush(session)
    return await get_mapping(session, mapping.id)


async def delete_mapping(session: AsyncSession, mapping: FeedMapping) -> None:
    """Delete a mapping; sources that used it by themselves go back to the proposal."""
    await session.execute(_FORGET, {"id": str(mapping.id)})
    await session.delete(mapping)
    await session.flush()


async def find_by_header(session: AsyncSession, header_hash: str) -> Sequence[FeedMapping]:
    """The mappings made for files with these columns, the last changed first."""
    same = select(FeedMapping).where(FeedMapping.header_hash == header_hash)
    return (await session.scalars(same.order_by(FeedMapping.updated_at.desc()).limit(10))).all()


async def choose(
    session: AsyncSession,
    *,
    columns: dict[str, str] | None,
    mapping_id: UUID | None = None,
    name: str | None = None,
    source: str | None = None,
) -> ReadBy:
    """How a file is read: by the mapping that the request names, else by the one its source remembers. `columns` of
    the request win over both, column by column.
    """
    if mapping_id is not None:
        saved: FeedMapping | None = await _get(session, mapping_id)
    elif name is not None:
        saved = await session.scalar(select(FeedMapping).where(func.lower(FeedMapping.name) == name.lower()))
        if saved is None:
            raise MappingNotFound(f"There is no mapping of the name “{name[:200]}”.")
    else:
        saved = None if source is None else await _find_remembered(session, source)
    if saved is None:
        return ReadBy(columns)
    return ReadBy(
        columns={**saved.columns, **(columns or {})},
        default_currency=saved.default_currency,
        decimal_mark=cast("DecimalMark | None", saved.decimal_mark),
        mapping_id=saved.id,
        name=saved.name,
        remembered=mapping_id is None and name is None,
    )


async def remember(session: AsyncSession, source_id: UUID, mapping_id: UUID) -> None:
    """Let a source use a mapping by itself from now on."""
    await session.execute(_REMEMBER, {"source": source_id, "id": str(mapping_id)})


async def learn_header(session: AsyncSession, mapping_id: UUID, header_hash: str) -> None:
    """Note for which columns a mapping was first used, unless somebody has said so."""
    unknown = update(FeedMapping).where(FeedMapping.id == mapping_id, FeedMapping.header_hash.is_(None))
    await session.execute(unknown.values(header_hash=header_hash, version=FeedMapping.version + 1))


async def _find_remembered(session: AsyncSession, source: str) -> FeedMapping | None:
    remembered = select(FeedMapping).join(Source, Source.settings[REMEMBERED].astext == func.text(FeedMapping.id))
    found: FeedMapping | None = await session.scalar(remembered.where(func.lower(Source.name) == source.lower()))
    return found


async def _get(session: AsyncSession, mapping_id: UUID, *, lock: bool = False) -> FeedMapping:
    mapping = await session.get(FeedMapping, mapping_id, with_for_update=lock or None, populate_existing=True)
    if mapping is None:
        raise MappingNotFound
    return mapping


async def _views(session: AsyncSession, mappings: Sequence[FeedMapping]) -> list[MappingView]:
    ids = [str(mapping.id) for mapping in mappings]
    users: dict[str, list[str]] = {}
    for mapping_id, source in await session.execute(_USERS.where(Source.settings[REMEMBERED].astext.in_(ids))):
        users.setdefault(mapping_id, []).append(source)
    views = [MappingView.model_validate(mapping) for mapping in mappings]
    return [view.model_copy(update={"sources": users.get(str(view.id), [])}) for view in views]


async def _flush(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError as refused:
        if "uq_feed_mappings_name" in str(refused.orig):
            raise MappingNameTaken from None
        raise
