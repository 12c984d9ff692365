"""Waiting out a short absence of PostgreSQL: a restart must cost a job nothing but time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.queue.errors import DatabaseAway

T = TypeVar("T")
log = structlog.get_logger(__name__)

# Connecting raises the driver's own errors, a statement raises SQLAlchemy's.
AWAY = (DBAPIError, PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0


async def patiently(call: Callable[[], Awaitable[T]], *, seconds: float) -> T:
    """The answer of a repeatable call, tried again until PostgreSQL is back; DatabaseAway after so many seconds."""
    give_up_at = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        try:
            return await call()
        except AWAY as error:
            if time.monotonic() + pause > give_up_at:
                raise DatabaseAway(f"no answer from PostgreSQL within {seconds:g} s") from error
            log.warning("database_away", error=type(error).__name__, retry_in=pause)
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)
