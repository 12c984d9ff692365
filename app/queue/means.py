"""What the engine's verbs need to do their work, handed down from the process that opened it."""

from collections.abc import Callable
from dataclasses import dataclass

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.config import Settings
from app.core.database import Sessions
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.core.tenancy import NO_SCOPE, Scope


@dataclass(frozen=True, slots=True)
class Means:
    """The pools of a worker child, and whether the worker is stopping."""

    resources: Resources
    system: SystemDatabase
    is_stopping: Callable[[], bool]

    @property
    def settings(self) -> Settings:
        return self.resources.settings

    def sessions(self, scope: Scope) -> Sessions:
        """Sessions in a scope; under the system role where the work is the platform's."""
        return Sessions(self._engine(scope), scope)

    async def fetch_row(self, scope: Scope, sql: str, *values: object) -> asyncpg.Record | None:
        """One statement outside a transaction, in one round trip, straight through the driver: a job claims and ends by
        two of these, and SQLAlchemy's way costs three times as much. JSON is given as text.
        """
        pooled = await self._engine(scope).raw_connection()
        try:
            row: asyncpg.Record | None = await pooled.driver_connection.fetchrow(sql, *values)  # type: ignore[union-attr]
        except BaseException as error:
            # SQLAlchemy has not seen the error, so it cannot tell whether the connection still lives.
            pooled.invalidate(error)
            raise
        # Nothing was begun through it, so there is nothing to take back and nothing to wait for.
        pooled.close()
        return row

    async def close(self) -> None:
        await self.system.close()
        await self.resources.close()

    def _engine(self, scope: Scope) -> AsyncEngine:
        return self.system.engine if scope == NO_SCOPE else self.resources.database.engine
