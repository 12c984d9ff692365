"""The suite `jobs`: no-op jobs from their enqueueing to their end, by the engine and by plain Celery."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import asyncpg

from app.cli.children import QUEUES, pulse_child
from app.cli.environment import ROOT
from app.core.database import Database
from app.core.ids import new_id
from app.core.redis import RedisGate
from app.core.tenancy import Scope
from app.queue import announce, registry
from app.queue.outbox import enqueue
from app.supervisor.child import Child
from bench.document import Gate, Section, table
from bench.installation import Installation, Shop, open_shop, running, settle
from bench.jobs import noop, plain
from bench.rounds import interleave, ratio, spread

GATE = 0.7
PRODUCERS = 4
PATIENCE_SECONDS = 180
ENGINE, PLAIN = "the engine", "plain Celery"

Say = Callable[[str], None]
Rate = float


class JobsLost(RuntimeError):
    """Not all jobs came to their end in time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Jobs per second from the first enqueueing to the last end, and of the enqueueing alone."""

    rate: float
    enqueued: float


def measure_jobs(installation: Installation, jobs: int, rounds: int, say: Say) -> Section:
    """The engine against plain Celery, on the same servers."""
    plain.celery_app.conf.broker_url = installation.settings.redis_url
    registry.load()
    shop = asyncio.run(open_shop(installation))
    asyncio.run(_execute(installation.owner_dsn, plain.TABLE))
    with ExitStack() as stack:
        environment = {**installation.environment, "BENCH_DSN": installation.owner_dsn}
        stack.enter_context(running(pulse_child(environment), installation))
        stack.enter_context(running(_worker("engine", "bench.jobs.engine_worker", environment, QUEUES), installation))
        stack.enter_context(running(_worker("plain", "bench.jobs.plain", environment, ("celery",)), installation))

        async def publish_plainly(pool: asyncpg.Pool) -> None:
            job_id = str(new_id())
            await pool.execute(plain.INSERT, job_id)
            plain.noop.apply_async((job_id,))

        def by_engine() -> Measured:
            return asyncio.run(_by_engine(installation, shop, jobs))

        def by_celery() -> Measured:
            return asyncio.run(_by_celery(installation.owner_dsn, jobs, publish_plainly))

        by_engine(), by_celery()  # both ways once, so that every child has opened what it needs
        found = interleave({PLAIN: by_celery, ENGINE: by_engine}, rounds=rounds, say=say)
    rates = {name: [one.rate for one in results] for name, results in found.items()}
    rows = [
        (
            name,
            f"{median(rates[name]):,.0f}",
            f"{ratio(rates[name], rates[PLAIN]):.2f}",
            spread(rates[name]),
            f"{median(one.enqueued for one in results):,.0f}",
        )
        for name, results in found.items()
    ]
    body = f"""
{jobs:,} no-op jobs from the first enqueueing to the end of the last, by the rows' own times; {PRODUCERS} producers, a
worker with two prefork children, {rounds} interleaved rounds, both ways on the same PostgreSQL and Redis. The engine: a
transaction with job, event and outbox row for each, the pulse relays, a child claims (fenced), accompanies, finishes.
Plain: an INSERT and a publish, a late acknowledged task with an UPDATE at its start and one at its end (asyncpg, one
event loop and connection in each child). Plain Celery loses jobs when Redis forgets and runs them twice after a kill.

{table(("", "jobs/s", f"times {PLAIN}", "spread", "enqueued/s"), rows)}
"""
    gate = Gate("no-op jobs, times plain Celery", ratio(rates[ENGINE], rates[PLAIN]), GATE)
    return Section("No-op jobs", [gate], body)


def _worker(name: str, module: str, environment: dict[str, str], queues: tuple[str, ...]) -> Child:
    options = ["-Q", ",".join(queues), "-c", "2", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    return Child(
        name=f"worker-{name}",
        command=[sys.executable, "-m", "celery", "-A", module, "worker", "-n", f"{name}@%h", *options],
        environment=environment,
        directory=ROOT,
        stop_seconds=30,
    )


async def _by_engine(installation: Installation, shop: Shop, jobs: int) -> Measured:
    database = Database(installation.settings, pool_size=PRODUCERS)
    gate = RedisGate(installation.settings)
    announce.use(gate)
    scope = Scope(shop.tenant_id, shop.owner_id)

    async def enqueue_one() -> None:
        async with database.session(scope) as session:
            await enqueue(session, noop.NAME)

    try:
        return await _measure(installation.owner_dsn, "jobs", jobs, enqueue_one)
    finally:
        await announce.finish()
        announce.use(None)
        await gate.close()
        await database.close()


async def _by_celery(dsn: str, jobs: int, publish: Callable[[asyncpg.Pool], Awaitable[None]]) -> Measured:
    async with asyncpg.create_pool(dsn, min_size=PRODUCERS, max_size=PRODUCERS) as pool:
        return await _measure(dsn, "bench_plain_jobs", jobs, lambda: publish(pool))


async def _measure(dsn: str, name: str, jobs: int, enqueue_one: Callable[[], Awaitable[None]]) -> Measured:
    await settle(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        since = await connection.fetchval("SELECT now()")
        started = time.perf_counter()
        left = iter(range(jobs))

        async def produce() -> None:
            for _ in left:
                await enqueue_one()

        await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
        enqueued = jobs / (time.perf_counter() - started)
        await _wait(connection, name, since, jobs)
        took = await connection.fetchval(
            f"SELECT max(completed_at) - min(created_at) FROM {name} WHERE created_at > $1", since
        )
        return Measured(jobs / took.total_seconds(), enqueued)
    finally:
        await connection.close()


async def _wait(connection: asyncpg.Connection, name: str, since: object, jobs: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    done = f"SELECT count(*) FROM {name} WHERE created_at > $1 AND status = 'completed'"
    while (ended := await connection.fetchval(done, since)) < jobs:
        if time.monotonic() > deadline:
            raise JobsLost(f"{name}: {ended} of {jobs} ended")
        await asyncio.sleep(0.2)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
