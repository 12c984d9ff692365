"""Running Alembic's two branches from code: the shared tables, the template, the stored text for new tenants, each
tenant.

`alembic/env.py` is the other half; what a migration does stands in alembic/shared and alembic/tenant.
"""

import asyncio
import io
from datetime import datetime
from pathlib import Path
from typing import Literal

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, DateTime, Text, func, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.pool import NullPool

from alembic import command
from app.core.database import SharedBase
from app.core.tenancy import TEMPLATE_SCHEMA, RowScope

Branch = Literal["shared", "tenant"]
INI = Path(__file__).resolve().parents[2] / "alembic.ini"
TENANT_VERSION_TABLE = "schema_version"
LOCK_TIMEOUT = "2s"


class TenantDdl(SharedBase):
    """The text that provision_tenant runs, one row per tenant revision; written by the last migration."""

    __tablename__ = "tenant_ddl"
    row_scope = RowScope.PLATFORM

    revision: Mapped[str] = mapped_column(Text, primary_key=True)
    ddl: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def config(branch: Branch, *, connection: Connection | None = None) -> Config:
    """An Alembic configuration of one branch, bound to an open connection when given."""
    made = Config(INI, ini_section="alembic" if branch == "shared" else "tenant")
    made.set_section_option(made.config_ini_section, "script_location", str(INI.parent / "alembic"))
    made.set_section_option(made.config_ini_section, "version_locations", str(INI.parent / "alembic" / branch))
    made.attributes["connection"] = connection
    return made


def head(branch: Branch) -> str:
    """The newest revision of a branch."""
    revision = ScriptDirectory.from_config(config(branch)).get_current_head()
    if revision is None:
        raise RuntimeError(f"the {branch} branch has no migration")
    return revision


def previous(branch: Branch) -> str | None:
    """The revision before the newest one; the runtime accepts tenants at head or here."""
    down = ScriptDirectory.from_config(config(branch)).get_revision(head(branch)).down_revision
    return down if isinstance(down, str) else None


def _tenant_context(script: ScriptDirectory, connection: Connection | None, **options: object) -> MigrationContext:
    # Alembic's upgrade command builds its step function from the same method; an EnvironmentContext cannot be nested
    # in the one that `alembic upgrade head` has open, a MigrationContext can.
    def steps(revision: object, _context: object) -> object:
        return script._upgrade_revs("head", revision)  # type: ignore[arg-type]  # noqa: SLF001

    return MigrationContext.configure(
        connection, dialect_name="postgresql", opts={"fn": steps, "version_table": TENANT_VERSION_TABLE, **options}
    )


def _run(context: MigrationContext) -> None:
    with Operations.context(context), context.begin_transaction():
        context.run_migrations()


def tenant_ddl(since: str | None = None) -> str:
    """The tenant branch, whole or from a revision on, as one SQL text for a schema that the search_path names."""
    buffer = io.StringIO()
    options = {
        "as_sql": True,
        "output_buffer": buffer,
        "literal_binds": True,
        "transactional_ddl": False,
        "starting_rev": since,
    }
    _run(_tenant_context(ScriptDirectory.from_config(config("tenant")), None, **options))
    return buffer.getvalue()


def upgrade_schema(connection: Connection, schema: str) -> None:
    """Bring one tenant schema to the newest revision, in the connection's transaction."""
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": f'"{schema}", public'})
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    script = ScriptDirectory.from_config(config("tenant"))
    _run(_tenant_context(script, connection, version_table_schema=schema))


def upgrade_template(connection: Connection) -> None:
    """Make or renew the template schema and store the text that provision_tenant runs."""
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{TEMPLATE_SCHEMA}"'))
    upgrade_schema(connection, TEMPLATE_SCHEMA)
    connection.execute(
        text(
            "INSERT INTO public.tenant_ddl (revision, ddl) VALUES (:revision, :ddl)"
            " ON CONFLICT (revision) DO UPDATE SET ddl = excluded.ddl, stored_at = now()"
        ),
        {"revision": head("tenant"), "ddl": tenant_ddl()},
    )
    connection.execute(text("SELECT set_config('search_path', 'public', true)"))


def _upgrade_shared(connection: Connection) -> None:
    command.upgrade(config("shared", connection=connection), "head")


async def is_current(owner_url: str) -> bool:
    """Whether the shared tables and the template are at the newest revision; quicker than finding nothing to do."""
    engine = owner_engine(owner_url)
    versions = {
        "public.alembic_version": head("shared"),
        f'"{TEMPLATE_SCHEMA}".{TENANT_VERSION_TABLE}': head("tenant"),
    }
    try:
        async with engine.connect() as connection:
            for table, newest in versions.items():
                if await connection.scalar(text("SELECT to_regclass(:table)"), {"table": table}) is None:
                    return False
                if await connection.scalar(text(f"SELECT version_num FROM {table}")) != newest:
                    return False
    finally:
        await engine.dispose()
    return True


async def upgrade(owner_url: str) -> None:
    """Bring the shared tables and the template to the newest revision; safe to repeat and to race."""
    engine = owner_engine(owner_url)
    try:
        async with engine.begin() as connection:
            # Two installations starting at once must not migrate at the same time.
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('crossdock.migrate'))"))
            await connection.run_sync(_upgrade_shared)
            await connection.run_sync(upgrade_template)
    finally:
        await engine.dispose()


def owner_engine(owner_url: str, *, search_path: str = "public") -> AsyncEngine:
    """An unpooled engine for the owner of the tables."""
    return create_async_engine(
        owner_url, poolclass=NullPool, connect_args={"server_settings": {"search_path": search_path}, "timeout": 10}
    )


def upgrade_blocking(owner_url: str) -> None:
    """`upgrade` for callers without an event loop."""
    asyncio.run(upgrade(owner_url))
