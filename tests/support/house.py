"""Real workers and pulses on a database and Redis keys of their own, for tests (and tools/chaos.py) that kill them."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.core import migrations
from app.core.config import Settings
from app.core.database import Database
from app.core.tenancy import Scope
from app.queue.models import Job, JsonObject
from app.queue.outbox import enqueue
from app.supervisor.ports import free_port
from tests.support.job_kinds import STEPS_TABLE
from tests.support.servers import TestServers, execute, fresh_database

ROOT = Path(__file__).resolve().parents[2]
FAST = {
    "JOB_HEARTBEAT_SECONDS": "0.5",
    "JOB_CANCEL_POLL_SECONDS": "0.5",
    "JOB_STALE_SECONDS": "2",
    "JOB_SWEEP_SECONDS": "1",
    "JOB_RETRY_SECONDS": "0.2",
    "WORKER_SOFT_SHUTDOWN_SECONDS": "4",
}
START_SECONDS = 60
SCOPE = Scope(1)


@dataclass(slots=True)
class Running:
    """A process with a group of its own, whose output goes to a file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """SIGKILL for the whole group: what a power cut does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20) -> float:
        """Ask politely; answers how long it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(seconds)
        return time.monotonic() - started

    def children(self) -> list[int]:
        """Pids of the direct children."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str, seconds: float = START_SECONDS) -> None:
        """Return when the words are in the output."""
        deadline = time.monotonic() + seconds
        while words not in self.output():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.name} never said {words!r}:\n{self.output()[-3000:]}")
            time.sleep(0.05)


@dataclass(slots=True)
class House:
    """An installation whose processes a test starts and kills."""

    settings: Settings
    environment: Mapping[str, str]
    logs: Path
    running: list[Running] = field(default_factory=list)

    def start_worker(self, *queues: str, fault_at: str = "", concurrency: int = 1, wait: bool = True) -> Running:
        """A worker of some queues, killed at a seam if told so."""
        command = ["celery", "-A", "tests.support.worker_app", "worker", "-Q", ",".join(queues)]
        options = ["-c", str(concurrency), "-n", f"{secrets.token_hex(3)}@%h", "--without-gossip", "--without-mingle"]
        started = self._start("worker", ["-m", *command, *options], fault_at)
        if wait:
            started.wait_for(" ready.")
        return started

    def start_pulse(self, *, fault_at: str = "", wait: bool = True) -> Running:
        """A pulse, killed at a seam if told so."""
        started = self._start("pulse", ["-m", "tests.support.pulse_main"], fault_at)
        if wait:
            started.wait_for("pulse_started")
        return started

    def start_api(self) -> str:
        """An API; answers its address."""
        port = free_port()
        command = ["-m", "uvicorn", "main:app", "--port", str(port), "--no-access-log", "--no-proxy-headers"]
        self._start("api", command, "").wait_for("Application startup complete")
        return f"http://127.0.0.1:{port}"

    def start_beat(self) -> Running:
        """The pulse as Celery's beat runs it."""
        command = ["celery", "-A", "tests.support.worker_app", "beat", "-S", "app.queue.beat:PulseScheduler"]
        started = self._start("beat", ["-m", *command], "")
        started.wait_for("pulse_started")
        return started

    def stop(self) -> None:
        for one in reversed(self.running):
            if one.process.poll() is None:
                one.kill()
        self.running.clear()

    def _start(self, name: str, arguments: Sequence[str], fault_at: str) -> Running:
        log = self.logs / f"{name}-{len(self.running)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**self.environment, "FAULT_AT": fault_at},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self.running.append(Running(name, process, log))
        return self.running[-1]


@contextmanager
def open_house(
    servers: TestServers, settings: Settings, logs: Path, times: Mapping[str, str] = FAST
) -> Iterator[House]:
    """A migrated database and Redis keys for one house; everything is stopped and dropped afterwards."""
    with fresh_database(servers) as url:
        prefix = f"{servers.redis_key_prefix}{secrets.token_hex(3)}:"
        environment = {**os.environ, "DATABASE_URL": url, "REDIS_KEY_PREFIX": prefix, **times}
        migrations.upgrade_blocking(url)
        # The servers of tests answer before they have written; here an answer must be a promise.
        durable = f'ALTER DATABASE "{make_url(url).database}" SET synchronous_commit = on'
        execute(url, *STEPS_TABLE.split(";"), durable)
        own = {"database_url": url, "redis_key_prefix": prefix}
        house = House(settings.model_copy(update=own), environment, logs)
        try:
            yield house
        finally:
            house.stop()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, what: str) -> float:
    """Wait for a condition; answers how long it took."""
    started = time.monotonic()
    while True:
        with suppress(OSError):
            if await condition():
                return time.monotonic() - started
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.1)


async def add(database: Database, name: str, params: JsonObject | None = None, scope: Scope = SCOPE) -> UUID:
    """Enqueue one job."""
    async with database.session(scope) as session:
        return (await enqueue(session, name, params=params)).id


async def get(database: Database, job_id: UUID, scope: Scope = SCOPE) -> Job:
    """One job as it is now."""
    async with database.session(scope) as session:
        return await session.get_one(Job, job_id)


async def count(database: Database, condition: str, scope: Scope = SCOPE, **values: object) -> int:
    """How many jobs there are for which an SQL condition holds."""
    async with database.session(scope) as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM jobs WHERE {condition}"), values) or 0)


async def items(database: Database, job_id: UUID) -> list[int]:
    """The rows that a job's steps have inserted, duplicates included."""
    async with database.session(SCOPE) as session:
        found = text("SELECT item FROM test_steps WHERE job_id = :id ORDER BY item")
        return list(await session.scalars(found, {"id": job_id}))


async def starts(database: Database, job_id: UUID) -> int:
    """How often a job was claimed."""
    async with database.session(SCOPE) as session:
        claimed = text("SELECT count(*) FROM job_events WHERE job_id = :id AND status = 'running'")
        return int(await session.scalar(claimed, {"id": job_id}) or 0)
