"""How Alembic reaches the database: with a connection handed in by app/core/migrations.py, or by the settings' owner
URL.
"""

import asyncio

from sqlalchemy import Connection

from alembic import command, context
from app import models
from app.core import migrations
from app.core.config import get_settings
from app.core.tenancy import TEMPLATE_SCHEMA

config = context.config
is_tenant = config.config_ini_section == "tenant"
metadata = models.TENANT_METADATA if is_tenant else models.SHARED_METADATA
version_table = migrations.TENANT_VERSION_TABLE if is_tenant else "alembic_version"


def _include(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name not in {"alembic_version", migrations.TENANT_VERSION_TABLE}


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=version_table,
        version_table_schema=TEMPLATE_SCHEMA if is_tenant else None,
        include_name=_include,
        compare_type=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run_online() -> None:
    settings = get_settings()
    url = settings.database_owner_url or settings.database_url
    engine = migrations.owner_engine(url, search_path=TEMPLATE_SCHEMA if is_tenant else "public")
    upgrading = getattr(config.cmd_opts, "cmd", (None,))[0] is command.upgrade
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run)
            if upgrading and not is_tenant:
                await connection.run_sync(migrations.upgrade_template)
    finally:
        await engine.dispose()


if (given := config.attributes.get("connection")) is not None:
    _run(given)
else:
    asyncio.run(_run_online())
