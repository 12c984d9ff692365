"""Finding jobs whose worker has fallen silent, by the heartbeat and the database's clock, never by age alone."""

import asyncio
from uuid import UUID

from sqlalchemy import text

from app.core.config import Settings
from app.core.system_session import SystemDatabase
from app.queue import announce, relay
from app.queue.ending import GiveBack, give_back

BATCH = 200
# A beat may have waited for a slow step's lock on the row. Whoever lives beats between the two looks, since nobody else
# held the row at the first one.
SECOND_LOOK_SECONDS = 0.5
LOST = GiveBack("worker_lost", "The worker of this attempt fell silent; the job goes on from its last step.")

_SILENT = """
    SELECT id, attempt FROM jobs
    WHERE status = 'running' AND heartbeat_at < now() - make_interval(secs => :seconds)
    """
_FIRST_LOOK = text(_SILENT + "ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED")
_SECOND_LOOK = text(_SILENT + "AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED")


async def sweep(system: SystemDatabase, settings: Settings) -> list[UUID]:
    """Start the next attempt of silent jobs, and send again what the broker has held for too long; answers the jobs."""
    bounds = {"seconds": settings.job_stale_seconds, "batch": BATCH}
    async with system.session() as session:
        seen: list[UUID] = list(await session.scalars(_FIRST_LOOK, bounds))
    silent = await _give_back_silent(system, bounds | {"ids": seen}) if seen else []
    async with system.session() as session:
        await relay.resend_old(session, settings.job_resend_seconds)
    return silent


async def _give_back_silent(system: SystemDatabase, bounds: dict[str, object]) -> list[UUID]:
    await asyncio.sleep(SECOND_LOOK_SECONDS)
    async with system.session() as session:
        silent = (await session.execute(_SECOND_LOOK, bounds)).all()
        for job_id, attempt in silent:
            await give_back(session, job_id, attempt, LOST)
            announce.job_after_commit(session, job_id)
    return [row.id for row in silent]
