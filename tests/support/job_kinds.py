"""Kinds of job and listeners that exist for tests only: each shows one behaviour of the engine."""

import asyncio
import os
import signal
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Unprocessable
from app.integrations.http import open_client
from app.queue.names import Queue
from app.queue.outcome import Outcome
from app.queue.registry import job, listener
from app.queue.run import Run

STEPS_TABLE = """
CREATE TABLE IF NOT EXISTS test_steps (
  id bigint GENERATED ALWAYS AS IDENTITY, job_id uuid NOT NULL, item integer NOT NULL, attempt integer NOT NULL
);
GRANT SELECT, INSERT ON test_steps TO PUBLIC;
CREATE INDEX IF NOT EXISTS test_steps_job ON test_steps (job_id)
"""


@job("test_noop", queue=Queue.MAINTENANCE)
async def noop(run: Run) -> None:
    """Nothing at all."""


# The same on a queue of its own for each seam, so that a worker with a fault gets no other's work.
SEAM_QUEUES = (Queue.SYNC, Queue.SCRAPING, Queue.ORDERS, Queue.AI, Queue.WEBHOOKS)


@job("test_steps_webhooks", queue=Queue.WEBHOOKS)
@job("test_steps_ai", queue=Queue.AI)
@job("test_steps_orders", queue=Queue.ORDERS)
@job("test_steps_scraping", queue=Queue.SCRAPING)
@job("test_steps_sync", queue=Queue.SYNC)
@job("test_steps", queue=Queue.IMPORT)
async def steps(run: Run) -> Outcome:
    """Insert `items` rows, `per_step` in each step, with a pause after each; resumes from the cursor."""
    items, per_step = int(str(run.params["items"])), int(str(run.params.get("per_step", 10)))
    pause = float(str(run.params.get("pause", 0)))
    done = run.cursor if isinstance(run.cursor, int) else 0
    while done < items:
        run.raise_if_stopped()
        upto = min(items, done + per_step)
        async with run.sessions.begin() as session:
            await _insert(session, run, done, upto)
            await run.checkpoint(session, upto, processed=upto, total=items, counters={"created": upto})
        done = upto
        await asyncio.sleep(pause)
    return Outcome.ok({"items": done})


async def _insert(session: AsyncSession, run: Run, first: int, end: int) -> None:
    await session.execute(
        text(
            "INSERT INTO test_steps (job_id, item, attempt)"
            " SELECT :job_id, item, :attempt FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS item"
        ),
        {"job_id": run.job_id, "attempt": run.attempt, "first": first, "last": end - 1},
    )


@job("test_calls_outside", queue=Queue.SYNC)
async def call_outside(run: Run) -> None:
    """Call `url` and read its JSON, by an installation whose sandbox is at `sandbox`."""
    settings = run.resources.settings.model_copy(update={"sandbox_url": run.params["sandbox"], "outbound_tries": 2})
    async with open_client(settings) as client:
        (await client.get(str(run.params["url"]))).json()


@job("test_slow_step", queue=Queue.IMPORT)
async def slow_step(run: Run) -> None:
    """One step whose commit takes its time after the checkpoint."""
    async with run.sessions.begin() as session:
        await _insert(session, run, 0, 1)
        await run.checkpoint(session, 1, processed=1)
        await asyncio.sleep(float(str(run.params["pause"])))


@job("test_backlog", queue=Queue.IMAGES)
async def backlog(run: Run) -> None:
    """One row, on a queue that workers may leave alone until a test lets them."""
    async with run.sessions.begin() as session:
        await _insert(session, run, 0, 1)
        await run.checkpoint(session, 1)


@job("test_fail", queue=Queue.MAINTENANCE)
async def fail(run: Run) -> None:
    """Fail in a way that nobody foresaw."""
    raise ZeroDivisionError("this must not be shown to anybody")


@job("test_refuse", queue=Queue.MAINTENANCE)
async def refuse(run: Run) -> None:
    """Fail with a meaning."""
    raise Unprocessable("The file has no usable column.")


class VendorBusy(Exception):
    """Like the errors of vendors: says by its attributes what to do."""

    retryable = True
    retry_after = 120
    code = "vendor_busy"


@job("test_busy", queue=Queue.MAINTENANCE)
async def busy(run: Run) -> None:
    """Ask to be tried again in two minutes."""
    raise VendorBusy("come back later")


@job("test_die", queue=Queue.MAINTENANCE)
async def die(run: Run) -> None:
    """Die as the out-of-memory killer would have it."""
    os.kill(os.getpid(), signal.SIGKILL)


@job("test_stubborn", queue=Queue.MAINTENANCE)
async def stubborn(run: Run) -> None:
    """Wait without ever asking whether to stop."""
    await asyncio.sleep(3600)


@job("test_apply", queue=Queue.MAINTENANCE)
async def apply(run: Run) -> Outcome:
    """Go on with a job that a person has confirmed."""
    return Outcome.ok({"applied": run.result})


@job("test_clear", queue=Queue.MAINTENANCE)
async def clear(run: Run) -> None:
    """Clear up after a discarded job, or take one back."""


@job("test_preview", queue=Queue.MAINTENANCE, confirm="test_apply", undo="test_clear", discard="test_clear")
async def preview(run: Run) -> Outcome:
    """Wait for a person."""
    return Outcome.needs_confirmation({"would_archive": 7}, "7 products would be archived")


@dataclass(frozen=True)
class StockChanged:
    """An event of the tests."""

    sku: str
    stock: int


@listener("test_hear_stock", event=StockChanged, queue=Queue.LISTINGS)
async def hear_stock(session: AsyncSession, event: StockChanged) -> None:
    """Write down what was heard; a negative stock is more than it can take."""
    if event.stock < 0:
        raise ValueError("negative stock")
    await session.execute(
        text("INSERT INTO test_steps (job_id, item, attempt) VALUES (gen_random_uuid(), :stock, 0)"),
        {"stock": event.stock},
    )
