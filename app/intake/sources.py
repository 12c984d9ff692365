"""The sources of a tenant, what each allows without asking, and the lease by which its imports take turns."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.ids import new_id
from app.jobs import steering
from app.queue.models import JsonObject
from app.queue.names import JobStatus

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


_HOLDER = text("""
SELECT s.lease_job_id, j.status FROM sources s LEFT JOIN jobs j ON j.id = s.lease_job_id
WHERE s.id = :source FOR UPDATE OF s
""")
_FIND = text("SELECT id FROM sources WHERE lower(name) = lower(:name)")
_SETTINGS = text("SELECT settings FROM sources WHERE id = :source")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an import of a source may do without asking, as shares of one. Fewer than `least` goods never ask."""

    shrink_share: float
    price_move: float
    price_share: float
    least: int

    def to_json(self) -> JsonObject:
        return dict(asdict(self))


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether the job may import now, and the waiting import that it has discarded by that."""

    is_granted: bool
    discarded: UUID | None = None


def limits_of(own: Mapping[str, object], settings: Settings) -> Limits:
    """The limits in force: a source's own, else the installation's."""

    def share(name: str, default: float) -> float:
        found = own.get(name)
        return float(found) if isinstance(found, int | float) else default

    return Limits(
        shrink_share=share("shrink_share", settings.import_shrink_share),
        price_move=share("price_move", settings.import_price_move),
        price_share=share("price_share", settings.import_price_share),
        least=settings.import_guard_least,
    )


async def find_limits(session: AsyncSession, source_id: UUID | None, settings: Settings) -> Limits:
    """The limits of a source; those of the installation for one that does not exist yet."""
    own = await session.scalar(_SETTINGS, {"source": source_id}) if source_id else None
    return limits_of(own or {}, settings)


async def find_source(session: AsyncSession, name: str) -> UUID | None:
    """The id of the source of this name, if there is one."""
    found: UUID | None = await session.scalar(_FIND, {"name": name})
    return found


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
    return (await take_turn(session, source_id, job_id)).is_granted


async def take_turn(session: AsyncSession, source_id: UUID, job_id: UUID) -> Turn:
    """Like `take_lease`; says which import of the source, that waited for a person, was discarded for this one."""
    holder, status = (await session.execute(_HOLDER, {"source": source_id})).one()
    discarded = None
    if status == JobStatus.WAITING and holder != job_id:
        reason = f"Discarded, because a newer job of the same source has begun: {job_id}."
        await steering.discard(session, holder, reason)
        discarded = UUID(str(holder))
    taken = (await session.execute(_TAKE, {"source": source_id, "job": job_id})).first() is not None
    return Turn(taken, discarded if taken else None)


async def take_free_turn(session: AsyncSession, source_id: UUID, job_id: UUID) -> bool:
    """Like `take_lease`, but beside an import that waits for a person, which stays: it has written nothing yet."""
    holder, status = (await session.execute(_HOLDER, {"source": source_id})).one()
    if status == JobStatus.WAITING and holder != job_id:
        return True
    return (await session.execute(_TAKE, {"source": source_id, "job": job_id})).first() is not None


async def is_busy(session: AsyncSession, source_id: UUID, job_id: UUID) -> bool:
    """Whether another job is importing from the source right now."""
    holder, status = (await session.execute(_HOLDER, {"source": source_id})).one()
    return holder is not None and holder != job_id and status in {JobStatus.PENDING, JobStatus.RUNNING}
