"""Routes under /scraping/mappings, and the list of our fields that mappings are made of."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status

from app.accounts.dependencies import TenantSession
from app.core.errors import PreconditionFailed
from app.core.etag import check_if_match, not_modified
from app.core.pagination import Page, page_response
from app.core.problems import problems
from app.scraping import mappings, wordings
from app.scraping.dependencies import IfMatch, ImportReader, ImportWriter
from app.scraping.errors import MappingNameTaken, MappingNotFound
from app.scraping.mapping_schemas import (
    FieldList,
    MappingChange,
    MappingCreate,
    MappingDeleted,
    MappingQuery,
    MappingView,
)

router = APIRouter(prefix="/scraping", tags=["scraping"])

_CHANGE = problems(MappingNotFound, MappingNameTaken, PreconditionFailed)


@router.get("/fields")
async def list_feed_fields(actor: ImportReader) -> FieldList:
    """Our fields: everything that a column of a file can be mapped to, in words for a screen on which it is done."""
    return FieldList(items=wordings.list_fields())


@router.get("/mappings", response_model=Page[MappingView])
async def list_mappings(
    actor: ImportReader, session: TenantSession, query: Annotated[MappingQuery, Query()]
) -> Response:
    """A page of the saved mappings, by name; `header_hash` finds those made for files with the same columns."""
    return page_response(await mappings.list_mappings(session, query, actor.tenant_id), query, MappingView)


@router.post(
    "/mappings", response_model=MappingView, status_code=status.HTTP_201_CREATED, responses=problems(MappingNameTaken)
)
async def create_mapping(body: MappingCreate, actor: ImportWriter, session: TenantSession) -> Response:
    """Save a mapping. Use it with `mapping_id` or `mapping_name` when a file is inspected or imported; with
    `remember_mapping` the source of an import uses it by itself from then on.
    """
    made = await mappings.create_mapping(session, body)
    return _answer(made, status.HTTP_201_CREATED, {"Location": f"/api/v1/scraping/mappings/{made.id}"})


@router.get(
    "/mappings/{mapping_id}",
    response_model=MappingView,
    responses={304: {"description": "Not changed since the ETag in If-None-Match"}, **problems(MappingNotFound)},
)
async def get_mapping(mapping_id: UUID, request: Request, actor: ImportReader, session: TenantSession) -> Response:
    """One saved mapping, with its ETag."""
    found = await mappings.get_mapping(session, mapping_id)
    return not_modified(request, mappings.etag_of(found)) or _answer(found)


@router.patch("/mappings/{mapping_id}", response_model=MappingView, responses=_CHANGE)
async def update_mapping(
    mapping_id: UUID,
    body: MappingChange,
    request: Request,
    actor: ImportWriter,
    session: TenantSession,
    if_match: IfMatch = None,
) -> Response:
    """Change the fields that the body names. Imports that have begun go on with what the mapping was."""
    mapping = await mappings.lock_mapping(session, mapping_id)
    check_if_match(request, mappings.etag_of(await mappings.get_mapping(session, mapping_id)))
    return _answer(await mappings.change_mapping(session, mapping, body))


@router.put("/mappings/{mapping_id}", response_model=MappingView, responses=_CHANGE)
async def replace_mapping(
    mapping_id: UUID,
    body: MappingChange,
    request: Request,
    actor: ImportWriter,
    session: TenantSession,
    if_match: IfMatch = None,
) -> Response:
    """The same as PATCH: what the body does not name stays."""
    return await update_mapping(mapping_id, body, request, actor, session, if_match)


@router.delete("/mappings/{mapping_id}", responses=problems(MappingNotFound, PreconditionFailed))
async def delete_mapping(
    mapping_id: UUID, request: Request, actor: ImportWriter, session: TenantSession, if_match: IfMatch = None
) -> MappingDeleted:
    """Delete a mapping; sources that used it by themselves go back to what is proposed."""
    mapping = await mappings.lock_mapping(session, mapping_id)
    check_if_match(request, mappings.etag_of(await mappings.get_mapping(session, mapping_id)))
    await mappings.delete_mapping(session, mapping)
    return MappingDeleted(id=mapping_id)


def _answer(mapping: MappingView, status_code: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        mapping.model_dump_json(),
        status_code,
        {**(headers or {}), "ETag": mappings.etag_of(mapping)},
        "application/json",
    )
