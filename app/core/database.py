"""Engines, sessions and the declarative bases. A session belongs to a scope and applies it at the start of every
transaction; nothing is set for longer than a transaction, so a pooled connection never carries a tenant to its next
user.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from sqlalchemy import Connection, MetaData, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction

from app.core import context
from app.core.config import Settings
from app.core.tenancy import NO_SCOPE, RowScope, Scope

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class SharedBase(DeclarativeBase):
    """Tables in `public`. Every model declares `row_scope`; `system_access` opens the table to the system role."""

    metadata = MetaData(naming_convention=NAMING)
    row_scope: ClassVar[RowScope]
    system_access: ClassVar[bool] = False


class TenantBase(DeclarativeBase):
    """Tables in each tenant's schema, found by search_path; they have no tenant column and no key into another
    schema.
    """

    metadata = MetaData(naming_convention=NAMING)


class ScopedSession(Session):
    """The synchronous half of our sessions; a class of its own so that the hook below is ours only."""


@event.listens_for(ScopedSession, "after_begin")
def _apply_scope(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    scope: Scope = session.info.get("scope", NO_SCOPE)
    connection.exec_driver_sql(
        "SELECT set_config('search_path', $1, true), set_config('app.tenant_id', $2, true),"
        " set_config('app.user_id', $3, true), set_config('app.job_id', $4, true)",
        (
            scope.search_path,
            "" if scope.tenant_id is None else str(scope.tenant_id),
            "" if scope.user_id is None else str(scope.user_id),
            # Grants nothing: what is written tells by it which job has written it.
            "" if (job_id := context.current().job_id) is None else str(job_id),
        ),
    )


def make_engine(url: str, settings: Settings, *, role: str | None = None, pool_size: int | None = None) -> AsyncEngine:
    """An engine whose connections run under `role` (SET ROLE at connect) when the URL's user is not that role
    itself.
    """
    server_settings = {
        "application_name": "crossdock",
        "search_path": "public",
        "statement_timeout": str(settings.database_statement_timeout_ms),
        "idle_in_transaction_session_timeout": "60000",
    }
    if role:
        server_settings["role"] = role
    return create_async_engine(
        url,
        pool_size=pool_size or settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        pool_pre_ping=settings.database_pre_ping,
        pool_recycle=1800,
        connect_args={"server_settings": server_settings, "timeout": 5},
    )


class Database:
    """The pool of the application role. `session` opens a scoped session, `read` an autocommit connection for hot
    reads.
    """

    def __init__(self, settings: Settings, *, pool_size: int | None = None) -> None:
        # With one URL for all roles the pool steps down to the application's role; with URLs of their own it already
        # is it.
        role = None if settings.database_system_url else settings.database_role_app
        self.engine = make_engine(settings.database_url, settings, role=role, pool_size=pool_size)
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def sessions(self, scope: Scope) -> "Sessions":
        """A maker of sessions that all run in `scope`; what a three-phase verb is given."""
        return Sessions(self.engine, scope)

    @asynccontextmanager
    async def session(self, scope: Scope = NO_SCOPE) -> AsyncIterator[AsyncSession]:
        """A session in `scope`; commits when the block ends well, rolls back otherwise."""
        async with self.sessions(scope).begin() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection without a transaction: one statement, one round trip. It reaches only qualified or shared
        names.
        """
        async with self._autocommit.connect() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()


class Sessions:
    """Opens sessions of one scope: `async with sessions.begin() as session` is one transaction, one phase."""

    def __init__(self, engine: AsyncEngine, scope: Scope) -> None:
        self.engine = engine
        self.scope = scope

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """One transaction: commits when the block ends well, rolls back otherwise."""
        session = AsyncSession(
            self.engine, sync_session_class=ScopedSession, expire_on_commit=False, info={"scope": self.scope}
        )
        with context.transaction():
            async with session, session.begin():
                yield session
