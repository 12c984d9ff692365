"""The engine with real processes on our own servers: whatever is killed, restarted or flushed, acknowledged work is
done, and each row is written once.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest
from kombu import Connection
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.core.ids import new_id
from app.queue.celery_app import make_celery
from app.queue.events import emit
from app.queue.schedules import add_schedule
from app.supervisor import embedded
from tests.support.house import SCOPE, House, add, count, get, items, open_house, starts, until
from tests.support.job_kinds import SEAM_QUEUES, StockChanged
from tests.support.servers import TestServers

pytestmark = [pytest.mark.processes, pytest.mark.own_server]

SEAMS = ("after_claim", "before_checkpoint:3", "after_checkpoint:3", "before_finish", "after_finish")
QUEUES = ("import", "maintenance", "listings")


@pytest.fixture(scope="module")
def house(servers: TestServers, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A pulse and a worker that live as long as this module, on a database of their own."""
    with open_house(servers, settings, tmp_path_factory.mktemp("house")) as opened:
        opened.start_pulse(wait=False)
        opened.start_worker(*QUEUES, concurrency=2)
        yield opened


@pytest.fixture
async def rows(house: House) -> AsyncIterator[Database]:
    """The application role's pool on the house's database."""
    made = Database(house.settings, pool_size=5)
    yield made
    await made.close()


async def until_over(rows: Database, job_id: UUID, seconds: float = 30) -> float:
    return await until(lambda: _is(rows, job_id, "completed", "failed", "cancelled"), seconds, f"job {job_id} is over")


async def _is(rows: Database, job_id: UUID, *statuses: str) -> bool:
    return (await get(rows, job_id)).status in statuses


async def test_a_worker_killed_at_any_of_five_seams_loses_and_repeats_no_row(house: House, rows: Database):
    names = [queue.value for queue in SEAM_QUEUES]
    doomed = [
        house.start_worker(name, fault_at=f"{seam}{':1' * (':' not in seam)}:group", wait=False)
        for name, seam in zip(names, SEAMS, strict=True)
    ]
    jobs = [await add(rows, f"test_steps_{name}", {"items": 60, "per_step": 10, "pause": 0.05}) for name in names]
    for worker in doomed:
        await asyncio.to_thread(worker.process.wait, 60)
        assert worker.process.returncode == -signal.SIGKILL
    # The fifth died after its end was written; the others left a running job behind, some with rows.
    statuses = [(await get(rows, job)).status for job in jobs]
    assert statuses[4] == "completed"
    assert "completed" not in statuses[:4]
    before = [(await get(rows, job)).items_processed for job in jobs]
    rescuer = house.start_worker(*names, concurrency=2)
    for job, reached in zip(jobs, before, strict=True):
        await until_over(rows, job)
        done = await get(rows, job)
        assert (done.status, done.items_processed) == ("completed", 60)
        assert done.items_processed >= reached
        assert await items(rows, job) == list(range(60))
    assert [(await get(rows, job)).attempt for job in jobs] == [2, 2, 2, 2, 1]
    rescuer.kill()


async def test_a_child_that_dies_takes_only_its_job_with_it_and_only_three_times(house: House, rows: Database):
    dying = await add(rows, "test_die")
    other = await add(rows, "test_steps", {"items": 50, "pause": 0.1})
    await until_over(rows, dying)
    over = await get(rows, dying)
    assert (over.status, over.outcome, over.attempt) == ("failed", "attempts_exhausted", 3)
    assert over.error_code == "worker_lost"
    await until_over(rows, other)
    assert await items(rows, other) == list(range(50))


async def test_a_duplicate_delivery_is_dropped_while_the_job_runs_and_after(house: House, rows: Database):
    job = await add(rows, "test_steps", {"items": 60, "pause": 0.1})
    await until(lambda: _is(rows, job, "running"), 10, "the job runs")
    ids = {"outbox_id": str(new_id()), "job_id": str(job), "tenant_id": SCOPE.tenant_id, "user_id": None, "attempt": 1}
    celery = make_celery(house.settings)
    for _ in range(5):
        celery.send_task("test_steps", kwargs=ids, queue="import")
    await until_over(rows, job)
    celery.send_task("test_steps", kwargs=ids, queue="import")
    after = await add(rows, "test_steps", {"items": 1})
    await until_over(rows, after)
    assert await items(rows, job) == list(range(60))
    assert await starts(rows, job) == 1
    celery.close()


