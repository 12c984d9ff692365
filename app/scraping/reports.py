"""The report of an import as clients read it: pages of JSON, or the rejected rows as a CSV to correct."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pagination import CursorScope, Order, Page, make_page, read_cursor, write_cursor
from app.intake import report
from app.intake.models import ImportRow, RowAction
from app.intake.vanish import AFTER_FILE
from app.integrations.contracts.catalogue import RejectedRow
from app.integrations.feeds.rejected_rows import RejectedRowsWriter
from app.jobs import changes
from app.jobs.models import JobChange
from app.jobs.schemas import ChangeView
from app.queue.models import Job
from app.scraping.errors import ImportNotFound, ReportNotReady
from app.scraping.feed import IMPORTS
from app.scraping.schemas import ReportQuery, ReportRow

ORDER = Order("line", descending=False)


async def find_import(session: AsyncSession, job_id: UUID) -> Job:
    """The job of an import of this tenant."""
    job = await session.scalar(select(Job).where(Job.id == job_id, Job.job_type.in_(IMPORTS)))
    if job is None:
        raise ImportNotFound
    return job


def columns_of(job: Job) -> Sequence[str]:
    """The columns of the imported file in their order; known once the import has ended."""
    result = job.result
    if not isinstance(result, dict) or not isinstance(columns := result.get("columns"), list):
        raise ReportNotReady
    return [str(column) for column in columns]


async def list_report(session: AsyncSession, tenant_id: int | None, job: Job, query: ReportQuery) -> Page[ReportRow]:
    """One page of the report, in the order of the file; what is archived comes last."""
    job_id = job.id
    scope = CursorScope(tenant_id, ORDER, {**query.filters(), "job_id": str(job_id)})
    after: tuple[int, int] | None = None
    if query.cursor:
        line, number = read_cursor(scope, query.cursor)
        after = int(str(line)), int(str(number))
    rows = await report.list_rows(session, job_id, action=query.action, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    more = write_cursor(scope, (shown[-1].line, shown[-1].number)) if len(rows) > query.limit else None
    total = await report.count_rows(session, job_id, query.action) if query.include_total else None
    changed = await changes.of_products(session, job.id, {row.product_id for row in shown if row.product_id})
    return make_page([_report_row(job, row, changed) for row in shown], more, query, total)


def _report_row(job: Job, row: ImportRow, changed: Mapping[UUID, list[JobChange]]) -> ReportRow:
    shown = ReportRow.model_validate(row)
    if row.line > AFTER_FILE:
        shown.line = None
    if row.number == 0 and row.product_id:
        shown.changes = [ChangeView.of(change) for change in changed.get(row.product_id, ())]
    if row.action == RowAction.CREATED and job.params.get("dry_run"):
        shown.product_id = None
    return shown


async def stream_rejected(session: AsyncSession, job_id: UUID, columns: Sequence[str]) -> AsyncIterator[bytes]:
    """The rejected rows as a CSV, in portions."""
    writer = RejectedRowsWriter(columns)
    yield writer.header()
    async for rows in report.stream_portions(session, job_id, RowAction.REJECTED):
        yield writer.rows(_rejected(row) for row in rows)


def _rejected(row: ImportRow) -> RejectedRow:
    raw = cast("dict[str, str]", row.raw or {})
    return RejectedRow(row.line, row.code or "", row.message or "", raw)
