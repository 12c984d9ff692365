"""Attempts of jobs in this process: claim, fencing, endings, cancel, give-back. Nothing is patched."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.core.ids import new_id
from app.core.system_session import SystemDatabase
from app.core.tenancy import NO_SCOPE, Scope
from app.queue import sweep as sweeping
from app.queue.claim import claim
from app.queue.delivery import Delivery
from app.queue.ending import GiveBack, give_back
from app.queue.errors import AttemptSuperseded, JobCancelled, UnknownJobKind
from app.queue.models import Job
from app.queue.outbox import enqueue
from tests.support.engine import Engine


@pytest.fixture
def scope() -> Scope:
    """A tenant's scope; the engine asks for no row in tenants."""
    return Scope(new_id().int % 10**12 + 1)


async def add(database: Database, scope: Scope, name: str, **params: object) -> Job:
    async with database.session(scope) as session:
        return await enqueue(session, name, params=dict(params))  # type: ignore[arg-type]


async def state(database: Database, job: Job) -> Job:
    async with database.session(Scope(job.tenant_id, job.user_id)) as session:
        return await session.get_one(Job, job.id, populate_existing=True)


async def items(database: Database, job: Job) -> list[int]:
    async with database.session() as session:
        rows = await session.scalars(
            text("SELECT item FROM test_steps WHERE job_id = :id ORDER BY item"), {"id": job.id}
        )
        return list(rows)


async def make_due(database: Database, scope: Scope) -> None:
    async with database.session(scope) as session:
        await session.execute(text("UPDATE outbox SET available_at = now()"))


async def take(engine: Engine, scope: Scope) -> Delivery:
    delivery = await engine.take(scope.tenant_id)
    assert delivery is not None
    return delivery


async def test_a_job_and_its_message_exist_only_if_the_transaction_commits(database, scope):
    job: Job | None = None

    async def roll_back() -> None:
        nonlocal job
        async with database.session(scope) as session:
            job = await enqueue(session, "test_noop")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await roll_back()
    assert job is not None
    async with database.session(scope) as session:
        assert await session.scalar(text("SELECT count(*) FROM jobs")) == 0
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 0


async def test_an_unknown_name_is_refused_when_it_is_enqueued(database, scope):
    async with database.session(scope) as session:
        with pytest.raises(UnknownJobKind):
            await enqueue(session, "no_such_job")


async def test_an_idempotency_key_gives_the_same_job_with_one_message(database, scope):
    async with database.session(scope) as session:
        first = await enqueue(session, "test_noop", idempotency_key="one")
    async with database.session(scope) as session:
        second = await enqueue(session, "test_noop", idempotency_key="one")
        assert second.id == first.id
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 1


async def test_every_transition_is_written_down(database, engine: Engine, scope):
    job = await add(database, scope, "test_refuse")
    await engine.drain(scope.tenant_id)
    async with database.session(scope) as session:
        rows = await session.execute(
            text("SELECT status, attempt, error_code FROM job_events WHERE job_id = :id ORDER BY id"), {"id": job.id}
        )
        assert [tuple(row) for row in rows] == [
            ("pending", 1, None),
            ("running", 1, None),
            ("failed", 1, "validation_failed"),
        ]


async def test_transitions_cannot_be_changed_by_the_application(database, scope):
    await add(database, scope, "test_noop")
    with pytest.raises(Exception, match="permission denied"):
        async with database.session(scope) as session:
            await session.execute(text("UPDATE job_events SET status = 'completed'"))


async def test_two_deliveries_of_one_attempt_run_it_once(database, engine: Engine, scope, steps_table):
    job = await add(database, scope, "test_steps", items=50, pause=0.02)
    delivery = await take(engine, scope)
    await asyncio.gather(*(engine.deliver(delivery) for _ in range(3)))
    assert await items(database, job) == list(range(50))
    await engine.deliver(delivery)
    done = await state(database, job)
    assert (done.status, done.attempt, len(await items(database, job))) == ("completed", 1, 50)


