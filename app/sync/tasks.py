"""The jobs of syncs, and which sync each carries out: names and queues only."""

from app.intake.undo import CLEAR_IMPORT, UNDO_IMPORT
from app.queue.names import Queue
from app.queue.outcome import Outcome
from app.queue.registry import job
from app.queue.run import Run
from app.sync import external
from app.sync.kinds import SOURCE, SyncKind, register
from app.sync.schemas import PRODUCTS

register(SyncKind(SOURCE, PRODUCTS, external.SYNC_PRODUCTS))


@job(
    external.SYNC_PRODUCTS,
    queue=Queue.SYNC,
    undo=UNDO_IMPORT,
    confirm=external.SYNC_CONFIRMED,
    discard=CLEAR_IMPORT,
)
async def sync_external_products(run: Run) -> Outcome:
    return await external.sync_products(run)


@job(external.SYNC_CONFIRMED, queue=Queue.SYNC)
async def sync_confirmed_external_products(run: Run) -> Outcome:
    return await external.sync_products(run, confirmed=True)
