"""`make chaos SEED=… ROUNDS=…`: the engine at production times under load, hurt at random moments, then judged.

Each round picks a fault and a moment; at the end every acknowledged job must be completed, each of its rows written
once, and no job may have stood still longer than a minute after its worker died. Exits with 1 if a promise is broken.
"""

import argparse
import asyncio
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from app.core.config import get_settings
from app.core.database import Database
from app.queue import registry
from app.supervisor import embedded
from tests.support import job_kinds
from tests.support.house import SCOPE, House, Running, add, count, get, items, open_house, until
from tests.support.servers import TestServers, execute

__all__ = ["job_kinds"]

QUEUES = ("import",)
ITEMS, PER_STEP = 120, 10
LOAD_PAUSE = 0.4
RESUME_LIMIT = 60.0
END_LIMIT = 300.0
DATABASE = "crossdock_chaos"


@dataclass(slots=True)
class Chaos:
    """The installation, the load that it has acknowledged, and the dice."""

    house: House
    servers: embedded.Servers
    rows: Database
    dice: random.Random
    acknowledged: list[UUID] = field(default_factory=list)
    refused: int = 0


Fault = Callable[[Chaos], str]


def kill_worker(chaos: Chaos) -> str:
    """SIGKILL for a worker with all its children; another one is started."""
    _pick(chaos, "worker").kill()
    chaos.house.start_worker(*QUEUES, concurrency=2, wait=False)
    return "worker killed"


def kill_child(chaos: Chaos) -> str:
    """SIGKILL for one prefork child, as the out-of-memory killer does it."""
    children = _pick(chaos, "worker").children()
    if children:
        with suppress(ProcessLookupError):
            os.kill(chaos.dice.choice(children), signal.SIGKILL)
    return "prefork child killed"


def kill_pulse(chaos: Chaos) -> str:
    """SIGKILL for one of the two pulses; another one is started."""
    _pick(chaos, "pulse").kill()
    chaos.house.start_pulse(wait=False)
    return "pulse killed"


def stop_worker(chaos: Chaos) -> str:
    """A deployment: SIGTERM, and a new worker."""
    worker = _pick(chaos, "worker")
    chaos.house.start_worker(*QUEUES, concurrency=2, wait=False)
    return f"worker stopped in {worker.stop(seconds=60):.1f} s"


def flush_redis(chaos: Chaos) -> str:
    """FLUSHALL."""
    embedded.flush_redis(chaos.servers)
    return "redis flushed"


def take_redis_away(chaos: Chaos) -> str:
    """Redis is killed and stays away for a while."""
    seconds = chaos.dice.uniform(0.5, 8)
    embedded.halt(chaos.servers, "redis", immediate=True)
    time.sleep(seconds)
    embedded.resume(chaos.servers, "redis")
    return f"redis away for {seconds:.1f} s"


def crash_postgres(chaos: Chaos) -> str:
    """PostgreSQL stops as in a crash, and recovers."""
    embedded.restart(chaos.servers, "postgres", immediate=True)
    return "postgres crashed and recovered"


FAULTS: tuple[Fault, ...] = (
    kill_worker, kill_child, kill_pulse, stop_worker, flush_redis, take_redis_away, crash_postgres
)  # fmt: skip


def _pick(chaos: Chaos, name: str) -> Running:
    alive = [one for one in chaos.house.running if one.name == name and one.process.poll() is None]
    return chaos.dice.choice(alive)


def main(seed: int, rounds: int) -> int:
    """Run the rounds; answers the number of broken promises."""
    print(f"SEED={seed} ROUNDS={rounds}", flush=True)
    with _installation() as (servers, house):
        return asyncio.run(_torment(servers, house, random.Random(seed), rounds))  # noqa: S311 (repeatable, not secret)


