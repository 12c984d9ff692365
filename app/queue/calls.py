"""What an attempt called outside, kept with its job: for whoever asks why a sync failed or took so long."""

import structlog
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from app.core.context import CallRecord
from app.queue.models import JobCall
from app.queue.run import Run

log = structlog.get_logger(__name__)


async def keep(run: Run, record: CallRecord) -> None:
    """Write the attempt's last calls; a database that is away costs the record, never the job."""
    if not record.last:
        return
    log.info("calls_made", calls=record.count, failed=record.failed)
    rows = [
        {
            "job_id": run.job_id,
            "tenant_id": run.tenant_id,
            "attempt": run.attempt,
            "at": call.at,
            "method": call.method,
            "url": call.url[:1000],
            "tried": call.tried,
            "milliseconds": call.milliseconds,
            "outcome": call.outcome,
        }
        for call in record.last
    ]
    try:
        async with run.sessions.begin() as session:
            await session.execute(insert(JobCall), rows)
    except (SQLAlchemyError, OSError):
        log.warning("calls_not_kept", calls=record.count, exc_info=True)