async def test_a_superseded_attempt_writes_nothing_any_more(database, engine: Engine, scope, steps_table):
    job = await add(database, scope, "test_steps", items=10)
    old = await claim(engine.means, await take(engine, scope))
    assert old is not None
    async with database.session(scope) as session:
        await give_back(session, job.id, old.attempt, GiveBack("worker_lost", "silent"))

    async def end_a_step() -> None:
        async with old.sessions.begin() as session:
            await session.execute(
                text("INSERT INTO test_steps (job_id, item, attempt) VALUES (:id, 1, 1)"), {"id": job.id}
            )
            await old.checkpoint(session, 1, processed=1)

    with pytest.raises(AttemptSuperseded):
        await end_a_step()
    assert await items(database, job) == []
    await engine.drain(scope.tenant_id)
    assert (await state(database, job)).status == "completed"


async def test_an_unforeseen_error_is_tried_again_and_then_shown_without_its_text(database, engine: Engine, scope):
    job = await add(database, scope, "test_fail")
    for attempt in (1, 2):
        await make_due(database, scope)
        assert await engine.drain(scope.tenant_id) == ["test_fail"]
        again = await state(database, job)
        assert (again.status, again.attempt, again.fruitless_attempts) == ("pending", attempt + 1, attempt)
    await make_due(database, scope)
    await engine.drain(scope.tenant_id)
    over = await state(database, job)
    assert (over.status, over.outcome, over.error_code) == ("failed", "attempts_exhausted", "internal_error")
    assert "ZeroDivisionError" in str(over.error_message)
    assert "must not be shown" not in str(over.error_message)


async def test_an_error_that_asks_for_patience_waits_as_long_as_it_says(database, engine: Engine, scope):
    job = await add(database, scope, "test_busy")
    await engine.drain(scope.tenant_id)
    again = await state(database, job)
    assert (again.status, again.error_code) == ("pending", "vendor_busy")
    async with database.session(scope) as session:
        wait = await session.scalar(text("SELECT available_at - now() FROM outbox WHERE sent_at IS NULL"))
        assert timedelta(seconds=110) < wait < timedelta(seconds=121)


async def test_a_first_failure_after_long_waiting_for_a_turn_is_soon_tried_again(database, engine: Engine, scope):
    job = await add(database, scope, "test_fail")
    for _ in range(15):
        run = await claim(engine.means, await take(engine, scope))
        assert run is not None
        async with database.session(scope) as session:
            await give_back(session, job.id, run.attempt, GiveBack("waiting_for_turn", "not yet", counts=False))
    await engine.drain(scope.tenant_id)
    again = await state(database, job)
    assert (again.status, again.attempt, again.fruitless_attempts) == ("pending", 17, 1)
    async with database.session(scope) as session:
        wait = await session.scalar(text("SELECT available_at - now() FROM outbox WHERE sent_at IS NULL"))
        assert wait < timedelta(seconds=engine.means.settings.job_retry_seconds)


async def test_an_attempt_that_advanced_starts_the_count_again(database, engine: Engine, scope, steps_table):
    job = await add(database, scope, "test_steps", items=100)
    for _ in range(5):
        delivery = await take(engine, scope)
        run = await claim(engine.means, delivery)
        assert run is not None
        cursor = (run.cursor if isinstance(run.cursor, int) else 0) + 10
        async with run.sessions.begin() as session:
            await run.checkpoint(session, cursor, processed=cursor, total=100)
        async with database.session(scope) as session:
            await give_back(session, job.id, run.attempt, GiveBack("worker_lost", "silent"))
    again = await state(database, job)
    assert (again.status, again.attempt, again.fruitless_attempts, again.cursor) == ("pending", 6, 0, 50)


async def test_a_silent_job_is_swept_by_its_heartbeat_and_ends_after_three_fruitless_attempts(
    database, system: SystemDatabase, engine: Engine, scope
):
    job = await add(database, scope, "test_noop")
    settings = engine.means.settings
    for _ in range(3):
        assert await claim(engine.means, await take(engine, scope)) is not None
        assert job.id not in await sweeping.sweep(system, settings)
        async with database.session(scope) as session:
            await session.execute(text("UPDATE jobs SET heartbeat_at = now() - interval '3 seconds'"))
        assert job.id in await sweeping.sweep(system, settings)
    over = await state(database, job)
    assert (over.status, over.outcome, over.error_code) == ("failed", "attempts_exhausted", "worker_lost")