async def test_poison_is_buried_in_sight_and_the_queue_moves_on(house: House, rows: Database):
    # Jobs of a queue that nobody reads, so that only the poison touches them.
    unknown, odd = await add(rows, "test_backlog"), await add(rows, "test_backlog")
    celery = make_celery(house.settings)
    for job, name, extra in ((unknown, "no_such_task", {}), (odd, "test_noop", {"surprise": 1})):
        ids = {"outbox_id": str(new_id()), "job_id": str(job), "tenant_id": SCOPE.tenant_id, "user_id": None}
        celery.send_task(name, kwargs={**ids, "attempt": 1, **extra}, queue="maintenance")
    celery.send_task("test_noop", args=["not", "ids"], queue="maintenance")
    _publish_raw(house.settings, b"{this is not json", "application/json")
    _publish_raw(house.settings, b"cos\nsystem\n(S'false'\ntR.", "application/x-python-serialize")
    _publish_raw(house.settings, b'{"no": "celery message"}', "application/json")
    celery.close()
    after = await add(rows, "test_noop")
    await until_over(rows, after)
    for job in (unknown, odd):
        await until_over(rows, job)
        buried = await get(rows, job)
        assert (buried.status, buried.error_code) == ("failed", "message_undeliverable")
    output = house.running[1].output()
    assert "undecodable" in output
    assert house.running[1].process.poll() is None


