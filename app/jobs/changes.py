"""Before and after of what a job changes in the catalogue: switching the recording on, noting what was refused, pages
of changes, and forgetting them with their job.

The recording is done by triggers of the tenant's tables (revision t0004), so it sees every statement of a transaction.
Taking changes back is app/products/restore.py.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.pagination import (
    CursorScope,
    Order,
    Page,
    make_page,
    parse_order,
    read_cursor,
    row_offset,
    wants_total,
    write_cursor,
)
from app.jobs import repository
from app.jobs.models import ChangeAction, ChangeKind, JobChange
from app.jobs.schemas import ChangeQuery, ChangeView
from app.queue import registry
from app.queue.models import Job
from app.queue.run import Run

ORDER = Order("product_id", descending=False)
CHANGES_OF_PRODUCT = 200
FORGOTTEN_AT_ONCE = 20_000
_RECORD = text("SELECT set_config('app.changes_of', :job, true)")
_FORGET = text("""
DELETE FROM job_changes WHERE ctid IN (
  SELECT ctid FROM job_changes WHERE job_id = ANY(CAST(:jobs AS uuid[])) LIMIT :size)
""")
_KEY = (JobChange.product_id, JobChange.kind, JobChange.entity_id, JobChange.field)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that a job was to change and did not: what, and why in words that name the mend."""

    product_id: UUID
    kind: ChangeKind
    entity_id: UUID
    field: str
    code: str
    message: str


async def record(session: AsyncSession, job_id: UUID) -> None:
    """Keep before and after of every catalogue row that the rest of this transaction updates, under this job.

    What is made new is not seen by the triggers: whoever makes it notes it.
    """
    await session.execute(_RECORD, {"job": str(job_id)})


async def forget(run: Run) -> None:
    """Clear away the changes of purged jobs: the body of a kind that others name as `forget`."""
    jobs = cast("list[dict[str, str]]", run.params["jobs"])
    values = {"jobs": [job["job_id"] for job in jobs], "size": FORGOTTEN_AT_ONCE}
    gone = FORGOTTEN_AT_ONCE
    while gone == FORGOTTEN_AT_ONCE:
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            gone = (await session.execute(_FORGET, values)).rowcount  # type: ignore[attr-defined]


async def refuse(session: AsyncSession, job_id: UUID, refusals: Iterable[Refusal]) -> None:
    """Note what a job did not change, and why."""
    rows = [
        {
            "job_id": job_id,
            "product_id": refusal.product_id,
            "kind": refusal.kind.value,
            "entity_id": refusal.entity_id,
            "field": refusal.field,
            "action": ChangeAction.REFUSED.value,
            "code": refusal.code,
            "message": refusal.message,
        }
        for refusal in refusals
    ]
    if rows:
        await session.execute(insert(JobChange), rows)


async def list_changes(
    session: AsyncSession, tenant_id: int | None, job_id: UUID, query: ChangeQuery
) -> Page[ChangeView]:
    """A page of what a job changed, product by product; of an undo, what became of each change. Raises JobNotFound."""
    job = await repository.get_job(session, job_id)
    scope = CursorScope(tenant_id, ORDER, {**query.filters(), "job_id": str(job_id)})
    parse_order(query.sort, [ORDER.name], ORDER.text)
    chosen = [*await _of_job(session, job), *_conditions(query)]
    statement = select(JobChange).where(*chosen).order_by(*_KEY).offset(row_offset(query)).limit(query.limit + 1)
    if query.cursor:
        product_id, kind, entity_id, field = map(str, read_cursor(scope, query.cursor))
        statement = statement.where(tuple_(*_KEY) > tuple_(UUID(product_id), kind, UUID(entity_id), field))
    rows = (await session.scalars(statement)).all()
    shown, more = rows[: query.limit], None
    if len(rows) > query.limit:
        last = shown[-1]
        more = write_cursor(scope, (last.product_id, last.kind, last.entity_id, last.field))
    total = None
    if wants_total(query):
        total = await session.scalar(select(func.count()).select_from(JobChange).where(*chosen))
    return make_page([ChangeView.of(row) for row in shown], more, query, total)


async def of_products(
    session: AsyncSession, job_id: UUID, product_ids: Collection[UUID]
) -> dict[UUID, list[JobChange]]:
    """What a job changed of each of these products, at most CHANGES_OF_PRODUCT of each in its order."""
    if not product_ids:
        return {}
    number = func.row_number().over(partition_by=JobChange.product_id, order_by=_KEY[1:]).label("number")
    numbered = select(JobChange, number).where(JobChange.job_id == job_id, JobChange.product_id.in_(product_ids))
    ranked = numbered.subquery()
    entity = aliased(JobChange, ranked)
    statement = select(entity).where(ranked.c.number <= CHANGES_OF_PRODUCT).order_by(ranked.c.product_id, "number")
    found: dict[UUID, list[JobChange]] = {}
    for change in await session.scalars(statement):
        found.setdefault(change.product_id, []).append(change)
    return found


async def _of_job(session: AsyncSession, job: Job) -> list[ColumnElement[bool]]:
    """The changes of a job; an undo has none of its own, it shows what it has made of those of the other job."""
    parent = await session.get(Job, job.parent_id) if job.parent_id else None
    kind = registry.find_kind(parent.job_type) if parent else None
    if parent is not None and kind is not None and kind.undo == job.job_type:
        return [JobChange.job_id == parent.id, JobChange.undone.is_not(None)]
    return [JobChange.job_id == job.id]


def _conditions(query: ChangeQuery) -> Iterator[ColumnElement[bool]]:
    for column, wanted in (
        (JobChange.action, query.action),
        (JobChange.kind, query.kind),
        (JobChange.field, query.field),
        (JobChange.product_id, query.product_id),
        (JobChange.undone, query.undone),
    ):
        if wanted is not None:
            yield column == wanted
