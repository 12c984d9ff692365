"""Renewing tokens: one call however many ask, from however many processes, and an end in words where it cannot go."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.connections import repository
from app.connections.access import open_access, reopen_access
from app.connections.credentials import Kept, keep
from app.connections.errors import ConnectionNeedsReauth
from app.connections.models import Connection, Environment
from app.connections.service import ensure_connection
from app.core import clock
from app.core.config import Settings
from app.core.database import Database
from app.integrations import registry
from tests.conftest import Seller
from tests.connections import renewing


@dataclass
class Issuer:
    """Gives a new token for `first`, which works as often as it says."""

    calls: list[str] = field(default_factory=list)
    is_called: asyncio.Event = field(default_factory=asyncio.Event)
    good_for: int = 1
    port: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        token = (await reader.readline()).decode().strip()
        self.calls.append(token)
        self.is_called.set()
        await asyncio.sleep(0.2)
        if token == "first" and len(self.calls) <= self.good_for:
            writer.write(f"new-{len(self.calls)}\n".encode())
        writer.close()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    registry.VENDORS[renewing.SLUG] = renewing.vendor(made.port)
    yield made
    del registry.VENDORS[renewing.SLUG]
    server.close()


async def expired(database: Database, settings: Settings, seller: Seller) -> Connection:
    values = {"access_token": "old", "refresh_token": "first"}
    async with database.session(seller.scope) as session:
        made, _ = await ensure_connection(
            session, seller.tenant_id, vendor=renewing.SLUG, name="I", environment=Environment.SANDBOX
        )
        await keep(session, settings, made, Kept(values, 0, clock.now() - timedelta(minutes=1)))
    return made


async def users(seller: Seller, made: Connection, issuer: Issuer, count: int, **more: str) -> tuple[int, str]:
    arguments = [str(seller.tenant_id), str(made.id), str(issuer.port), str(count)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.connections.renewing", *arguments),
        env={**os.environ, **more},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, said.decode().strip()


async def test_fifty_users_in_three_processes_renew_once(
    database: Database, settings: Settings, seller: Seller, issuer: Issuer
) -> None:
    made = await expired(database, settings, seller)
    ended = await asyncio.gather(*(users(seller, made, issuer, count) for count in (17, 17, 16)))
    assert ended == [(0, "new-1")] * 3
    assert issuer.calls == ["first"]
    access = await open_access(database.sessions(seller.scope), settings, made.id)
    assert access.credentials == {"access_token": "new-1", "refresh_token": "first"}, "the old one stays"


async def test_a_process_killed_between_answer_and_store_ends_as_needs_reauth_and_never_as_a_loop(
    database: Database, settings: Settings, seller: Seller, issuer: Issuer
) -> None:
    made = await expired(database, settings, seller)
    code, _ = await users(seller, made, issuer, 1, FAULT_AT="tokens_answered")
    assert code == -signal.SIGKILL
    async with database.session(seller.scope) as session:
        left = await session.execute(text("UPDATE connection_secrets SET lease_until = now() RETURNING lease_fence"))
        assert left.scalars().all() == [1]
    sessions = database.sessions(seller.scope)
    for _ in range(3):
        with pytest.raises(ConnectionNeedsReauth):
            await open_access(sessions, settings, made.id)
    assert issuer.calls == ["first", "first"]
    async with database.session(seller.scope) as session:
        after = await repository.get_connection(session, made.id)
    assert (after.status, after.last_error_code) == ("needs_reauth", "credentials_rejected")
    assert "connect the account again" in (after.last_error or "")


async def test_a_refusal_counts_only_while_nobody_has_stored_other_tokens(
    database: Database, settings: Settings, seller: Seller, issuer: Issuer
) -> None:
    made = await expired(database, settings, seller)
    issuer.good_for = 0
    opening = asyncio.create_task(open_access(database.sessions(seller.scope), settings, made.id))
    await issuer.is_called.wait()
    fresh = Kept({"access_token": "anew", "refresh_token": "again"}, 0, clock.now() + timedelta(hours=1))
    async with database.session(seller.scope) as session:
        await keep(session, settings, made, fresh)
    assert (await opening).credentials["access_token"] == "anew"
    async with database.session(seller.scope) as session:
        assert (await repository.get_connection(session, made.id)).status == "connected"


async def test_what_a_vendor_refused_is_renewed_once_although_it_should_still_be_good(
    database: Database, settings: Settings, seller: Seller, issuer: Issuer
) -> None:
    made = await expired(database, settings, seller)
    async with database.session(seller.scope) as session:
        later = {"until": clock.now() + timedelta(hours=1)}
        await session.execute(text("UPDATE connection_secrets SET expires_at = :until"), later)
    sessions = database.sessions(seller.scope)
    refused = await open_access(sessions, settings, made.id)
    assert refused.credentials["access_token"] == "old"
    again = [await reopen_access(sessions, settings, made.id, refused) for _ in range(2)]
    assert [access.credentials["access_token"] for access in again if access] == ["new-1", "new-1"]
    assert issuer.calls == ["first"]
