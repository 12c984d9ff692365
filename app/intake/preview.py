"""Doing a step of an import for its report only: the very same writes inside a savepoint that is rolled back, after the
rows of the report and the changes were taken over. So a preview and its import cannot differ in how they work.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.models import NO_PRODUCT

T = TypeVar("T")

_LINES = text("""
SELECT DISTINCT line FROM staged_variants WHERE job_id = :job AND product_line > :after AND product_line <= :upto
""")
_ROWS = text("""
SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')::text FROM import_rows r
WHERE r.job_id = :job AND r.raw IS NULL AND (r.line > :after AND r.line <= :upto OR r.line = ANY(:lines))
""")
_CHANGES = text(f"""
SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]')::text FROM job_changes c
WHERE c.job_id = :job AND (c.product_id = ANY(:products) OR c.product_id = '{NO_PRODUCT}')
""")
_TAKE_OVER_ROWS = text("""
INSERT INTO import_rows SELECT * FROM jsonb_populate_recordset(NULL::import_rows, CAST(:rows AS jsonb))
ON CONFLICT DO NOTHING
""")
# Categories that the rollback took away have a path and no id; each is told once, though every step makes it anew.
_TAKE_OVER_CHANGES = text("""
INSERT INTO job_changes (job_id, product_id, kind, entity_id, field, action, before, after, code, message, undone)
SELECT c.job_id, c.product_id, c.kind, c.entity_id, c.field, c.action, c.before,
       CASE WHEN c.field = 'category' AND c.after IS NOT NULL
              AND NOT EXISTS (SELECT FROM categories known WHERE known.id = (c.after ->> 'id')::uuid)
            THEN c.after || '{"id": null}' ELSE c.after END,
       c.code, c.message, c.undone
FROM jsonb_populate_recordset(NULL::job_changes, CAST(:changes AS jsonb)) c
WHERE c.kind <> 'category' OR NOT EXISTS (
  SELECT FROM job_changes told WHERE told.job_id = c.job_id AND told.product_id = c.product_id
    AND told.kind = 'category' AND told.after ->> 'path' = c.after ->> 'path')
ON CONFLICT (job_id, product_id, kind, entity_id, field) DO UPDATE SET after = excluded.after
""")
_BATCH_PRODUCTS = text("""
SELECT product_id FROM staged_products WHERE job_id = :job AND line > :after AND line <= :upto
""")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of the report that a step writes: `after` < line <= `upto`, and those of the step's variants."""

    after: int
    upto: int
    others: Sequence[int] = ()


async def lines_of_batch(session: AsyncSession, job_id: UUID, after: int, upto: int) -> Lines:
    """The lines that a batch of staged products may report on; ask before the batch is written."""
    others = await session.scalars(_LINES, {"job": job_id, "after": after, "upto": upto})
    return Lines(after, upto, list(others))


async def products_of_batch(session: AsyncSession, job_id: UUID, after: int, upto: int) -> list[UUID]:
    """The products that a batch means, once it is matched."""
    return list(await session.scalars(_BATCH_PRODUCTS, {"job": job_id, "after": after, "upto": upto}))


async def rehearse(
    session: AsyncSession, job_id: UUID, lines: Lines, work: Callable[[], Awaitable[tuple[T, list[UUID]]]]
) -> T:
    """Do `work`, which answers its result and the products it touched, and keep nothing of it but its report."""
    savepoint = await session.begin_nested()
    try:
        result, products = await work()
        where = {"job": job_id, "after": lines.after, "upto": lines.upto, "lines": list(lines.others)}
        rows = await session.scalar(_ROWS, where)
        changed = await session.scalar(_CHANGES, {"job": job_id, "products": products})
    finally:
        await savepoint.rollback()
    await session.execute(_TAKE_OVER_ROWS, {"rows": rows})
    await session.execute(_TAKE_OVER_CHANGES, {"changes": changed})
    return result


async def carry_out(
    session: AsyncSession,
    job_id: UUID,
    lines: Lines,
    work: Callable[[], Awaitable[tuple[T, list[UUID]]]],
    *,
    dry_run: bool,
) -> T:
    """Do `work`, for its report only when it is a dry run."""
    return await rehearse(session, job_id, lines, work) if dry_run else (await work())[0]
