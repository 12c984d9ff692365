"""`tenants migrate`: every tenant behind is brought on, whatever breaks it off, and nobody is left in between."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.accounts import upgrades
from app.core import migrations
from app.core.config import Settings
from app.core.tenancy import schema_name, table
from tests.accounts.lab import Account, Lab

HEAD = migrations.head("tenant")
BEFORE = migrations.previous("tenant")
MIGRATE = (sys.executable, "-m", "app", "tenants", "migrate", "--parallel")
STATUS = (sys.executable, "-m", "app", "tenants", "status")


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The owner of the tables."""
    engine = migrations.owner_engine(settings.database_url)
    yield engine
    await engine.dispose()


def downgrade(connection: Connection, schema: str, to: str | None) -> None:
    script = ScriptDirectory.from_config(migrations.config("tenant"))

    def steps(revision: str, _context: MigrationContext) -> object:
        return script._downgrade_revs(str(to), revision)

    options = {"fn": steps, "version_table": migrations.TENANT_VERSION_TABLE, "version_table_schema": schema}
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context), context.begin_transaction():
        context.run_migrations()


async def put_back(engine: AsyncEngine, account: Account, to: str | None = BEFORE) -> int:
    """A tenant as the previous release, or an older one, left it."""
    assert account.tenant_id is not None
    schema = schema_name(account.tenant_id)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": f'"{schema}", public'})
        await connection.run_sync(downgrade, schema, to)
        await connection.execute(
            text("UPDATE public.tenants SET revision = :revision WHERE id = :id"),
            {"revision": to, "id": account.tenant_id},
        )
    return account.tenant_id


async def shape(connection: AsyncConnection, tenant_id: int) -> Sequence[tuple[object, ...]]:
    """The columns, indexes, constraints, triggers and grants of a tenant's schema, without its name."""
    schema = schema_name(tenant_id)
    query = """
        SELECT table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = :schema
        UNION ALL
        SELECT indexname, replace(indexdef, :schema || '.', '') FROM pg_indexes WHERE schemaname = :schema
        UNION ALL
        SELECT conname, replace(pg_get_constraintdef(oid), :schema || '.', '') FROM pg_constraint
        WHERE connamespace = CAST(:schema AS regnamespace)
        UNION ALL
        SELECT tgname, replace(pg_get_triggerdef(t.oid), :schema || '.', '')
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT tgisinternal AND relnamespace = CAST(:schema AS regnamespace)
        UNION ALL
        SELECT relname, grant_of.privilege_type || ' to ' || CAST(grantee AS regrole)
        FROM pg_class, aclexplode(relacl) AS grant_of
        WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind = 'r'
        ORDER BY 1, 2
    """
    return [tuple(row) for row in await connection.execute(text(query), {"schema": schema})]


async def stored_revision(connection: AsyncConnection, tenant_id: int) -> tuple[str, str]:
    """What the schema says about itself, and what the list of tenants says."""
    own = await connection.scalar(text(f"SELECT version_num FROM {table(tenant_id, migrations.TENANT_VERSION_TABLE)}"))
    listed = await connection.scalar(text("SELECT revision FROM public.tenants WHERE id = :id"), {"id": tenant_id})
    return str(own), str(listed)


async def run(*command: str) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await child.communicate()
    assert child.returncode is not None
    return child.returncode, output.decode()


async def test_tenants_behind_end_with_the_very_schema_of_new_ones(lab: Lab, owner: AsyncEngine) -> None:
    behind = [await put_back(owner, await lab.register()) for _ in range(5)]
    fresh = await lab.register()
    code, said = await run(*STATUS)
    assert (code, f"{len(behind)} behind" in said) == (1, True), said
    code, said = await run(*MIGRATE, "3")
    assert (code, f"{len(behind)} tenants brought to {HEAD}, 0 left behind." in said) == (0, True), said
    async with owner.connect() as connection:
        for tenant_id in behind:
            assert await stored_revision(connection, tenant_id) == (HEAD, HEAD)
            assert await shape(connection, tenant_id) == await shape(connection, int(str(fresh.tenant_id)))
    assert (await run(*STATUS))[0] == 0
    code, said = await run(*MIGRATE, "3")
    assert (code, "0 tenants brought" in said) == (0, True), said


