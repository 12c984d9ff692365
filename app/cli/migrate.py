"""`python -m app migrate`: the shared tables and the template of the tenants' tables, to the newest revision; with
`--tenants` the tenants' too, as far as a bounded time reaches.
"""

import asyncio
import sys
from typing import Annotated, NoReturn

import typer
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from app.cli.environment import running_environment
from app.cli.tenants import bring_on
from app.core import migrations
from app.core.config import Settings

TENANTS_SECONDS = 60
TENANTS_AT_A_TIME = 4

Tenants = Annotated[bool, typer.Option("--tenants", help="Go on with the tenants, for a minute at most.")]


def migrate(tenants: Tenants = False) -> None:
    """Bring the shared tables and the template to the newest revision; safe to repeat. Tenants follow by `tenants`."""
    settings = Settings()
    running = running_environment(settings)
    owner_url = running.get("DATABASE_OWNER_URL") or settings.database_owner_url or settings.database_url
    if not owner_url:
        _give_up(
            "no database: set DATABASE_URL; the embedded one is migrated by `python -m app run` whenever it starts"
        )
    try:
        asyncio.run(_migrate(settings, owner_url, tenants=tenants))
    except (OSError, TimeoutError, PostgresError, DBAPIError) as error:
        _give_up(f"{error}\n`python -m app doctor` looks closer")
    print(f"Shared tables at {migrations.head('shared')}, template at {migrations.head('tenant')}.")
    if not tenants:
        print("`python -m app tenants migrate` brings the tenants there, `… tenants status` shows where they are.")


async def _migrate(settings: Settings, owner_url: str, *, tenants: bool) -> None:
    if not (tenants and await migrations.is_current(owner_url)):
        await migrations.upgrade(owner_url)
    if tenants:
        try:
            async with asyncio.timeout(TENANTS_SECONDS):
                await bring_on(settings, owner_url, TENANTS_AT_A_TIME)
        except TimeoutError:
            print(f"Not all tenants were done in {TENANTS_SECONDS} s; the next start goes on with them.")


def _give_up(reason: str) -> NoReturn:
    print(f"Cannot migrate: {reason}.", file=sys.stderr)
    raise typer.Exit(1)