async def test_a_long_job_with_a_fresh_heartbeat_is_never_swept(database, system, engine: Engine, scope):
    job = await add(database, scope, "test_noop")
    await claim(engine.means, await take(engine, scope))
    async with database.session(scope) as session:
        await session.execute(text("UPDATE jobs SET started_at = now() - interval '10 days'"))
    assert job.id not in await sweeping.sweep(system, engine.means.settings)


async def test_a_job_whose_step_holds_its_row_for_long_is_not_silent(database, engine: Engine, scope, steps_table):
    job = await add(database, scope, "test_slow_step", pause=2.5)
    running = asyncio.create_task(engine.deliver(await take(engine, scope)))
    while not running.done():
        assert job.id not in await sweeping.sweep(engine.means.system, engine.means.settings)
        await asyncio.sleep(0.01)
    await running
    over = await state(database, job)
    assert (over.status, over.attempt, await items(database, job)) == ("completed", 1, [0])


async def test_the_checkpoint_of_a_long_step_is_a_beat_of_its_end(database, engine: Engine, scope):
    job = await add(database, scope, "test_noop")
    run = await claim(engine.means, await take(engine, scope))
    assert run is not None
    async with run.sessions.begin() as session:
        began_at = await session.scalar(text("SELECT now()"))
        await asyncio.sleep(0.5)
        await run.checkpoint(session, 1)
    beat_at = (await state(database, job)).heartbeat_at
    assert beat_at is not None
    assert beat_at - began_at > timedelta(seconds=0.4)


async def test_a_beat_between_the_two_looks_of_a_sweep_saves_the_job(database, system, engine: Engine, scope):
    job = await add(database, scope, "test_noop")
    await claim(engine.means, await take(engine, scope))
    async with database.session(scope) as session:
        await session.execute(text("UPDATE jobs SET heartbeat_at = now() - interval '3 seconds'"))
    sweep = asyncio.create_task(sweeping.sweep(system, engine.means.settings))
    await asyncio.sleep(0.2)
    async with database.session(scope) as session:
        await session.execute(text("UPDATE jobs SET heartbeat_at = now()"))
    assert job.id not in await sweep
    assert (await state(database, job)).status == "running"


async def test_a_step_that_is_rolled_back_does_not_count(database, engine: Engine, scope):
    job = await add(database, scope, "test_noop")
    run = await claim(engine.means, await take(engine, scope))
    assert run is not None
    async with run.sessions.begin() as session:
        await run.checkpoint(session, 10, processed=10, counters={"created": 10})

    async def fail_after_the_checkpoint() -> None:
        async with run.sessions.begin() as session:
            await run.checkpoint(session, 20, processed=20, counters={"created": 20})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_the_checkpoint()
    async with database.session(scope) as session:
        await session.execute(text("UPDATE jobs SET cancel_requested_at = now()"))
    with pytest.raises(JobCancelled):
        async with run.sessions.begin() as session:
            await run.checkpoint(session, 20, processed=20, counters={"created": 20})
    assert (run.cursor, run.reported.processed, run.counters) == (10, 10, {"created": 10})
    found = await state(database, job)
    assert (found.cursor, found.items_processed, found.counters) == (10, 10, {"created": 10})


async def test_a_cancel_stops_a_running_job_between_two_steps(database, engine: Engine, scope, steps_table):
    job = await add(database, scope, "test_steps", items=10_000, pause=0.05)
    running = asyncio.create_task(engine.drain(scope.tenant_id))
    await asyncio.sleep(0.3)
    async with database.session(scope) as session:
        await session.execute(text("UPDATE jobs SET cancel_requested_at = now()"))
    await asyncio.wait_for(running, 3)
    over = await state(database, job)
    assert (over.status, over.outcome) == ("cancelled", None)
    assert await items(database, job) == list(range(over.items_processed))
    assert 0 < over.items_processed < 10_000


