"""What the engine's verbs need to do their work, handed down from the process that opened it."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.config import Settings
from app.core.database import Sessions
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.core.tenancy import Scope


@dataclass(frozen=True, slots=True)
class Means:
    """The pools of a worker child, and whether the worker is stopping."""

    resources: Resources
    system: SystemDatabase
    is_stopping: Callable[[], bool]

    @property
    def settings(self) -> Settings:
        return self.resources.settings

    def engine(self, scope: Scope) -> AsyncEngine:
        """The pool that reaches the rows of a scope: work that belongs to nobody is the platform's."""
        return self.system.engine if scope == Scope() else self.resources.database.engine

    def sessions(self, scope: Scope) -> Sessions:
        """Sessions in a scope; under the system role where the work is the platform's."""
        return Sessions(self.engine(scope), scope)

    async def close(self) -> None:
        await self.system.close()
        await self.resources.close()
