"""Redis as an accelerator, never the truth: short limits, and a circuit that stays open for a second after a failure.

Callers use `guarded` and say what to do without Redis; nothing here is needed for correctness.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.core.config import Settings

T = TypeVar("T")
OPEN_SECONDS = 1.0


class RedisGate:
    """One client with a circuit breaker: while it is open, `guarded` answers the fallback at once."""

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.redis_key_prefix
        self.client: Redis = Redis.from_url(
            settings.redis_url,
            socket_connect_timeout=settings.redis_timeout,
            socket_timeout=settings.redis_timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """True while calls are answered by their fallback because Redis failed within the last second."""
        return time.monotonic() < self._open_until

    async def guarded(self, call: Callable[[Redis], Awaitable[T]], fallback: T) -> T:
        """The answer of `call(client)`, or `fallback` when Redis is away or slow."""
        if self.is_open:
            return fallback
        try:
            return await call(self.client)
        except (RedisError, OSError, TimeoutError):
            self._open_until = time.monotonic() + OPEN_SECONDS
            return fallback

    async def close(self) -> None:
        await self.client.aclose()
