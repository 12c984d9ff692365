"""What the database itself says about tenancy, over every table: policies, owners, grants, functions, roles."""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app import models
from app.core import migrations
from app.core.config import Settings
from app.core.database import SharedBase
from app.core.tenancy import TEMPLATE_SCHEMA, RowScope
from tests.conftest import Seller

SHARED = {mapper.class_.__tablename__: mapper.class_ for mapper in SharedBase.registry.mappers}
_SETTING = r"\(NULLIF\(current_setting\('app.{name}'::text, true\), ''::text\)\)::{type}"
OWN_TENANT = rf"\((id|tenant_id) = {_SETTING.format(name='tenant_id', type='bigint')}\)"
OWN_USER = rf"\((id|user_id) = {_SETTING.format(name='user_id', type='uuid')}\)"
CONDITION = {RowScope.TENANT: OWN_TENANT, RowScope.USER: OWN_USER}
ALEMBIC = {"alembic_version"}
WITH_THE_OWNERS_POWERS = {"provision_tenant(bigint)", "analyze_tables(text[])"}

POLICIES = """
    SELECT policyname, cmd, roles::text[] AS roles, qual, with_check, permissive
    FROM pg_policies WHERE schemaname = 'public' AND tablename = :table
"""


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[AsyncConnection]:
    """A connection of the owner of the tables."""
    engine = migrations.owner_engine(settings.database_url)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def rows(connection: AsyncConnection, query: str, **values: object) -> list[Row[*tuple[object, ...]]]:
    return list(await connection.execute(text(query), values))


async def names(connection: AsyncConnection, query: str, **values: object) -> set[str]:
    return {str(row[0]) for row in await rows(connection, query, **values)}


