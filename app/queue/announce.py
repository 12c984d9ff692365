"""Best-effort words over Redis: to the pulse that something was enqueued, to live streams that a job has changed.

Nothing waits for them and nothing depends on them: the pulse polls, and so do the streams.
"""

import asyncio
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.redis import RedisGate

WAKE_UP = "wake-up"
JOB_CHANGED = "job-changed"
_HELD = "words_after_commit"

_gate: RedisGate | None = None
_speaking: set[asyncio.Task[None]] = set()


def use(gate: RedisGate | None) -> None:
    """Name the Redis gate of this process; None says that it keeps silent."""
    global _gate  # noqa: PLW0603 (one gate per process, opened at its entrance)
    _gate = gate


def wake_after_commit(session: AsyncSession) -> None:
    """Wake the pulse once the session's transaction has committed."""
    _hold(session, (WAKE_UP, ""))


def job_after_commit(session: AsyncSession, job_id: UUID) -> None:
    """Tell live streams of a job once the session's transaction has committed."""
    _hold(session, (JOB_CHANGED, job_id.hex))


async def job_changed(job_id: UUID) -> None:
    """Tell live streams that a job has changed."""
    if _gate is not None:
        await _publish(_gate, {(JOB_CHANGED, job_id.hex)})


async def finish() -> None:
    """Wait for the words under way: a worker's event loop stands still between two jobs."""
    if _speaking:
        await asyncio.gather(*_speaking)


def _hold(session: AsyncSession, word: tuple[str, str]) -> None:
    if _gate is None:
        return
    held: set[tuple[str, str]] = session.info.setdefault(_HELD, set())
    if not held:
        event.listen(session.sync_session, "after_commit", _speak, once=True)
    held.add(word)


def _speak(session: Session) -> None:
    words: set[tuple[str, str]] = session.info.pop(_HELD, set())
    if _gate is not None and words:
        task = asyncio.get_running_loop().create_task(_publish(_gate, words))
        _speaking.add(task)
        task.add_done_callback(_speaking.discard)


async def _publish(gate: RedisGate, words: set[tuple[str, str]]) -> None:
    async def call(client: Redis) -> None:
        for channel, text in words:
            await client.publish(gate.prefix + channel, text)

    await gate.guarded(call, None)
