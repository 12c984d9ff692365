"""`python -m app doctor`: what is wrong with this installation, and what to do about it."""

import asyncio
import os
import sys

import asyncpg
import typer
from pydantic import ValidationError
from redis import RedisError

from app.cli.checks import database, installation
from app.cli.checks import redis as broker
from app.cli.checks.finding import Finding, Level, fail, ok
from app.cli.environment import ROOT, ServersHalfGiven, data_directory, has_given_servers
from app.core import migrations
from app.core.config import Settings
from app.supervisor.claim import find_running

COLOURS = {Level.OK: typer.colors.GREEN, Level.WARN: typer.colors.YELLOW, Level.FAIL: typer.colors.RED}


def doctor() -> None:
    """Say what is wrong with this installation and what to do; exit code 1 when something is broken."""
    findings = examine()
    for finding in findings:
        level = typer.style(f"{finding.level:<4}", fg=COLOURS[finding.level], bold=True)
        typer.echo(f"{level}  {finding.topic}: {finding.text}")
    broken = sum(finding.level is Level.FAIL for finding in findings)
    typer.echo(f"\n{broken} broken" if broken else "\nNothing is broken.")
    raise typer.Exit(1 if broken else 0)


def examine() -> list[Finding]:
    """Every check, from the ground up; what cannot be asked because something below is broken is left out."""
    findings = [installation.check_python((sys.version_info.major, sys.version_info.minor))]
    findings += installation.check_packages((ROOT / "requirements.txt").read_text().splitlines())
    try:
        settings = Settings()
        given = has_given_servers(settings)
    except ValidationError as error:
        return findings + installation.refused_settings(error)
    except ServersHalfGiven as error:
        return [*findings, fail("Settings", str(error))]
    findings += [installation.check_secret(settings), installation.check_storage(settings, ROOT)]
    running = find_running(data_directory(settings))
    findings.append(installation.check_port("127.0.0.1", int(os.environ.get("PORT", "8000")), ours=bool(running)))
    if given:
        return findings + examine_servers(settings)
    findings += installation.check_embedded_servers()
    if not running:
        return [*findings, ok("Servers", "not running; `python -m app run` starts them, then this looks into them too")]
    joined = {name.lower(): value for name, value in running.environment.items()}
    return findings + examine_servers(Settings.model_validate(joined))


def examine_servers(settings: Settings) -> list[Finding]:
    """The checks that talk to the database and to Redis."""
    return [installation.check_database_urls(settings), *_examine_database(settings), *_examine_redis(settings)]


def _examine_database(settings: Settings) -> list[Finding]:
    try:
        facts = asyncio.run(database.gather(settings, migrations.head("tenant")))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [database.unreachable(settings, error)]
    return [
        database.check_version(facts),
        database.check_extensions(facts),
        *database.check_roles(facts, settings),
        database.check_revision(facts, migrations.head("shared")),
        database.check_tenants(facts),
        database.check_clock(facts),
    ]


def _examine_redis(settings: Settings) -> list[Finding]:
    try:
        facts = broker.gather(settings)
    except RedisError as error:
        return [broker.unreachable(settings, error)]
    return [broker.check_version(facts), broker.check_eviction(facts), broker.check_persistence(facts)]
