"""`python -m app tenants migrate` and `… status`: the schemas of all tenants, after `migrate` did the shared tables."""

import asyncio
import sys
from collections import Counter
from typing import Annotated, NoReturn

import typer
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from app.accounts import upgrades
from app.cli.environment import running_environment
from app.core import migrations
from app.core.config import Settings

tenants_app = typer.Typer(no_args_is_help=True, help="The schemas of the tenants: where they are, bringing them on.")

Parallel = Annotated[int, typer.Option(min=1, max=32, help="How many tenants at a time, one connection each.")]
Everyone = Annotated[bool, typer.Option("--all", help="List tenants at the newest revision too.")]


@tenants_app.command("migrate")
def migrate(parallel: Parallel = 4) -> None:
    """Bring every tenant to the newest revision. Safe to break off and to repeat; exit code 1 when one is left."""
    settings, owner_url = _installation()
    try:
        outcomes = asyncio.run(bring_on(settings, owner_url, parallel))
    except (OSError, TimeoutError, PostgresError, DBAPIError) as error:
        _give_up(f"{error}\n`python -m app doctor` looks closer")
    left = outcomes["busy"] + outcomes["failed"]
    print(f"{outcomes['upgraded']} tenants brought to {migrations.head('tenant')}, {left} left behind.")
    if left:
        raise typer.Exit(1)


@tenants_app.command("status")
def status(everyone: Everyone = False) -> None:
    """Show where the tenants are; exit code 1 when one is behind."""
    settings, owner_url = _installation()
    try:
        found = asyncio.run(upgrades.list_revisions(settings, owner_url))
    except (OSError, TimeoutError, PostgresError, DBAPIError) as error:
        _give_up(f"{error}\n`python -m app migrate` makes the tables, `python -m app doctor` looks closer")
    for tenant in found:
        if everyone or not tenant.is_current:
            print(f"tenant {tenant.id}: {tenant.revision}  {tenant.name}")
    behind = sum(not tenant.is_current for tenant in found)
    print(f"{len(found)} tenants, newest revision {migrations.head('tenant')}, {behind} behind.")
    if behind:
        print("`python -m app tenants migrate` brings them there.")
        raise typer.Exit(1)


async def bring_on(settings: Settings, owner_url: str, parallel: int) -> Counter[str]:
    """Bring every tenant to the newest revision, saying what becomes of each; answers how many came to which end."""
    outcomes: Counter[str] = Counter()
    async for tenant in upgrades.upgrade_tenants(settings, owner_url, parallel=parallel):
        outcomes[tenant.outcome] += 1
        print(f"tenant {tenant.id}: {tenant.outcome}{f' ({tenant.detail})' if tenant.detail else ''}", flush=True)
    return outcomes


def _installation() -> tuple[Settings, str]:
    settings = Settings()
    running = running_environment(settings)
    owner_url = running.get("DATABASE_OWNER_URL") or settings.database_owner_url or settings.database_url
    if not owner_url:
        _give_up("no database: set DATABASE_URL, or start the embedded one with `python -m app run`")
    return settings, owner_url


def _give_up(reason: str) -> NoReturn:
    print(f"Cannot reach the tenants: {reason}.", file=sys.stderr)
    raise typer.Exit(1)
