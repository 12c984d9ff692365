"""The jobs of intake: names and queues only."""

from app.intake import undo
from app.queue.names import Queue
from app.queue.outcome import Outcome
from app.queue.registry import job
from app.queue.run import Run


@job(undo.UNDO_IMPORT, queue=Queue.IMPORT)
async def undo_import(run: Run) -> Outcome:
    return await undo.undo_import(run)


@job(undo.CLEAR_IMPORT, queue=Queue.IMPORT)
async def clear_import(run: Run) -> None:
    await undo.clear_import(run)
