"""The best-effort word to the pulse that something was enqueued; without it the row is found at the next poll."""

import asyncio

from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.redis import RedisGate

CHANNEL = "wake-up"
_ASKED = "wake_up_asked"

_gate: RedisGate | None = None
_in_flight: asyncio.Task[int] | None = None


def use(gate: RedisGate | None) -> None:
    """Name the Redis gate of this process; None says no wake-ups."""
    global _gate  # noqa: PLW0603 (one gate per process, opened at its entrance)
    _gate = gate


def after_commit(session: AsyncSession) -> None:
    """Wake the pulse once the session's transaction has committed, without waiting for it."""
    if _gate is None or _ASKED in session.info:
        return
    session.info[_ASKED] = True
    event.listen(session.sync_session, "after_commit", _wake, once=True)


async def finish() -> None:
    """Wait for a wake-up under way: a worker's event loop stands still between two jobs."""
    if _in_flight is not None:
        await _in_flight


def _wake(session: Session) -> None:
    global _in_flight  # noqa: PLW0603 (a burst of commits sends one word, not one each)
    session.info.pop(_ASKED, None)
    if _gate is not None and (_in_flight is None or _in_flight.done()):
        _in_flight = asyncio.get_running_loop().create_task(_publish(_gate))


async def _publish(gate: RedisGate) -> int:
    async def call(client: Redis) -> int:
        return int(await client.publish(gate.prefix + CHANNEL, ""))

    return await gate.guarded(call, 0)
