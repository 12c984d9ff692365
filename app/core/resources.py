"""What a process holds open: the application's pool, the Redis gate, the store of files. API, worker, pulse and CLI
each make one.
"""

from dataclasses import dataclass

from app.core.config import Settings
from app.core.database import Database
from app.core.redis import RedisGate
from app.core.storage import ObjectStore, open_store


@dataclass(slots=True)
class Resources:
    """Opened once per process (in a worker: once per child, after the fork) and passed on, never imported."""

    settings: Settings
    database: Database
    redis: RedisGate
    store: ObjectStore

    @classmethod
    def open(cls, settings: Settings, *, pool_size: int | None = None) -> "Resources":
        return cls(settings, Database(settings, pool_size=pool_size), RedisGate(settings), open_store(settings))

    async def close(self) -> None:
        await self.redis.close()
        await self.database.close()
