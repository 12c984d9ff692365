"""The jobs of products: names and queues only."""

from uuid import UUID

from app.jobs import changes
from app.products import bulk_prices_job, restore
from app.products.bulk_prices import UPDATE_PRICES
from app.queue.names import Queue
from app.queue.outcome import Outcome
from app.queue.registry import job
from app.queue.run import Run

UNDO_PRICES = "undo_price_update"
FORGET_PRICES = "forget_price_updates"


@job(UPDATE_PRICES, queue=Queue.MAINTENANCE, undo=UNDO_PRICES, forget=FORGET_PRICES)
async def update_prices_in_bulk(run: Run) -> Outcome:
    return await bulk_prices_job.update_prices(run)


@job(UNDO_PRICES, queue=Queue.MAINTENANCE)
async def undo_price_update(run: Run) -> Outcome:
    return await restore.take_back(run, UUID(str(run.params["job_id"])))


@job(FORGET_PRICES, queue=Queue.MAINTENANCE)
async def forget_price_updates(run: Run) -> None:
    await changes.forget(run)
