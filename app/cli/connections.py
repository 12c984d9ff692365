"""`python -m app connections rotate-keys`: after CREDENTIALS_KEY has changed."""

import asyncio
import os
import sys

import typer
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from app.cli.environment import running_environment
from app.connections.rotation import Rotated, rotate
from app.core.config import Settings
from app.core.system_session import SystemDatabase

connections_app = typer.Typer(no_args_is_help=True, help="Connections to vendors: the key of their secrets.")


@connections_app.callback()
def _commands() -> None:
    # A table of one command would otherwise drop the command's name.
    return


@connections_app.command("rotate-keys")
def rotate_keys() -> None:
    """Seal all credentials under CREDENTIALS_KEY; the key before stands in CREDENTIALS_KEY_PREVIOUS. Safe to break off
    and to repeat; exit code 1 when some cannot be opened.
    """
    os.environ.update({name: value for name, value in running_environment(Settings()).items() if value})
    settings = Settings()
    if not settings.database_url:
        print("No database: set DATABASE_URL, or start the embedded one with `python -m app run`.", file=sys.stderr)
        raise typer.Exit(1)
    try:
        done = asyncio.run(_rotate(settings))
    except (OSError, TimeoutError, PostgresError, DBAPIError) as error:
        print(f"Cannot reach the connections: {error}\n`python -m app doctor` looks closer.", file=sys.stderr)
        raise typer.Exit(1) from error
    print(f"{done.sealed} credentials sealed anew, {done.unreadable} that no configured key opens.")
    if done.unreadable:
        raise typer.Exit(1)


async def _rotate(settings: Settings) -> Rotated:
    system = SystemDatabase(settings)
    try:
        return await rotate(settings, system)
    finally:
        await system.close()