async def test_public_holds_the_shared_tables_and_nothing_else(owner: AsyncConnection) -> None:
    query = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
          AND NOT starts_with(relname, 'test_')
    """  # tests of the engine keep their steps in a table of their own, in the same database
    assert await names(owner, query) == SHARED.keys() | ALEMBIC
    tenant_tables = set(models.TENANT_METADATA.tables)
    assert tenant_tables.isdisjoint(SHARED.keys() | ALEMBIC)


async def test_the_template_and_a_new_tenant_hold_the_tenant_tables(owner: AsyncConnection, seller: Seller) -> None:
    for schema in (TEMPLATE_SCHEMA, f"user_{seller.tenant_id}"):
        found = await names(owner, "SELECT tablename FROM pg_tables WHERE schemaname = :schema", schema=schema)
        assert found == set(models.TENANT_METADATA.tables) | {migrations.TENANT_VERSION_TABLE}


@pytest.mark.parametrize("name", sorted(SHARED))
async def test_a_shared_table_is_guarded_as_its_model_says(
    owner: AsyncConnection, settings: Settings, name: str
) -> None:
    model = SHARED[name]
    [switches] = await rows(
        owner, "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = to_regclass(:table)", table=name
    )
    policies = {row.policyname: row for row in await rows(owner, POLICIES, table=name)}
    if model.row_scope is RowScope.PLATFORM:
        assert (tuple(switches), policies) == ((False, False), {})
        return
    assert tuple(switches) == (True, True)
    assert all(policy.permissive == "PERMISSIVE" and policy.cmd == "ALL" for policy in policies.values())
    assert all(policy.qual == policy.with_check for policy in policies.values())
    mine = policies.pop("app_rows")
    assert mine.roles == [settings.database_role_app]
    assert re.fullmatch(CONDITION[model.row_scope], mine.qual)
    if "user_rows" in policies:
        # A row of a tenant's table that belongs to no tenant is its user's.
        theirs = policies.pop("user_rows")
        assert (model.row_scope, theirs.roles) == (RowScope.TENANT, [settings.database_role_app])
        assert re.fullmatch(rf"\(\(tenant_id IS NULL\) AND {OWN_USER}\)", theirs.qual)
    if model.system_access:
        everything = policies.pop("system_rows")
        assert (everything.roles, everything.qual) == ([settings.database_role_system], "true")
    assert policies == {}


@pytest.mark.parametrize("name", sorted(SHARED))
async def test_the_system_role_reaches_only_tables_that_declare_it(
    owner: AsyncConnection, settings: Settings, name: str
) -> None:
    query = """
        SELECT bool_or(has_table_privilege(:role, to_regclass(:table), privilege))
        FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
    """
    [[reaches]] = await rows(owner, query, role=settings.database_role_system, table=name)
    assert reaches is SHARED[name].system_access


async def test_secrets_are_out_of_reach_of_the_application_role(owner: AsyncConnection, settings: Settings) -> None:
    query = """
        SELECT table_name FROM unnest(ARRAY['identities', 'refresh_tokens']) AS table_name
        WHERE has_any_column_privilege(:role, table_name, 'SELECT, INSERT, UPDATE')
           OR has_table_privilege(:role, table_name, 'DELETE')
    """
    assert await names(owner, query, role=settings.database_role_app) == set()


async def test_both_roles_own_nothing_and_have_no_powers(owner: AsyncConnection, settings: Settings) -> None:
    both = [settings.database_role_app, settings.database_role_system]
    powers = """
        SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication
        FROM pg_roles WHERE rolname = ANY(:both)
    """
    found = {row.rolname: tuple(row)[1:] for row in await rows(owner, powers, both=both)}
    assert found == dict.fromkeys(both, (False,) * 5)
    owned = """
        WITH roles AS (SELECT oid FROM pg_roles WHERE rolname = ANY(:both))
        SELECT relname FROM pg_class JOIN roles ON roles.oid = relowner
        UNION ALL SELECT nspname FROM pg_namespace JOIN roles ON roles.oid = nspowner
        UNION ALL SELECT proname FROM pg_proc JOIN roles ON roles.oid = proowner
    """
    assert await names(owner, owned, both=both) == set()
    memberships = """
        SELECT roleid::regrole::text FROM pg_auth_members
        WHERE member = ANY(SELECT oid FROM pg_roles WHERE rolname = ANY(:both))
    """
    assert await names(owner, memberships, both=both) == set()
    making = (
        "SELECT role FROM unnest(CAST(:both AS text[])) AS role WHERE has_schema_privilege(role, 'public', 'CREATE')"
    )
    assert await names(owner, making, both=both) == set()


async def test_functions_with_the_owners_powers_have_a_fixed_search_path(owner: AsyncConnection) -> None:
    query = """
        SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    """
    assert await names(owner, query) <= WITH_THE_OWNERS_POWERS
    loose = f"{query} AND NOT coalesce(p.proconfig::text, '') LIKE '%search_path=pg_catalog%'"
    assert await names(owner, loose) == set()


async def test_only_the_system_role_makes_tenants(owner: AsyncConnection, settings: Settings) -> None:
    query = "SELECT has_function_privilege(:role, 'provision_tenant(bigint)', 'EXECUTE')"
    [[system]] = await rows(owner, query, role=settings.database_role_system)
    [[app]] = await rows(owner, query, role=settings.database_role_app)
    assert (system, app) == (True, False)


async def test_no_key_crosses_from_one_schema_to_another(owner: AsyncConnection, seller: Seller) -> None:
    query = """
        SELECT c.conname FROM pg_constraint c
        JOIN pg_class here ON here.oid = c.conrelid JOIN pg_class there ON there.oid = c.confrelid
        WHERE c.contype = 'f' AND here.relnamespace <> there.relnamespace
    """
    assert await names(owner, query) == set()


async def test_tenants_use_no_enum_of_their_own(owner: AsyncConnection) -> None:
    assert await names(owner, "SELECT typname FROM pg_type WHERE typtype = 'e'") == set()
