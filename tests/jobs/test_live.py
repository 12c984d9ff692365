"""Live events of a job: the present state, every change, the end; resuming, tickets, and life without Redis."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.core.tenancy import Scope
from app.jobs import live, tickets
from app.jobs.errors import TicketInvalid
from app.queue import announce
from app.queue.models import Job
from app.queue.outbox import enqueue
from tests.conftest import Seller
from tests.support.engine import Engine

BASE = "/api/v1/jobs"


async def add(database: Database, scope: Scope, name: str, **params: float) -> Job:
    async with database.session(scope) as session:
        return await enqueue(session, name, params=dict(params))


def read(event: bytes) -> tuple[int, dict[str, object]]:
    lines = event.decode().splitlines()
    return int(lines[0].removeprefix("id: ")), json.loads(lines[1].removeprefix("data: "))


async def next_event(stream: AsyncIterator[bytes], seconds: float = 3.0) -> tuple[int, dict[str, object]]:
    return read(await asyncio.wait_for(anext(stream), seconds))


@pytest.fixture
def feed(engine: Engine) -> live.JobFeed:
    return live.JobFeed(engine.means.settings)


async def test_a_stream_tells_the_state_the_changes_and_ends_with_the_job(
    api, seller: Seller, database, engine: Engine, steps_table
):
    job = await add(database, seller.scope, "test_steps", items=30, pause=0.1)
    running = asyncio.create_task(engine.drain(seller.tenant_id))
    answer = await asyncio.wait_for(api.get(f"{BASE}/{job.id}/events", headers=seller.headers), 10)
    await running
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [read(part.encode()) for part in answer.text.split("\n\n") if part.startswith("id")]
    revisions, states = [event[0] for event in events], [event[1] for event in events]
    assert revisions == sorted(set(revisions))
    assert states[-1]["status"] == "completed"
    percents = [state["progress_percent"] for state in states]
    assert percents == sorted(percents)
    assert len(states) >= 3


async def test_a_client_that_has_seen_the_end_is_told_not_to_come_back(api, seller, database, engine: Engine):
    job = await add(database, seller.scope, "test_noop")
    await engine.drain(seller.tenant_id)
    first = await api.get(f"{BASE}/{job.id}/events", headers=seller.headers)
    revision, state = read(first.content)
    assert state["status"] == "completed"
    again = await api.get(f"{BASE}/{job.id}/events", headers=seller.headers | {"Last-Event-ID": str(revision)})
    assert (again.status_code, again.content) == (204, b"")


async def test_a_resumed_stream_does_not_repeat_what_was_seen(seller: Seller, database, engine: Engine, feed):
    job = await add(database, seller.scope, "test_noop")
    stream = live.stream(engine.means.resources, feed, seller.scope, job.id, last_seen=0)
    waiting = asyncio.create_task(next_event(stream))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await engine.drain(seller.tenant_id)
    revision, state = await waiting
    assert (revision, state["status"]) == (2, "completed")


async def test_a_change_arrives_at_once_by_redis_and_within_the_poll_without(
    seller: Seller, database, engine: Engine, feed, monkeypatch
):
    announce.use(engine.means.resources.redis)
    job = await add(database, seller.scope, "test_noop")
    stream = live.stream(engine.means.resources, feed, seller.scope, job.id, last_seen=None)
    await next_event(stream)
    pending = asyncio.create_task(next_event(stream))
    await asyncio.wait_for(feed.connected.wait(), 3)
    started = asyncio.get_running_loop().time()
    await engine.drain(seller.tenant_id)
    await pending
    assert asyncio.get_running_loop().time() - started < 0.8


async def test_a_change_in_the_silence_after_speaking_to_nobody_is_seen(seller: Seller, database, engine: Engine, feed):
    announce.use(engine.means.resources.redis)
    job = await add(database, seller.scope, "test_noop")
    stream = live.stream(engine.means.resources, feed, seller.scope, job.id, last_seen=0)
    pending = asyncio.create_task(next_event(stream))
    await asyncio.sleep(0)
    await announce.job_changed(job.id)
    await asyncio.wait_for(feed.connected.wait(), 3)
    await engine.drain(seller.tenant_id)
    started = asyncio.get_running_loop().time()
    await pending
    assert asyncio.get_running_loop().time() - started < 1
    await feed.close()


async def test_a_feed_closes_at_once_even_while_streams_wait(seller: Seller, database, engine: Engine, feed):
    job = await add(database, seller.scope, "test_noop")
    stream = live.stream(engine.means.resources, feed, seller.scope, job.id, last_seen=0)
    waiting = asyncio.create_task(anext(stream))
    await asyncio.wait_for(feed.connected.wait(), 3)
    await asyncio.wait_for(feed.close(), 2)
    assert not feed.connected.is_set()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_without_redis_a_stream_polls(seller: Seller, database, engine: Engine):
    settings: Settings = engine.means.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    deaf = live.JobFeed(settings)
    job = await add(database, seller.scope, "test_noop")
    stream = live.stream(engine.means.resources, deaf, seller.scope, job.id, last_seen=None)
    await next_event(stream)
    pending = asyncio.create_task(next_event(stream, seconds=settings.sse_poll_seconds + 2))
    await engine.drain(seller.tenant_id)
    assert (await pending)[1]["status"] == "completed"


async def test_a_quiet_stream_sends_a_comment(seller: Seller, database, engine: Engine, feed, monkeypatch):
    monkeypatch.setattr(engine.means.settings, "sse_comment_seconds", 0.2)
    job = await add(database, seller.scope, "test_noop")
    stream = live.stream(engine.means.resources, feed, seller.scope, job.id, last_seen=None)
    await next_event(stream)
    assert await asyncio.wait_for(anext(stream), 2) == b": still here\n\n"
    await stream.aclose()


async def test_a_waiting_stream_holds_no_database_connection(seller: Seller, database, engine: Engine, feed):
    job = await add(database, seller.scope, "test_noop")
    streams = [live.stream(engine.means.resources, feed, seller.scope, job.id, None) for _ in range(10)]
    for stream in streams:
        await next_event(stream)
    waits = [asyncio.create_task(anext(stream)) for stream in streams]
    await asyncio.sleep(0.3)
    assert engine.means.resources.database.engine.pool.checkedout() == 0
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def test_a_ticket_opens_one_stream_of_one_job_once(api, seller: Seller, database, engine: Engine):
    job = await add(database, seller.scope, "test_noop")
    other = await add(database, seller.scope, "test_noop")
    await engine.drain(seller.tenant_id)
    answer = await api.post(f"{BASE}/{job.id}/events/ticket", headers=seller.headers)
    assert (answer.status_code, answer.json()["expires_in"]) == (201, 60)
    ticket = answer.json()["ticket"]
    wrong = await api.get(f"{BASE}/{other.id}/events", params={"ticket": ticket})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "ticket_invalid")
    opened = await api.get(f"{BASE}/{job.id}/events", params={"ticket": ticket})
    assert read(opened.content)[1]["id"] == str(job.id)
    spent = await api.get(f"{BASE}/{job.id}/events", params={"ticket": ticket})
    assert (spent.status_code, spent.json()["code"]) == (401, "ticket_invalid")


async def test_a_ticket_is_stored_as_a_hash_and_grows_old(seller: Seller, database):
    job = await add(database, seller.scope, "test_noop")
    async with database.session(seller.scope) as session:
        ticket = (await tickets.issue(session, seller.scope, job.id, 60)).ticket
        stored = await session.scalar(text("SELECT encode(token_hash, 'escape') FROM stream_tickets"))
        assert ticket not in str(stored)
        await session.execute(text("UPDATE stream_tickets SET expires_at = now() - interval '1 second'"))
    with pytest.raises(TicketInvalid):
        await tickets.redeem(database, ticket, job.id)


@pytest.mark.parametrize("ticket", ["", "x", "1-2-3", "-1-" + "0" * 32 + "-x", f"{2**70}-{UUID(int=0).hex}-x", "é-ü-ö"])
async def test_a_made_up_ticket_is_refused(ticket: str, database):
    with pytest.raises(TicketInvalid):
        await tickets.redeem(database, ticket, UUID(int=1))