async def test_a_tenant_of_the_first_release_gets_everything_that_came_since(lab: Lab, owner: AsyncEngine) -> None:
    behind, fresh = await put_back(owner, await lab.register(), to="t0003"), await lab.register()
    async with owner.connect() as connection:
        assert await shape(connection, behind) != await shape(connection, int(str(fresh.tenant_id)))
    done = [one async for one in upgrades.upgrade_tenants(lab.settings, lab.settings.database_url, parallel=1)]
    assert [(one.id, one.outcome) for one in done] == [(behind, "upgraded")]
    async with owner.connect() as connection:
        assert await shape(connection, behind) == await shape(connection, int(str(fresh.tenant_id)))


async def test_killed_in_the_middle_a_tenant_is_as_it_was_and_the_next_run_goes_on(
    lab: Lab, owner: AsyncEngine
) -> None:
    behind = [await put_back(owner, await lab.register()) for _ in range(4)]
    held = behind[2]
    async with owner.connect() as connection:
        before = await shape(connection, held)
    async with owner.connect() as blocker, owner.connect() as watcher:
        # The version is written after the tables are made: with it locked for writing, the tenant stands half-way.
        versions = table(held, migrations.TENANT_VERSION_TABLE)
        await blocker.execute(text(f"LOCK TABLE {versions} IN SHARE MODE"))
        child = await asyncio.create_subprocess_exec(*MIGRATE, "1", stdout=asyncio.subprocess.DEVNULL)
        async with asyncio.timeout(30):
            while not await waits_for(watcher, versions):  # noqa: ASYNC110 (another process changes it)
                await asyncio.sleep(0.02)
        child.kill()
        await child.wait()
        await blocker.rollback()
    async with owner.connect() as connection:
        assert await shape(connection, held) == before
        found = [await stored_revision(connection, tenant_id) for tenant_id in behind]
        assert found == [(HEAD, HEAD), (HEAD, HEAD), (BEFORE, BEFORE), (BEFORE, BEFORE)]
    code, said = await run(*MIGRATE, "1")
    assert (code, f"2 tenants brought to {HEAD}" in said) == (0, True), said
    async with owner.connect() as connection:
        assert {await stored_revision(connection, tenant_id) for tenant_id in behind} == {(HEAD, HEAD)}


async def waits_for(connection: AsyncConnection, name: str) -> bool:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = to_regclass(:name)")
    found = await connection.scalar(waiting, {"name": name})
    await connection.rollback()
    return bool(found)


async def test_two_runs_at_once_upgrade_each_tenant_once(lab: Lab, owner: AsyncEngine) -> None:
    behind = [await put_back(owner, await lab.register()) for _ in range(4)]
    codes = [code for code, _ in await asyncio.gather(run(*MIGRATE, "2"), run(*MIGRATE, "2"))]
    assert codes == [0, 0]
    async with owner.connect() as connection:
        assert {await stored_revision(connection, tenant_id) for tenant_id in behind} == {(HEAD, HEAD)}


async def test_a_tenant_in_use_is_passed_over_and_named(
    lab: Lab, owner: AsyncEngine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrades, "BUSY_RETRIES", 2)
    monkeypatch.setattr(upgrades, "BUSY_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "100ms")
    busy, free = [await put_back(owner, await lab.register()) for _ in range(2)]
    async with owner.connect() as blocker:
        versions = table(busy, migrations.TENANT_VERSION_TABLE)
        await blocker.execute(text(f"LOCK TABLE {versions} IN SHARE MODE"))
        outcomes = {
            done.id: done.outcome
            async for done in upgrades.upgrade_tenants(settings, settings.database_url, parallel=2)
        }
        await blocker.rollback()
    assert outcomes == {busy: "busy", free: "upgraded"}
    again = [done async for done in upgrades.upgrade_tenants(settings, settings.database_url, parallel=2)]
    assert [(done.id, done.outcome) for done in again] == [(busy, "upgraded")]


async def test_the_program_works_with_tenants_at_the_revision_before(lab: Lab, owner: AsyncEngine) -> None:
    account = await lab.register()
    await put_back(owner, account)
    await lab.authenticator.forget(account.user_id)
    assert await lab.is_let_in(account.access)
    assert [done async for done in upgrades.upgrade_tenants(lab.settings, lab.settings.database_url, parallel=1)]
