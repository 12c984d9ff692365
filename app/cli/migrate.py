"""`python -m app migrate`: the shared tables and the template of the tenants' tables, to the newest revision."""

import asyncio
import sys
from typing import NoReturn

import typer
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from app.cli.environment import running_environment
from app.core import migrations
from app.core.config import Settings


def migrate() -> None:
    """Bring the shared tables and the template to the newest revision; safe to repeat. Tenants follow by `tenants`."""
    settings = Settings()
    running = running_environment(settings)
    owner_url = running.get("DATABASE_OWNER_URL") or settings.database_owner_url or settings.database_url
    if not owner_url:
        _give_up(
            "no database: set DATABASE_URL; the embedded one is migrated by `python -m app run` whenever it starts"
        )
    try:
        asyncio.run(migrations.upgrade(owner_url))
    except (OSError, TimeoutError, PostgresError, DBAPIError) as error:
        _give_up(f"{error}\n`python -m app doctor` looks closer")
    print(f"Shared tables at {migrations.head('shared')}, template at {migrations.head('tenant')}.")
    print(
        "`python -m app tenants migrate` brings the tenants there, `python -m app tenants status` shows where they are."
    )


def _give_up(reason: str) -> NoReturn:
    print(f"Cannot migrate: {reason}.", file=sys.stderr)
    raise typer.Exit(1)
