"""The kind of job that does nothing."""

from app.queue.names import Queue
from app.queue.registry import job
from app.queue.run import Run

NAME = "bench_noop"


@job(NAME, queue=Queue.MAINTENANCE)
async def noop(_run: Run) -> None:
    """Nothing at all."""
