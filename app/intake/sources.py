"""The sources of a tenant, and the lease by which two imports of one source take turns."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id

UPLOAD = "upload"
TURN_SECONDS = 2.0

_ENSURE = text("""
WITH made AS (
  INSERT INTO sources (id, kind, name) VALUES (:id, :kind, :name) ON CONFLICT (lower(name)) DO NOTHING RETURNING id
)
SELECT id FROM made UNION ALL SELECT id FROM sources WHERE lower(name) = lower(:name) LIMIT 1
""")

_ENSURE_OF_CONNECTION = text("""
WITH made AS (
  INSERT INTO sources (id, kind, name, connection_id) VALUES (:id, 'connection', :name, :connection)
  ON CONFLICT DO NOTHING RETURNING id
)
SELECT id FROM made UNION ALL SELECT id FROM sources WHERE connection_id = :connection LIMIT 1
""")

# Taken by the oldest unfinished job that asks. A holder that has ended (in whatever way) holds nothing.
_TAKE = text("""
UPDATE sources SET lease_job_id = :job, lease_until = NULL, updated_at = now()
WHERE id = :source AND (
  lease_job_id IS NULL OR lease_job_id = :job
  OR NOT EXISTS (SELECT FROM jobs WHERE id = lease_job_id AND status IN ('pending', 'running'))
)
RETURNING id
""")


async def ensure_source(session: AsyncSession, *, kind: str, name: str) -> UUID:
    """The id of the source of this name, made when it is new."""
    found: UUID = (await session.execute(_ENSURE, {"id": new_id(), "kind": kind, "name": name})).scalar_one()
    return found


async def ensure_connection_source(session: AsyncSession, connection_id: UUID, name: str) -> UUID:
    """The id of a connection's source, made when it is new; under another name when a feed has this one."""
    for offered in (name, f"{name} ({connection_id.hex[-6:]})"):
        values = {"id": new_id(), "name": offered, "connection": connection_id}
        found: UUID | None = (await session.execute(_ENSURE_OF_CONNECTION, values)).scalar_one_or_none()
        if found is not None:
            return found
    raise RuntimeError(f"no name is left for the source of connection {connection_id}")


async def take_lease(session: AsyncSession, source_id: UUID, job_id: UUID) -> bool:
    """Make this job the one that imports from the source; False while another unfinished job is."""
    return (await session.execute(_TAKE, {"source": source_id, "job": job_id})).first() is not None