@pytest.mark.parametrize("name", ["test_stubborn"])
async def test_a_cancel_stops_even_a_body_that_never_asks(name, database, engine: Engine, scope):
    job = await add(database, scope, name)
    running = asyncio.create_task(engine.drain(scope.tenant_id))
    await asyncio.sleep(0.2)
    async with database.session(scope) as session:
        await session.execute(text("UPDATE jobs SET cancel_requested_at = now()"))
    await asyncio.wait_for(running, 3)
    assert (await state(database, job)).status == "cancelled"


async def test_a_cancelled_job_of_a_dead_worker_is_not_started_again(database, system, engine: Engine, scope):
    job = await add(database, scope, "test_noop")
    await claim(engine.means, await take(engine, scope))
    async with database.session(scope) as session:
        await session.execute(
            text("UPDATE jobs SET cancel_requested_at = now(), heartbeat_at = now() - interval '1 minute'")
        )
    await sweeping.sweep(system, engine.means.settings)
    assert (await state(database, job)).status == "cancelled"
    assert await engine.drain(scope.tenant_id) == []


async def test_a_stopping_worker_gives_its_job_back_without_counting(database, engine: Engine, scope, steps_table):
    job = await add(database, scope, "test_steps", items=60, pause=0.05)
    running = asyncio.create_task(engine.deliver(await take(engine, scope)))
    await asyncio.sleep(0.2)
    engine.stopping.is_on = True
    try:
        await asyncio.wait_for(running, 3)
    finally:
        engine.stopping.is_on = False
    given = await state(database, job)
    assert (given.status, given.attempt, given.fruitless_attempts) == ("pending", 2, 0)
    assert 0 < given.items_processed < 60
    await engine.drain(scope.tenant_id)
    assert (await state(database, job)).status == "completed"
    assert await items(database, job) == list(range(60))


async def test_progress_and_counters_never_go_back(database, engine: Engine, scope):
    job = await add(database, scope, "test_noop")
    run = await claim(engine.means, await take(engine, scope))
    assert run is not None
    shown: list[tuple[float, int, object]] = []
    for processed, total, created in ((50, 100, 40), (20, 100, 10), (60, 400, 55)):
        async with run.sessions.begin() as session:
            run.reported.processed = processed
            await run.checkpoint(session, processed, processed=processed, total=total, counters={"created": created})
        found = await state(database, job)
        shown.append((float(found.progress_percent), found.items_processed, found.counters["created"]))
    assert shown == [(50.0, 50, 40), (50.0, 50, 40), (50.0, 60, 55)]
    assert found.eta_seconds is not None


async def test_a_job_without_tenant_or_user_runs_under_the_system_role(system: SystemDatabase, engine: Engine):
    async with system.session() as session:
        job = await enqueue(session, "test_noop")
    await engine.drain(None)
    async with system.session() as session:
        assert (await session.get_one(Job, job.id)).status == "completed"


async def test_a_shoppers_job_is_out_of_reach_of_others(database, engine: Engine, steps_table):
    mine, other = Scope(user_id=new_id()), Scope(user_id=new_id())
    job = await add(database, mine, "test_steps", items=10)
    for scope in (other, Scope(1), NO_SCOPE):
        async with database.session(scope) as session:
            assert await session.get(Job, job.id) is None
    await engine.deliver(await _take_of(engine, job.id))
    assert (await state(database, job)).status == "completed"


async def test_a_message_that_names_another_tenant_claims_nothing(database, engine: Engine, scope):
    job = await add(database, scope, "test_noop")
    real = await take(engine, scope)
    forged = Delivery(real.task, real.outbox_id, job.id, 1, None, 1)
    await engine.deliver(forged)
    assert (await state(database, job)).status == "pending"


async def _take_of(engine: Engine, job_id: UUID) -> Delivery:
    while (delivery := await engine.take(None)) is not None:
        if delivery.job_id == job_id:
            return delivery
    raise LookupError(job_id)
