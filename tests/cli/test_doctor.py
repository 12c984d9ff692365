"""What the doctor says about broken installations: every finding that is not OK says what to do."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from pydantic import ValidationError
from redis import AuthenticationError
from redis import ConnectionError as RedisAway

from app.cli.checks import database, installation
from app.cli.checks import redis as broker
from app.cli.checks.finding import Level
from app.core import migrations
from app.core.config import Settings
from app.supervisor.ports import free_port
from tests.support.servers import TestServers, execute, fresh_database

SECRET = "a secret of more than thirty-two bytes"
SOUND = database.DatabaseFacts(
    version=17,
    extensions=frozenset(database.EXTENSIONS),
    roles={
        "crossdock_app": database.Role(bypasses_rows=False, can_be_taken=True),
        "crossdock_system": database.Role(bypasses_rows=False, can_be_taken=True),
    },
    shared_revision="s9",
    tenants=3,
    tenants_behind=0,
    clock_ahead=timedelta(milliseconds=3),
)


def given(**values: object) -> Settings:
    return Settings(_env_file=None, **{"database_url": "postgresql://u:pw@db.example/shop", **values})


def test_a_sound_database_gives_no_complaint() -> None:
    findings = [
        database.check_version(SOUND),
        database.check_extensions(SOUND),
        *database.check_roles(SOUND, given()),
        database.check_revision(SOUND, "s9"),
        database.check_tenants(SOUND),
        database.check_clock(SOUND),
    ]
    assert {finding.level for finding in findings} == {Level.OK}


@pytest.mark.parametrize(
    ("version", "level", "words"), [(14, Level.FAIL, "use 15 to 18"), (19, Level.WARN, "newer than what was tested")]
)
def test_a_database_of_another_age_is_named(version: int, level: Level, words: str) -> None:
    finding = database.check_version(replace(SOUND, version=version))
    assert finding.level is level
    assert words in finding.text


def test_missing_extensions_are_named_with_their_package() -> None:
    finding = database.check_extensions(replace(SOUND, extensions=frozenset({"pg_trgm"})))
    assert finding.level is Level.FAIL
    assert "unaccent, btree_gin" in finding.text
    assert "postgresql-contrib" in finding.text


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (None, "does not exist"),
        (database.Role(bypasses_rows=True, can_be_taken=True), "NOBYPASSRLS"),
        (database.Role(bypasses_rows=False, can_be_taken=False), 'GRANT "crossdock_app" TO'),
    ],
)
def test_a_role_that_cannot_be_used_safely_is_a_failure(role: database.Role | None, words: str) -> None:
    roles = {name: known for name, known in (SOUND.roles | {"crossdock_app": role}).items() if known}
    finding = database.check_roles(replace(SOUND, roles=roles), given())[0]
    assert finding.level is Level.FAIL
    assert words in finding.text


def test_a_role_with_a_url_of_its_own_need_not_be_taken() -> None:
    apart = {name: replace(role, can_be_taken=False) for name, role in SOUND.roles.items()}
    settings = given(database_system_url="postgresql://system@db.example/shop")
    findings = database.check_roles(replace(SOUND, roles=apart), settings)
    assert {finding.level for finding in findings} == {Level.OK}


@pytest.mark.parametrize(("revision", "words"), [(None, "never migrated"), ("s8", "at s8, newest is s9")])
def test_a_database_behind_its_migrations_is_a_failure(revision: str | None, words: str) -> None:
    finding = database.check_revision(replace(SOUND, shared_revision=revision), "s9")
    assert finding.level is Level.FAIL
    assert words in finding.text
    assert "alembic upgrade head" in finding.text


def test_tenants_behind_are_counted() -> None:
    finding = database.check_tenants(replace(SOUND, tenants_behind=2))
    assert finding.level is Level.WARN
    assert finding.text.startswith("2 of 3")


def test_clocks_that_disagree_are_named() -> None:
    finding = database.check_clock(replace(SOUND, clock_ahead=timedelta(seconds=-9)))
    assert finding.level is Level.WARN
    assert "-9.0 s" in finding.text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (asyncpg.InvalidPasswordError("no"), "refuses user u"),
        (asyncpg.InvalidCatalogNameError("no"), "createdb shop"),
        (TimeoutError(), "does not answer within 5 s"),
        (ConnectionRefusedError("refused"), "start PostgreSQL"),
    ],
)
def test_an_unreachable_database_is_explained_without_its_password(error: Exception, words: str) -> None:
    finding = database.unreachable(given(), error)
    assert finding.level is Level.FAIL
    assert words in finding.text
    assert "db.example" in finding.text
    assert "pw" not in finding.text


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({"redis_version": "6.2.14"}, Level.OK),
        ({"redis_version": "7.0.15"}, Level.OK),
        ({"redis_version": "6.0.16"}, Level.FAIL),
    ],
)
def test_an_old_redis_is_a_failure(facts: dict[str, object], level: Level) -> None:
    assert broker.check_version(facts).level is level


def test_a_redis_that_evicts_is_a_failure_and_one_without_persistence_a_warning() -> None:
    assert broker.check_eviction({"maxmemory_policy": "allkeys-lru"}).level is Level.FAIL
    assert broker.check_eviction({"maxmemory_policy": "noeviction"}).level is Level.OK
    assert broker.check_persistence({"aof_enabled": 0}).level is Level.WARN
    assert broker.check_persistence({"aof_enabled": 1}).level is Level.OK


@pytest.mark.parametrize("error", [AuthenticationError("WRONGPASS"), RedisAway("refused")])
def test_an_unreachable_redis_is_explained_without_its_password(error: Exception) -> None:
    finding = broker.unreachable(given(redis_url="redis://:pw@cache.example:6380/0"), error)
    assert finding.level is Level.FAIL
    assert "cache.example:6380" in finding.text
    assert "REDIS_URL" in finding.text
    assert "pw" not in finding.text


def test_an_old_python_is_a_failure() -> None:
    assert installation.check_python((3, 10)).level is Level.FAIL
    assert installation.check_python((3, 14)).level is Level.OK


def test_missing_and_differing_packages_are_named_and_markers_respected() -> None:
    lines = ["# pins", "present==1.0", "absent==2.0", "other==3.0", 'elsewhere==4.0 ; sys_platform == "nowhere"']
    findings = installation.check_packages(lines, {"present": "1.0", "other": "3.1"}.get)

    assert [(finding.level, finding.text.split(";")[0]) for finding in findings] == [
        (Level.FAIL, "missing: absent"),
        (Level.WARN, "not in the tested version: other 3.1 (==3.0)"),
    ]


def test_refused_settings_are_named_without_their_values() -> None:
    with pytest.raises(ValidationError) as refused:
        given(secret_key="short-secret")
    findings = installation.refused_settings(refused.value)

    assert [finding.level for finding in findings] == [Level.FAIL]
    assert "SECRET_KEY" in findings[0].text
    assert "32 bytes" in findings[0].text
    assert "short-secret" not in findings[0].text


def test_one_url_for_all_roles_is_a_note_at_home_and_a_warning_in_production() -> None:
    assert installation.check_database_urls(given()).level is Level.OK
    production = given(environment="production", redis_url="redis://r", secret_key=SECRET, credentials_key=SECRET)
    finding = installation.check_database_urls(production)
    assert finding.level is Level.WARN
    assert "SET ROLE" in finding.text


def test_a_storage_place_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert installation.check_storage(given(storage_local_dir="fine"), tmp_path).level is Level.OK
    finding = installation.check_storage(given(storage_local_dir="file/below"), tmp_path)
    assert finding.level is Level.FAIL
    assert "STORAGE_LOCAL_DIR" in finding.text


def test_a_taken_port_is_a_warning_unless_our_own_stack_took_it() -> None:
    assert installation.check_port("127.0.0.1", free_port(), ours=False).level is Level.OK
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert installation.check_port("127.0.0.1", taken, ours=False).level is Level.WARN
        assert installation.check_port("127.0.0.1", taken, ours=True).level is Level.OK


def test_a_real_database_is_read_before_and_after_its_migration(servers: TestServers) -> None:
    head = migrations.head("shared")
    with fresh_database(servers) as url:
        settings = given(database_owner_url=url)
        facts = asyncio.run(database.gather(settings, migrations.head("tenant")))
        assert facts.shared_revision is None
        assert facts.extensions == set(database.EXTENSIONS)
        assert abs(facts.clock_ahead) < timedelta(seconds=2)

        execute(
            url, "CREATE TABLE alembic_version (version_num text)", f"INSERT INTO alembic_version VALUES ('{head}')"
        )
        facts = asyncio.run(database.gather(settings, migrations.head("tenant")))
        assert database.check_revision(facts, head).level is Level.OK


def test_a_real_redis_is_read(servers: TestServers) -> None:
    facts = broker.gather(given(redis_url=servers.redis_url))
    assert broker.check_version(facts).level is Level.OK
    if servers.own:
        assert broker.check_eviction(facts).level is Level.OK
        assert broker.check_persistence(facts).level is Level.OK
