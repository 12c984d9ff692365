"""Taking back an import, whatever its source: under the lease of that source, so that no import writes meanwhile."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake import road, sources
from app.products import restore
from app.queue.models import Job
from app.queue.outcome import Outcome
from app.queue.run import Run

UNDO_IMPORT = "undo_import"
CLEAR_IMPORT = "clear_import"

# The categories that the import made and nobody uses: leaves only, as long as there are some.
_REMOVE_CATEGORIES = text("""
WITH gone AS (
  DELETE FROM categories t USING job_changes c
  WHERE c.job_id = :job AND c.kind = 'category' AND c.action = 'created' AND c.undone IS NULL AND t.id = c.entity_id
    AND t.path = c.after ->> 'path'
    AND NOT EXISTS (SELECT FROM categories child WHERE child.parent_id = t.id)
    AND NOT EXISTS (SELECT FROM products p WHERE p.category_id = t.id AND p.deleted_at IS NULL)
  RETURNING t.id
)
UPDATE job_changes c SET undone = 'restored' FROM gone
WHERE c.job_id = :job AND c.kind = 'category' AND c.entity_id = gone.id
""")
_KEEP_CATEGORIES = text("""
UPDATE job_changes SET undone = 'kept', code = 'category_in_use', message = 'The category is in use or was changed.'
WHERE job_id = :job AND kind = 'category' AND undone IS NULL
""")


async def undo_import(run: Run) -> Outcome:
    """Take back what an import did; the same file can be imported again afterwards."""
    job_id = UUID(str(run.params["job_id"]))
    async with run.sessions.begin() as session:
        job = await session.get(Job, job_id)
        source_id = road.source_of(job.cursor) if job is not None else None
        if source_id is not None and not await sources.take_lease(session, source_id, run.job_id):
            run.postpone("Waits for the import of the same source before it.", seconds=sources.TURN_SECONDS)
        await road.unstage(session, job_id)
    return await restore.take_back(run, job_id, finish=_remove_categories)


async def clear_import(run: Run) -> None:
    """Clear away what a discarded import has staged; its report stays."""
    async with run.sessions.begin() as session:
        await road.unstage(session, UUID(str(run.params["job_id"])))


async def _remove_categories(session: AsyncSession, job_id: UUID) -> None:
    while (await session.execute(_REMOVE_CATEGORIES, {"job": job_id})).rowcount:  # type: ignore[attr-defined]
        pass
    await session.execute(_KEEP_CATEGORIES, {"job": job_id})
