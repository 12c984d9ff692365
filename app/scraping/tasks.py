"""The jobs of scraping: names and queues only."""

from app.intake.undo import CLEAR_IMPORT, UNDO_IMPORT
from app.queue.names import Queue
from app.queue.outcome import Outcome
from app.queue.registry import job
from app.queue.run import Run
from app.scraping import feed, stored_files


@job(
    feed.IMPORT_CSV,
    queue=Queue.IMPORT,
    undo=UNDO_IMPORT,
    confirm=feed.IMPORT_CONFIRMED,
    discard=CLEAR_IMPORT,
    forget=stored_files.DELETE_FILES,
)
async def import_csv_products(run: Run) -> Outcome:
    return await feed.import_feed(run)


@job(
    feed.IMPORT_XML,
    queue=Queue.IMPORT,
    undo=UNDO_IMPORT,
    confirm=feed.IMPORT_CONFIRMED,
    discard=CLEAR_IMPORT,
    forget=stored_files.DELETE_FILES,
)
async def import_xml_feed(run: Run) -> Outcome:
    return await feed.import_feed(run)


@job(feed.IMPORT_CONFIRMED, queue=Queue.IMPORT)
async def import_confirmed_products(run: Run) -> Outcome:
    return await feed.import_feed(run, confirmed=True)


@job(stored_files.DELETE_FILES, queue=Queue.MAINTENANCE)
async def delete_import_files(run: Run) -> Outcome:
    return await stored_files.delete_files(run)