async def _torment(servers: embedded.Servers, house: House, dice: random.Random, rounds: int) -> int:
    chaos = Chaos(house, servers, Database(house.settings, pool_size=5), dice)
    loading = asyncio.create_task(_load(chaos))
    for number in range(1, rounds + 1):
        await asyncio.sleep(dice.uniform(1, 10))
        said = await asyncio.to_thread(dice.choice(FAULTS), chaos)
        print(f"round {number:3}: {said}; {len(chaos.acknowledged)} jobs acknowledged so far", flush=True)
    loading.cancel()
    broken = await _judge(chaos)
    await chaos.rows.close()
    for line in broken:
        print(f"BROKEN: {line}")
    done, refused = len(chaos.acknowledged), chaos.refused
    print(f"{done} acknowledged jobs, {refused} refused while PostgreSQL was away, {len(broken)} promises broken")
    return len(broken)


async def _load(chaos: Chaos) -> None:
    params = {"items": ITEMS, "per_step": PER_STEP, "pause": 0.1}
    while True:
        try:
            chaos.acknowledged.append(await add(chaos.rows, "test_steps", dict(params)))
        except Exception:  # noqa: BLE001 (not acknowledged, so not promised)
            chaos.refused += 1
        await asyncio.sleep(chaos.dice.uniform(0, 2 * LOAD_PAUSE))


async def _judge(chaos: Chaos) -> list[str]:
    with suppress(AssertionError):  # what is not over by then is found below
        await until(lambda: _all_over(chaos.rows), END_LIMIT, "every job is over")
    broken: list[str] = []
    for job_id in chaos.acknowledged:
        job = await get(chaos.rows, job_id)
        found = await items(chaos.rows, job_id)
        if job.status != "completed":
            broken.append(f"job {job_id} is {job.status} ({job.error_code}) after attempt {job.attempt}")
        if found != list(range(ITEMS)):
            broken.append(f"job {job_id} has {len(found)} rows, {len(set(found))} different, instead of {ITEMS}")
    return broken + await _slow_resumes(chaos)


async def _all_over(rows: Database) -> bool:
    return not await count(rows, "status IN ('pending', 'running')")


async def _slow_resumes(chaos: Chaos) -> list[str]:
    # From the last sign of an attempt whose worker died to the moment at which the next one may start.
    found = text("""
        SELECT job_id, seconds FROM (
          SELECT job_id, error_code, extract(epoch FROM at - lag(at) OVER (PARTITION BY job_id ORDER BY id)) AS seconds
          FROM job_events
        ) AS steps WHERE error_code = 'worker_lost' AND seconds > :limit
        """)
    # A step of the load lasts ITEMS / PER_STEP tenths of a second; that may lie between the two marks.
    limit = RESUME_LIMIT + ITEMS / PER_STEP
    async with chaos.rows.session(SCOPE) as session:
        rows = (await session.execute(found, {"limit": limit})).all()
    return [f"job {job_id} stood still for {seconds:.0f} s" for job_id, seconds in rows]


@contextmanager
def _installation() -> Iterator[tuple[embedded.Servers, House]]:
    with tempfile.TemporaryDirectory(prefix="crossdock-chaos-") as folder:
        data, logs = Path(folder) / "data", Path(folder) / "logs"
        logs.mkdir()
        running = embedded.start(data, fast=True)
        try:
            url = running.database_url(DATABASE)
            execute(running.database_owner_url, f'CREATE DATABASE "{DATABASE}"')
            mine = {"DATABASE_URL": url, "REDIS_URL": running.redis_url, "DATA_DIR": str(data)}
            os.environ.update(mine, ENVIRONMENT="test", SECRET_KEY=secrets.token_hex(32))
            get_settings.cache_clear()
            registry.load()
            servers = TestServers(url, running.redis_url, "crossdock:", "crossdock_", running)
            # No times given: the settings of production are what is put to the test.
            with open_house(servers, get_settings(), logs, times={}) as house:
                for _ in range(2):
                    house.start_pulse()
                    house.start_worker(*QUEUES, concurrency=2)
                yield running, house
        finally:
            embedded.stop(running)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    sys.exit(1 if main(options.seed, options.rounds) else 0)
