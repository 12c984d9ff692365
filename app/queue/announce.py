"""Best-effort words over Redis: to the pulse that something was enqueued, to live streams that a job has changed.

Nothing waits for them and nothing depends on them: the pulse polls, and so do the streams.
"""

import asyncio
import time
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.redis import RedisGate

WAKE_UP = "wake-up"
JOB_CHANGED = "job-changed"
# The pulse looks again after this time as long as it finds something, so words that follow each other faster are idle.
LINGER_SECONDS = 0.05
# How long nobody is spoken to after nobody has listened; a stream that has just begun looks again by itself.
NOBODY_SECONDS = 0.25
_HELD = "words_after_commit"

_gate: RedisGate | None = None
_speaking: set[asyncio.Task[int]] = set()
_woken_at = 0.0
_nobody_until = 0.0


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
    """Tell live streams that a job has changed; into the void only now and then, since a word costs a round trip."""
    global _nobody_until  # noqa: PLW0603 (what this process heard of the other side)
    if _gate is None or time.monotonic() < _nobody_until:
        return
    if await _publish(_gate, {(JOB_CHANGED, job_id.hex)}) == 0:
        _nobody_until = time.monotonic() + NOBODY_SECONDS


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
    global _woken_at  # noqa: PLW0603 (a burst of commits sends one word, not one each)
    words: set[tuple[str, str]] = session.info.pop(_HELD, set())
    if (WAKE_UP, "") in words:
        if time.monotonic() - _woken_at < LINGER_SECONDS:
            words.discard((WAKE_UP, ""))
        else:
            _woken_at = time.monotonic()
    if _gate is not None and words:
        task = asyncio.get_running_loop().create_task(_publish(_gate, words))
        _speaking.add(task)
        task.add_done_callback(_speaking.discard)


async def _publish(gate: RedisGate, words: set[tuple[str, str]]) -> int:
    """How many have heard them."""

    async def call(client: Redis) -> int:
        return sum([int(await client.publish(gate.prefix + channel, text)) for channel, text in words])

    return await gate.guarded(call, 0)
