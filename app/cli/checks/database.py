"""Checks of the given database: can it be reached, is it one we can work with, is its schema at the newest revision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from sqlalchemy.engine import make_url

from app.cli.checks.finding import Finding, fail, ok, warn
from app.core import clock
from app.core.config import Settings

EXTENSIONS = ("pg_trgm", "unaccent", "btree_gin")
OLDEST, NEWEST = 15, 18
TOLERATED_SKEW = timedelta(seconds=2)
CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the application and what it could do beside its grants."""

    bypasses_rows: bool
    can_be_taken: bool


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the database says about itself. Revisions are None before the first migration."""

    version: int
    extensions: frozenset[str]
    roles: Mapping[str, Role]
    shared_revision: str | None
    tenants: int
    tenants_behind: int
    clock_ahead: timedelta


async def gather(settings: Settings, tenant_head: str) -> DatabaseFacts:
    """Ask the database, as its owner when that URL is known."""
    url = make_url(settings.database_owner_url or settings.database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=CONNECT_SECONDS)
    try:
        return await _ask(connection, settings, tenant_head)
    finally:
        await connection.close()


async def _ask(connection: asyncpg.Connection, settings: Settings, tenant_head: str) -> DatabaseFacts:
    before = clock.now()
    there: datetime = await connection.fetchval("SELECT clock_timestamp()")
    here = before + (clock.now() - before) / 2
    available = await connection.fetch("SELECT name FROM pg_available_extensions WHERE name = ANY($1)", EXTENSIONS)
    roles = await connection.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls AS bypasses, pg_has_role(current_user, oid, 'MEMBER') AS taken"
        " FROM pg_roles WHERE rolname = ANY($1)",
        [settings.database_role_app, settings.database_role_system],
    )
    migrated = await connection.fetchval("SELECT to_regclass('public.alembic_version') IS NOT NULL")
    revision = await connection.fetchval("SELECT version_num FROM public.alembic_version") if migrated else None
    tenants, behind = await _count_tenants(connection, settings, tenant_head)
    return DatabaseFacts(
        version=connection.get_server_version().major,
        extensions=frozenset(row["name"] for row in available),
        roles={row["rolname"]: Role(row["bypasses"], row["taken"]) for row in roles},
        shared_revision=revision,
        tenants=tenants,
        tenants_behind=behind,
        clock_ahead=there - here,
    )


async def _count_tenants(connection: asyncpg.Connection, settings: Settings, head: str) -> tuple[int, int]:
    if not await connection.fetchval("SELECT to_regclass('public.tenants') IS NOT NULL"):
        return 0, 0
    async with connection.transaction():
        # Row-level security binds the owner too; the system role has a policy that shows every tenant.
        await connection.execute(f'SET LOCAL ROLE "{settings.database_role_system}"')
        row = await connection.fetchrow(
            "SELECT count(*) AS all, count(*) FILTER (WHERE revision <> $1) AS behind FROM public.tenants", head
        )
    return (row["all"], row["behind"]) if row else (0, 0)


def unreachable(settings: Settings, error: Exception) -> Finding:
    """Why the database does not answer, in words that say what to do."""
    url = make_url(settings.database_owner_url or settings.database_url)
    where = f"{url.host or url.query.get('host', 'localhost')}, database {url.database}"
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            text = f"{where} refuses user {url.username}; correct user and password in DATABASE_URL"
        case asyncpg.InvalidCatalogNameError():
            text = f"{where} does not exist; create it (`createdb {url.database}`) or correct DATABASE_URL"
        case TimeoutError():
            text = f"{where} does not answer within {CONNECT_SECONDS} s; check address, firewall and DATABASE_URL"
        case _:
            text = f"{where} cannot be reached ({error}); start PostgreSQL or correct DATABASE_URL"
    return fail("PostgreSQL", text)


def check_version(facts: DatabaseFacts) -> Finding:
    if facts.version < OLDEST:
        return fail("PostgreSQL", f"version {facts.version} is too old; use {OLDEST} to {NEWEST}")
    if facts.version > NEWEST:
        return warn("PostgreSQL", f"version {facts.version} is newer than what was tested ({OLDEST} to {NEWEST})")
    return ok("PostgreSQL", f"version {facts.version}")


def check_extensions(facts: DatabaseFacts) -> Finding:
    missing = [name for name in EXTENSIONS if name not in facts.extensions]
    if missing:
        return fail(
            "Extensions",
            f"{', '.join(missing)} cannot be created on this server; install its contrib package (postgresql-contrib)",
        )
    return ok("Extensions", f"{', '.join(EXTENSIONS)} available")


def check_roles(facts: DatabaseFacts, settings: Settings) -> list[Finding]:
    findings = []
    steps_down = not settings.database_system_url
    for name in (settings.database_role_app, settings.database_role_system):
        role = facts.roles.get(name)
        if role is None:
            findings.append(fail("Roles", f"{name} does not exist; `alembic upgrade head` as the owner creates it"))
        elif role.bypasses_rows:
            findings.append(
                fail("Roles", f'{name} bypasses row security; `ALTER ROLE "{name}" NOSUPERUSER NOBYPASSRLS`')
            )
        elif steps_down and not role.can_be_taken:
            findings.append(
                fail("Roles", f'the user of DATABASE_URL may not become {name}; `GRANT "{name}" TO` that user')
            )
        else:
            findings.append(ok("Roles", f"{name} is bound by row security"))
    return findings


def check_revision(facts: DatabaseFacts, head: str) -> Finding:
    if facts.shared_revision == head:
        return ok("Migrations", f"at {head}")
    state = f"at {facts.shared_revision}" if facts.shared_revision else "never migrated"
    return fail("Migrations", f"{state}, newest is {head}; run `alembic upgrade head`")


def check_tenants(facts: DatabaseFacts) -> Finding:
    if facts.tenants_behind:
        return warn(
            "Tenants",
            f"{facts.tenants_behind} of {facts.tenants} are behind the newest; run `python -m app tenants migrate`",
        )
    return ok("Tenants", f"{facts.tenants}, all at the newest revision")


def check_clock(facts: DatabaseFacts) -> Finding:
    if abs(facts.clock_ahead) > TOLERATED_SKEW:
        seconds = facts.clock_ahead.total_seconds()
        return warn(
            "Clock", f"the database's clock is {seconds:+.1f} s off ours; run a time service (NTP) on both machines"
        )
    return ok("Clock", "agrees with the database's")
