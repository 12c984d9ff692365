"""Running what the outbox holds inside the test's process, by the engine's own runner: no broker, no worker."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.queue.delivery import Delivery
from app.queue.means import Means
from app.queue.runner import run_attempt

Drain = Callable[[int], Awaitable[None]]

_NEXT = text("""
DELETE FROM outbox WHERE id = (
  SELECT id FROM outbox WHERE tenant_id = :tenant_id AND job_id IS NOT NULL ORDER BY available_at, id LIMIT 1
) RETURNING id, task, job_id, tenant_id, user_id, attempt
""")


@pytest.fixture(scope="session")
async def means(settings: Settings) -> AsyncIterator[Means]:
    """What a worker child holds."""
    opened = Means(Resources.open(settings, pool_size=3), SystemDatabase(settings), lambda: False)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def drain(means: Means) -> Drain:
    """Runs a tenant's jobs, those that they start included, until none is left."""
    return drain_by(means)


def drain_by(means: Means) -> Drain:
    """The same with other means."""

    async def run(tenant_id: int) -> None:
        while True:
            async with means.system.session() as session:
                row = (await session.execute(_NEXT, {"tenant_id": tenant_id})).one_or_none()
            if row is None:
                return
            await run_attempt(means, Delivery(row.task, row.id, row.job_id, row.tenant_id, row.user_id, row.attempt))

    return run
