"""Finding jobs whose worker has fallen silent, by the heartbeat and the database's clock, never by age alone."""

from uuid import UUID

from sqlalchemy import text

from app.core.config import Settings
from app.core.system_session import SystemDatabase
from app.queue import announce, relay
from app.queue.ending import GiveBack, give_back

BATCH = 200
LOST = GiveBack("worker_lost", "The worker of this attempt fell silent; the job goes on from its last step.")

_SILENT = text("""
    SELECT id, attempt FROM jobs
    WHERE status = 'running' AND heartbeat_at < now() - make_interval(secs => :seconds)
    ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED
    """)


async def sweep(system: SystemDatabase, settings: Settings) -> list[UUID]:
    """Start the next attempt of silent jobs, and send again what the broker has held for too long; answers the jobs."""
    async with system.session() as session:
        silent = (await session.execute(_SILENT, {"seconds": settings.job_stale_seconds, "batch": BATCH})).all()
        for job_id, attempt in silent:
            await give_back(session, job_id, attempt, LOST)
            announce.job_after_commit(session, job_id)
    async with system.session() as session:
        await relay.resend_old(session, settings.job_resend_seconds)
    return [row.id for row in silent]
