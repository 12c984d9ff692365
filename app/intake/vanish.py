"""Archiving what a full import does not name any more: as found before anything was written, unless changed since."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs import changes
from app.products.lifecycle import GONE

# Rows of the report about goods that stand on no line of the file come behind all that do.
AFTER_FILE = 1 << 40

_NEXT = text("SELECT product_id FROM staged_vanished WHERE job_id = :job ORDER BY product_id LIMIT :size")
_ARCHIVE = text(f"""
WITH archived AS (
  UPDATE products p SET former_status = p.status, status = 'archived', archived_reason = '{GONE}',
    version = p.version + 1, updated_at = now()
  FROM staged_vanished g
  WHERE g.job_id = :job AND g.product_id = ANY(:ids) AND p.id = g.product_id AND p.source_id = :source
    AND p.deleted_at IS NULL AND p.status <> 'archived' AND NOT 'status' = ANY(p.locked_fields)
  RETURNING p.id, g.external_id
)
INSERT INTO import_rows (job_id, line, number, action, external_id, product_id, code, message)
SELECT :job, CAST(:first AS bigint) + row_number() OVER (ORDER BY id), 0, 'archived', external_id, id, '{GONE}',
       'The source does not name this product any more. It comes back when the source does.'
FROM archived
""")
_CLEAR = text("DELETE FROM staged_vanished WHERE job_id = :job AND product_id = ANY(:ids)")


async def next_batch(session: AsyncSession, job_id: UUID, size: int) -> list[UUID]:
    """The products that are to be archived next."""
    return list(await session.scalars(_NEXT, {"job": job_id, "size": size}))


async def archive(session: AsyncSession, job_id: UUID, source_id: UUID, ids: list[UUID], done: int) -> None:
    """Archive these products, with a row of the report each; `done` were archived by earlier batches."""
    await changes.record(session, job_id)
    await session.execute(_ARCHIVE, {"job": job_id, "source": source_id, "ids": ids, "first": AFTER_FILE + done})


async def clear_batch(session: AsyncSession, job_id: UUID, ids: list[UUID]) -> None:
    """Take these products out of staging."""
    await session.execute(_CLEAR, {"job": job_id, "ids": ids})
