"""The door to the system role, which sees across tenants through policies of its own on exactly the tables it needs.

Its importers are an allow-list in the import contracts: relay, sweeper, schedules, credential routing, administration.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import Sessions, make_engine
from app.core.tenancy import NO_SCOPE, Scope


class SystemDatabase:
    """A small pool under the system role."""

    def __init__(self, settings: Settings, *, pool_size: int = 3) -> None:
        url = settings.database_system_url or settings.database_url
        role = None if settings.database_system_url else settings.database_role_system
        self.engine = make_engine(url, settings, role=role, pool_size=pool_size)

    def sessions(self, scope: Scope = NO_SCOPE) -> Sessions:
        """A maker of sessions under the system role; a scope adds the tenant's search path and settings."""
        return Sessions(self.engine, scope)

    @asynccontextmanager
    async def session(self, scope: Scope = NO_SCOPE) -> AsyncIterator[AsyncSession]:
        """One transaction under the system role."""
        async with self.sessions(scope).begin() as session:
            yield session

    async def close(self) -> None:
        await self.engine.dispose()
