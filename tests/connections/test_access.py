"""The secrets of a connection: sealed in the database, out of reach of others, opened for a call, sealed anew."""

from collections.abc import Mapping

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.connections import repository
from app.connections.access import open_access
from app.connections.credentials import Kept, find_kept, keep
from app.connections.errors import ConnectionNeedsReauth, ConnectionPaused, CredentialsUnreadable
from app.connections.models import Connection, ConnectionStatus, Environment
from app.connections.rotation import rotate
from app.connections.service import ensure_connection, record_failure
from app.core.config import Settings
from app.core.database import Database
from app.core.system_session import SystemDatabase
from app.core.tenancy import NO_SCOPE
from tests.conftest import MakeSeller, Seller

SECRET = {"api_key": "an-api-key-of-a-seller"}


async def connect(database: Database, app: Settings, seller: Seller, values: Mapping[str, str] = SECRET) -> Connection:
    async with database.session(seller.scope) as session:
        made, _ = await ensure_connection(
            session, seller.tenant_id, vendor="dummyjson", name="Goods", environment=Environment.SANDBOX
        )
        made.account_id = "somebody"
        await keep(session, app, made, Kept(values, 0))
    return made


def with_keys(settings: Settings, *, key: str, previous: str = "") -> Settings:
    keys = {"credentials_key": SecretStr(key), "credentials_key_previous": SecretStr(previous)}
    return settings.model_copy(update={**keys, "secret_key": SecretStr(""), "secret_key_previous": SecretStr("")})


async def test_what_is_kept_opens_the_vendor_and_stands_nowhere_in_clear(
    database: Database, settings: Settings, seller: Seller
) -> None:
    made = await connect(database, settings, seller)
    access = await open_access(database.sessions(seller.scope), settings, made.id)
    assert (access.credentials, access.lane) == (SECRET, str(made.id))
    assert access.settings.model_dump()["base_url"].startswith(settings.sandbox_url)
    async with database.session(seller.scope) as session:
        rows = (
            await session.execute(text("SELECT sealed, c::text AS shown FROM connection_secrets s, connections c"))
        ).all()
        kept = await find_kept(session, settings, made)
    assert len(rows) == 1
    assert SECRET["api_key"].encode() not in rows[0].sealed
    assert SECRET["api_key"] not in rows[0].shown + repr(kept)


async def test_other_tenants_do_not_see_it_and_cannot_use_it_in_a_row_of_their_own(
    database: Database, settings: Settings, seller: Seller, make_seller: MakeSeller
) -> None:
    await connect(database, settings, seller)
    stranger = await make_seller()
    theirs = await connect(database, settings, stranger, {"api_key": "theirs"})
    async with database.session(stranger.scope) as session:
        assert await session.scalar(text("SELECT count(*) FROM connection_secrets")) == 1
    async with database.session(seller.scope) as session:
        stolen = await session.scalar(text("SELECT sealed FROM connection_secrets"))
    async with database.session(stranger.scope) as session:
        await session.execute(text("UPDATE connection_secrets SET sealed = :sealed"), {"sealed": stolen})
    with pytest.raises(CredentialsUnreadable):
        await open_access(database.sessions(stranger.scope), settings, theirs.id)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(ConnectionStatus.PAUSED, ConnectionPaused), (ConnectionStatus.NEEDS_REAUTH, ConnectionNeedsReauth)],
)
async def test_what_waits_for_a_person_is_not_opened(
    database: Database, settings: Settings, seller: Seller, status: ConnectionStatus, refusal: type[Exception]
) -> None:
    made = await connect(database, settings, seller)
    async with database.session(seller.scope) as session:
        await record_failure(session, made.id, code="c", message="m", status=status)
    with pytest.raises(refusal):
        await open_access(database.sessions(seller.scope), settings, made.id)


async def test_keys_are_rotated_once_and_what_cannot_be_opened_stays(
    database: Database, system: SystemDatabase, settings: Settings, make_seller: MakeSeller
) -> None:
    before, after = with_keys(settings, key="o" * 32), with_keys(settings, key="n" * 32, previous="o" * 32)
    async with system.session(NO_SCOPE) as session:
        others = await session.scalar(text("SELECT count(*) FROM connection_secrets"))
    sellers = [await make_seller() for _ in range(3)]
    made = [await connect(database, before, seller) for seller in sellers]

    done = await rotate(after, system)
    assert (done.sealed, done.unreadable) == (3, others)
    assert (await rotate(after, system)).sealed == 0
    only_new = with_keys(settings, key="n" * 32)
    for seller, connection in zip(sellers, made, strict=True):
        async with database.session(seller.scope) as session:
            found = await repository.get_connection(session, connection.id)
            kept = await find_kept(session, only_new, found)
        assert kept is not None
        assert kept.values == SECRET
