"""The jobs of syncs, and which sync each carries out: names and queues only."""

from app.intake.undo import CLEAR_IMPORT, UNDO_IMPORT
from app.queue.names import Queue
from app.queue.outcome import Outcome
from app.queue.registry import job
from app.queue.run import Run
from app.sync import goods, levels
from app.sync.kinds import SOURCE, STOCK, SUPPLIER, SyncKind, register
from app.sync.schemas import PRODUCTS
from app.sync.schemas import STOCK as STOCK_KIND

register(SyncKind(SOURCE, PRODUCTS, goods.SYNC_EXTERNAL))
register(SyncKind(SUPPLIER, PRODUCTS, goods.SYNC_SUPPLIER))
register(SyncKind(STOCK, STOCK_KIND, levels.SYNC_STOCK))


@job(
    goods.SYNC_EXTERNAL,
    queue=Queue.SYNC,
    undo=UNDO_IMPORT,
    confirm=goods.SYNC_CONFIRMED_EXTERNAL,
    discard=CLEAR_IMPORT,
)
async def sync_external_products(run: Run) -> Outcome:
    return await goods.sync_products(run)


@job(goods.SYNC_CONFIRMED_EXTERNAL, queue=Queue.SYNC)
async def sync_confirmed_external_products(run: Run) -> Outcome:
    return await goods.sync_products(run, confirmed=True)


@job(
    goods.SYNC_SUPPLIER,
    queue=Queue.SYNC,
    undo=UNDO_IMPORT,
    confirm=goods.SYNC_CONFIRMED_SUPPLIER,
    discard=CLEAR_IMPORT,
)
async def sync_supplier_products(run: Run) -> Outcome:
    return await goods.sync_products(run)


@job(goods.SYNC_CONFIRMED_SUPPLIER, queue=Queue.SYNC)
async def sync_confirmed_supplier_products(run: Run) -> Outcome:
    return await goods.sync_products(run, confirmed=True)


@job(levels.SYNC_STOCK, queue=Queue.SYNC)
async def sync_supplier_stock(run: Run) -> Outcome:
    return await levels.sync_stock(run)
