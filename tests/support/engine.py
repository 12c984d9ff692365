"""The engine in this process, at fast settings: what a worker child holds, and doing what the outbox holds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson
import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.queue import listening, runner
from app.queue.delivery import Delivery, parse
from app.queue.means import Means
from tests.support.job_kinds import STEPS_TABLE
from tests.support.servers import TestServers, execute

_TAKE = text("""
    UPDATE outbox SET sent_at = now(), sends = sends + 1 WHERE id = (
      SELECT id FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL AND available_at <= now()
      AND tenant_id IS NOT DISTINCT FROM :tenant_id ORDER BY available_at, id LIMIT 1)
    RETURNING id, task, job_id, tenant_id, user_id, attempt
    """)


@dataclass
class Switch:
    """Whether the worker that this process plays is stopping."""

    is_on: bool = False

    def __call__(self) -> bool:
        return self.is_on


@dataclass
class Engine:
    """A worker child's means, whose worker a test can stop."""

    means: Means
    stopping: Switch = field(default_factory=Switch)

    async def deliver(self, delivery: Delivery) -> None:
        """Do what one message asks for, read back from its JSON."""
        read = parse(delivery.task, (), orjson.loads(orjson.dumps(delivery.to_ids())))
        if read.job_id is None:
            await listening.hear(self.means, read)
        else:
            await runner.run_attempt(self.means, read)

    async def take(self, tenant_id: int | None) -> Delivery | None:
        """The tenant's next message, marked as sent."""
        async with self.means.system.session() as session:
            row = (await session.execute(_TAKE, {"tenant_id": tenant_id})).one_or_none()
        if row is None:
            return None
        return Delivery(row.task, row.id, row.job_id, row.tenant_id, row.user_id, row.attempt)

    async def drain(self, tenant_id: int | None) -> list[str]:
        """Do everything that a tenant's outbox holds and whose time has come; answers the names in order."""
        done: list[str] = []
        while (delivery := await self.take(tenant_id)) is not None:
            await self.deliver(delivery)
            done.append(delivery.task)
        return done


@pytest.fixture(scope="session")
async def engine(settings: Settings) -> AsyncIterator[Engine]:
    """The engine at fast settings."""
    fast = settings.model_copy(
        update={
            "job_heartbeat_seconds": 0.2,
            "job_cancel_poll_seconds": 0.1,
            "job_stale_seconds": 2.0,
            "job_progress_seconds": 0.05,
            "worker_soft_shutdown_seconds": 1.0,
        }
    )
    stopping = Switch()
    means = Means(Resources.open(fast, pool_size=4), SystemDatabase(fast, pool_size=2), stopping)
    yield Engine(means, stopping)
    await means.close()


@pytest.fixture(scope="session")
def steps_table(servers: TestServers, settings: Settings) -> None:
    """The table into which the test kinds write."""
    execute(servers.database_owner_url, *STEPS_TABLE.split(";"))
