"""Reading an import's report: how many rows met which fate, and the rows themselves, in the order of the source."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

import orjson
from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake.models import ImportRow, RowAction
from app.queue.models import JsonObject

FETCH = 500
_ADD_CELLS = text("""
UPDATE import_rows r SET raw = given.raw
FROM jsonb_to_recordset(CAST(:cells AS jsonb)) AS given (line bigint, raw jsonb)
WHERE r.job_id = :job AND r.line = given.line AND r.action = 'rejected'
""")


async def count(session: AsyncSession, job_id: UUID) -> JsonObject:
    """The counters of an import: created, updated, unchanged, archived (products), rejected (rows), warnings."""
    found = await session.execute(
        select(ImportRow.action, func.count()).where(ImportRow.job_id == job_id).group_by(ImportRow.action)
    )
    numbers = dict(found.all())
    return {
        "created": numbers.get(RowAction.CREATED, 0),
        "updated": numbers.get(RowAction.UPDATED, 0),
        "unchanged": numbers.get(RowAction.UNCHANGED, 0),
        "rejected": numbers.get(RowAction.REJECTED, 0),
        "archived": numbers.get(RowAction.ARCHIVED, 0),
        "warnings": numbers.get(RowAction.WARNING, 0),
    }


async def list_rows(
    session: AsyncSession,
    job_id: UUID,
    *,
    action: RowAction | None = None,
    after: tuple[int, int] | None = None,
    limit: int = FETCH,
) -> list[ImportRow]:
    """The report's rows behind a (line, number), at most `limit`."""
    statement = select(ImportRow).where(ImportRow.job_id == job_id)
    if action:
        statement = statement.where(ImportRow.action == action)
    if after:
        statement = statement.where(tuple_(ImportRow.line, ImportRow.number) > tuple_(*after))
    statement = statement.order_by(ImportRow.line, ImportRow.number).limit(limit)
    return list(await session.scalars(statement))


async def count_rows(session: AsyncSession, job_id: UUID, action: RowAction | None) -> int:
    """How many rows the report has, of one fate or of all."""
    statement = select(func.count()).select_from(ImportRow).where(ImportRow.job_id == job_id)
    if action:
        statement = statement.where(ImportRow.action == action)
    return (await session.scalars(statement)).one()


async def stream_portions(session: AsyncSession, job_id: UUID, action: RowAction) -> AsyncIterator[list[ImportRow]]:
    """All rows of one fate, in bounded portions."""
    after: tuple[int, int] | None = None
    while rows := await list_rows(session, job_id, action=action, after=after):
        yield rows
        after = rows[-1].line, rows[-1].number


async def rejected_without_cells(session: AsyncSession, job_id: UUID) -> list[int]:
    """The lines of rejected rows whose cells are not in the report yet: those refused after they were staged."""
    statement = select(ImportRow.line).where(
        ImportRow.job_id == job_id, ImportRow.action == RowAction.REJECTED, ImportRow.raw.is_(None)
    )
    return list(await session.scalars(statement.distinct()))


async def add_cells(session: AsyncSession, job_id: UUID, cells: Mapping[int, Mapping[str, str]]) -> None:
    """Put the cells of rejected rows into the report."""
    rows = orjson.dumps([{"line": line, "raw": raw} for line, raw in cells.items()]).decode()
    await session.execute(_ADD_CELLS, {"job": job_id, "cells": rows})
