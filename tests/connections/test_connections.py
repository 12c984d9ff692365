"""Connections as the database keeps them: one per vendor on first use, apart by tenant, honest about their health."""

import asyncio

import pytest
from sqlalchemy import text

from app.connections import repository
from app.connections.errors import ConnectionNameTaken, ConnectionNotFound
from app.connections.models import Connection, ConnectionStatus, Environment
from app.connections.service import ensure_connection, record_failure, record_success
from app.core.database import Database
from tests.conftest import MakeSeller, Seller


async def ensure(database: Database, seller: Seller, vendor: str = "dummyjson", name: str = "Goods") -> Connection:
    async with database.session(seller.scope) as session:
        made, _ = await ensure_connection(
            session, seller.tenant_id, vendor=vendor, name=name, environment=Environment.SANDBOX
        )
        return made


async def read(database: Database, connection: Connection, seller: Seller) -> Connection:
    async with database.session(seller.scope) as session:
        return await repository.get_connection(session, connection.id)


async def test_several_at_once_make_one(database: Database, seller: Seller) -> None:
    made = await asyncio.gather(*(ensure(database, seller) for _ in range(4)))
    assert len({connection.id for connection in made}) == 1
    assert (made[0].status, made[0].environment, made[0].settings) == ("connected", "sandbox", {})


async def test_a_name_belongs_to_one_connection(database: Database, seller: Seller) -> None:
    await ensure(database, seller)
    with pytest.raises(ConnectionNameTaken):
        await ensure(database, seller, vendor="bigbuy", name="GOODS")
    async with database.session(seller.scope) as session:
        assert len(await repository.list_all(session, seller.tenant_id)) == 1


async def test_other_tenants_neither_see_nor_change_it(
    database: Database, seller: Seller, make_seller: MakeSeller
) -> None:
    mine, stranger = await ensure(database, seller), await make_seller()
    async with database.session(stranger.scope) as session:
        assert await repository.list_all(session, seller.tenant_id) == []
        await record_failure(session, mine.id, code="x", message="x", status=ConnectionStatus.FAILED)
        changed = await session.execute(text("UPDATE connections SET name = 'stolen' RETURNING id"))
        assert changed.all() == []
    with pytest.raises(ConnectionNotFound):
        await read(database, mine, stranger)
    assert (await read(database, mine, seller)).status == "connected"


async def test_health_is_written_down_and_a_pause_stays(database: Database, seller: Seller) -> None:
    mine = await ensure(database, seller)
    async with database.session(seller.scope) as session:
        await record_failure(session, mine.id, code="vendor_unavailable", message="away" * 1000)
    after = await read(database, mine, seller)
    assert (after.status, after.last_error_code, len(after.last_error or "")) == (
        "connected",
        "vendor_unavailable",
        500,
    )
    async with database.session(seller.scope) as session:
        await record_failure(session, mine.id, code="c", message="m", status=ConnectionStatus.NEEDS_REAUTH)
    assert (await read(database, mine, seller)).status == "needs_reauth"
    async with database.session(seller.scope) as session:
        await record_success(session, mine.id, Environment.LIVE)
    after = await read(database, mine, seller)
    assert (after.status, after.last_error, after.last_error_at) == ("connected", None, None)
    assert after.environment == "live"
    assert after.last_ok_at is not None
    async with database.session(seller.scope) as session:
        await session.execute(text("UPDATE connections SET status = 'paused'"))
        await record_failure(session, mine.id, code="c", message="m", status=ConnectionStatus.FAILED)
        await record_success(session, mine.id, Environment.LIVE)
    assert (await read(database, mine, seller)).status == "paused"