def _publish_raw(settings: Settings, body: bytes, content_type: str) -> None:
    options = {"global_keyprefix": settings.redis_key_prefix}
    with Connection(settings.redis_url, transport_options=options) as connection:
        producer = connection.Producer()
        producer.publish(body, routing_key="maintenance", content_type=content_type, content_encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
async def test_a_stopped_worker_gives_its_job_back_at_once(number: signal.Signals, house: House, rows: Database):
    first = house.start_worker("sync")
    job = await add(rows, "test_steps_sync", {"items": 100, "pause": 0.2})
    await until(lambda: _has_rows(rows, job), 20, "the first step")
    took = await asyncio.to_thread(first.stop, number)
    given = await get(rows, job)
    assert (given.status, given.attempt, given.fruitless_attempts) == ("pending", 2, 0)
    assert took < 8
    second = house.start_worker("sync")
    await until_over(rows, job)
    assert await items(rows, job) == list(range(100))
    assert (await get(rows, job)).status == "completed"
    second.kill()


async def _has_rows(rows: Database, job_id: UUID) -> bool:
    return bool(await items(rows, job_id))


async def test_a_cancel_takes_effect_within_five_seconds(house: House, rows: Database):
    stubborn, stepping = await add(rows, "test_stubborn"), await add(rows, "test_steps", {"items": 9000, "pause": 0.2})
    for job in (stubborn, stepping):
        await until(lambda job=job: _is(rows, job, "running"), 10, "the job runs")
    async with rows.session(SCOPE) as session:
        await session.execute(text("UPDATE jobs SET cancel_requested_at = now() WHERE status = 'running'"))
    for job in (stubborn, stepping):
        assert await until_over(rows, job) < 5
        assert (await get(rows, job)).status == "cancelled"
    done = await items(rows, stepping)
    assert done == list(range(len(done)))


async def test_two_pulses_start_each_slot_once(house: House, rows: Database):
    house.start_pulse()
    async with rows.session(SCOPE) as session:
        for _ in range(40):
            await add_schedule(session, "test_noop", every_minutes=60)
        await session.execute(text("UPDATE schedules SET next_slot_at = now() + interval '1 second'"))
    await until(lambda: _all_ticked(rows), 15, "every schedule has ticked")
    await asyncio.sleep(2)
    assert await count(rows, "schedule_id IS NOT NULL") == 40
    await until(lambda: _none_open(rows), 20, "the ticked jobs are done")
    async with rows.session(SCOPE) as session:
        await session.execute(text("DELETE FROM schedules"))


async def _all_ticked(rows: Database) -> bool:
    async with rows.session(SCOPE) as session:
        return await session.scalar(text("SELECT count(*) FROM schedules WHERE last_slot_at IS NULL")) == 0


async def _none_open(rows: Database) -> bool:
    return await count(rows, "status IN ('pending', 'running')") == 0


async def test_a_pulse_killed_after_publishing_has_another_send_again_and_the_job_runs_once(
    house: House, rows: Database
):
    for running in house.running:
        if running.name == "pulse" and running.process.poll() is None:
            running.kill()
    doomed = house.start_pulse(fault_at="relay_after_publish")
    job = await add(rows, "test_steps", {"items": 20})
    await asyncio.to_thread(doomed.process.wait, 20)
    await until_over(rows, job)
    house.start_pulse()
    after = await add(rows, "test_noop")
    await until_over(rows, after)
    await until(lambda: _outbox_is_sent(rows), 10, "everything is sent")
    assert await items(rows, job) == list(range(20))
    assert await starts(rows, job) == 1


async def _outbox_is_sent(rows: Database) -> bool:
    async with rows.session(SCOPE) as session:
        return await session.scalar(text("SELECT count(*) FROM outbox WHERE sent_at IS NULL")) == 0


async def test_celery_beat_runs_the_same_pulse_and_stops_when_told(house: House, rows: Database):
    for running in house.running:
        if running.name == "pulse" and running.process.poll() is None:
            running.kill()
    beat = house.start_beat()
    job = await add(rows, "test_noop")
    await until_over(rows, job)
    assert await asyncio.to_thread(beat.stop) < 10
    assert "pulse_stopped" in beat.output()
    assert "Traceback" not in beat.output()
    house.start_pulse()


async def test_a_flushed_redis_forgets_no_pending_job(house: House, rows: Database, servers: TestServers):
    jobs = [await add(rows, "test_backlog") for _ in range(200)]
    await until(lambda: _outbox_is_sent(rows), 20, "all are sent")
    assert servers.embedded is not None
    embedded.flush_redis(servers.embedded)
    worker = house.start_worker("images", concurrency=2)
    await until(lambda: _none_open(rows), 60, "all 200 are done")
    assert {tuple(await items(rows, job)) for job in jobs} == {(0,)}
    assert {await starts(rows, job) for job in jobs} == {1}
    worker.kill()
    # The worker that was there before the flush goes on as well.
    after = await add(rows, "test_noop")
    await until_over(rows, after)


async def test_with_redis_away_work_is_accepted_and_done_later(house: House, rows: Database, servers: TestServers):
    assert servers.embedded is not None
    embedded.halt(servers.embedded, "redis", immediate=True)
    jobs = [await add(rows, "test_steps", {"items": 10}) for _ in range(20)]
    assert await count(rows, "status = 'pending'") == 20
    embedded.resume(servers.embedded, "redis")
    for job in jobs:
        await until_over(rows, job, 40)
        assert await items(rows, job) == list(range(10))
        assert await starts(rows, job) == 1


async def test_a_restart_of_postgres_under_load_loses_nothing_that_was_acknowledged(
    house: House, rows: Database, servers: TestServers
):
    assert servers.embedded is not None
    acknowledged: list[UUID] = []

    async def load() -> None:
        while True:
            try:
                acknowledged.append(await add(rows, "test_steps", {"items": 20, "per_step": 5, "pause": 0.05}))
            except Exception:  # noqa: BLE001 (not acknowledged, so not promised)
                await asyncio.sleep(0.2)
            await asyncio.sleep(0.05)

    loading = asyncio.create_task(load())
    await asyncio.sleep(2)
    before = len(acknowledged)
    await asyncio.to_thread(embedded.restart, servers.embedded, "postgres", immediate=True)
    await asyncio.sleep(3)
    loading.cancel()
    assert before
    assert len(acknowledged) > before
    for job in acknowledged:
        await until_over(rows, job, 60)
        assert (await get(rows, job)).status == "completed"
        assert await items(rows, job) == list(range(20))


async def test_an_event_is_heard_once_and_the_newest_content_wins(house: House, rows: Database):

    async with rows.session(SCOPE) as session:
        for stock in (1, 2, 41):
            await emit(session, StockChanged("A", stock), coalesce_key="A")
    await until(lambda: _heard(rows, 41), 10, "the event is heard")
    assert not await _heard(rows, 1)
    assert not await _heard(rows, 2)


async def _heard(rows: Database, stock: int) -> bool:
    async with rows.session(SCOPE) as session:
        found = text("SELECT count(*) FROM test_steps WHERE attempt = 0 AND item = :stock")
        return await session.scalar(found, {"stock": stock}) == 1
