"""Bringing in one source: read and stage, settle what the source says twice, then match and write in batches.

Each step is one transaction of at most about 2 s that ends with a checkpoint, so that an import can be cancelled at any
time and goes on after a crash where it was, each row exactly once. Nothing reaches the catalogue before the whole
source was read: a source that breaks off in the middle changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict, cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake import match, report, settle, stage, write
from app.integrations.contracts.catalogue import Page
from app.queue.models import JsonObject
from app.queue.run import Run

BATCH = 500
PURGED_AT_ONCE = 20_000

_NEXT_BATCH = text("""
SELECT max(line), count(*) FROM (
  SELECT line FROM staged_products WHERE job_id = :job AND line > :after ORDER BY line LIMIT :size
) batch
""")
# A batch is small whatever the catalogue's size, so every join is right as index look-ups in the order in which it is
# written. Left to itself the planner, without statistics of rows that were staged or made a moment ago, has paired
# all of them with all goods.
_LOOK_UP = text("""
SELECT set_config('join_collapse_limit', '1', true), set_config('from_collapse_limit', '1', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
""")
# Which index is the right one shows in statistics only, and those of tables that are being filled are always old: they
# are gathered anew when staging is complete, and each time the goods written have become sixteen times as many.
_GATHER_STATISTICS = text("""
SELECT analyze_tables('staged_products', 'staged_variants', 'source_products', 'products', 'variants', 'offers',
                      'product_images', 'stock_balances')
""")
_COUNT_STAGED = text("SELECT count(*) FROM staged_products WHERE job_id = :job")
_UNSTAGE = tuple(
    text(f"DELETE FROM {table} WHERE job_id = :job")
    for table in ("staged_variants", "staged_products", "staged_vanished")
)
_FORGET_REPORT = text("DELETE FROM import_rows WHERE job_id = :job")
# Ids of jobs begin with their time, so what belongs to purged jobs lies before the oldest one that is kept.
_CLEAR_PURGED = tuple(
    text(f"""
    DELETE FROM {table} WHERE ctid IN (
      SELECT ctid FROM {table} WHERE job_id < (SELECT min(id::text)::uuid FROM jobs) LIMIT {PURGED_AT_ONCE}
    )
    """)
    for table in ("staged_variants", "staged_products", "staged_vanished", "import_rows", "job_changes")
)


class Source(Protocol):
    """What the road needs of a catalogue source: its pages from a cursor on (contracts.catalogue.CatalogueSource)."""

    def pages(self, cursor: str | None = None) -> AsyncIterator[Page]: ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose goods they are: the source's row, whether the seller made the file, the currency where it names none."""

    source_id: UUID
    own_file: bool
    default_currency: str


class Cursor(TypedDict):
    """How far an import is; what the job's cursor holds."""

    stage: Literal["reading", "settling", "writing"]
    reader: str | None
    rows: int
    variants: int
    staged: int
    written: int
    after: int
    # Whose goods they are, for the job that may take them back.
    source_id: str


START: Cursor = {
    "stage": "reading",
    "reader": None,
    "rows": 0,
    "variants": 0,
    "staged": 0,
    "written": 0,
    "after": 0,
    "source_id": "",
}


async def bring_in(run: Run, source: Source, origin: Origin) -> JsonObject:
    """Bring a source's goods into the run's tenant and answer the counters of the report. Resumes from the cursor."""
    cursor = cast("Cursor", run.cursor or {**START, "source_id": str(origin.source_id)})
    if cursor["stage"] == "reading":
        cursor = await _read(run, source, origin, cursor)
    if cursor["stage"] == "settling":
        cursor = await _settle(run, cursor)
    await _write(run, origin, cursor)
    async with run.sessions.begin() as session:
        counters = await report.count(session, run.job_id)
    counters["rows_read"] = cursor["rows"]
    # Rows refused after reading were not counted on the way.
    await run.progress(processed=cursor["rows"], failed=_number(counters["rejected"]), counters=counters)
    return counters


def source_of(cursor: JsonValue) -> UUID | None:
    """The source that an import with this cursor brings in; None for one that has not come so far."""
    found = cursor.get("source_id") if isinstance(cursor, dict) else None
    return UUID(str(found)) if found else None


async def forget_purged(session: AsyncSession) -> None:
    """Clear away a portion of what imports have left whose jobs are no longer kept."""
    for statement in _CLEAR_PURGED:
        await session.execute(statement)


async def forget(run: Run) -> None:
    """Take an import that cannot be carried out out of staging and report, as if it had not begun."""
    async with run.sessions.begin() as session:
        await unstage(session, run.job_id)
        await session.execute(_FORGET_REPORT, {"job": run.job_id})


async def unstage(session: AsyncSession, job_id: UUID) -> None:
    """Clear away what an import has staged and will not write any more."""
    for statement in _UNSTAGE:
        await session.execute(statement, {"job": job_id})


async def _read(run: Run, source: Source, origin: Origin, cursor: Cursor) -> Cursor:
    stager = stage.Stager(run.job_id, origin.default_currency, variants=cursor["variants"])
    rejected = _number(run.counters.get("rejected"))
    async for page in _read_ahead(source.pages(cursor["reader"])):
        rows = cursor["rows"] + page.rows_read
        rejected += len(page.rejected)
        async with run.sessions.begin() as session:
            await stager.stage(session, page)
            cursor = {
                **cursor,
                "reader": page.cursor,
                "rows": rows,
                "variants": stager.variants,
                "stage": "reading" if page.cursor else "settling",
            }
            await run.checkpoint(
                session,
                _stored(cursor),
                stage="reading",
                total=_expected_rows(rows, page.progress),
                processed=rows // 2,
                failed=rejected,
                message=f"{rows:,} rows read",
                counters={"rows_read": rows, "rejected": rejected},
            )
        run.seam("import_page_staged")
    return cursor


async def _read_ahead(pages: AsyncIterator[Page]) -> AsyncIterator[Page]:
    """The same pages, each next one being read (in a thread) while the one before is written."""
    upcoming = asyncio.ensure_future(anext(pages, None))
    try:
        while (page := await upcoming) is not None:
            upcoming = asyncio.ensure_future(anext(pages, None))
            yield page
    finally:
        await asyncio.gather(upcoming, return_exceptions=True)


async def _settle(run: Run, cursor: Cursor) -> Cursor:
    while True:
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            more = await settle.settle_step(session, run.job_id)
            if not more:
                staged = await session.scalar(_COUNT_STAGED, {"job": run.job_id})
                await session.execute(_GATHER_STATISTICS)
                cursor = {**cursor, "stage": "writing", "staged": int(staged or 0)}
            await run.checkpoint(session, _stored(cursor), stage="settling", message="Looking for what stands twice")
        if not more:
            run.seam("import_settled")
            return cursor


async def _write(run: Run, origin: Origin, cursor: Cursor) -> None:
    counted = {name: _number(run.counters.get(name)) for name in ("created", "updated", "unchanged")}
    gather_at = 1
    while True:
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            found = await session.execute(_NEXT_BATCH, {"job": run.job_id, "after": cursor["after"], "size": BATCH})
            upto, size = found.one()
            if not size:
                return
            batch = match.Batch(run.job_id, origin.source_id, cursor["after"], upto, origin.own_file)
            await session.execute(_LOOK_UP)
            done = await write.apply_batch(session, batch)
            await write.clear_batch(session, batch)
            cursor = {**cursor, "after": upto, "written": cursor["written"] + size}
            counted = {name: counted[name] + done[name] for name in counted}
            await run.checkpoint(
                session,
                _stored(cursor),
                stage="writing",
                total=cursor["rows"],
                processed=_processed(cursor),
                message=f"{cursor['written']:,} of {cursor['staged']:,} products written",
                counters=cast("JsonObject", counted),
            )
        if cursor["written"] >= gather_at:
            gather_at = cursor["written"] * 16
            async with run.sessions.begin() as session:
                await session.execute(_GATHER_STATISTICS)
        run.seam("import_batch_written")


def _expected_rows(rows: int, progress: float | None) -> int | None:
    return max(rows, round(rows / progress)) if progress else None


def _processed(cursor: Cursor) -> int:
    """Rows, half of a row's work being its reading."""
    return round(cursor["rows"] * (1 + cursor["written"] / max(1, cursor["staged"])) / 2)


def _stored(cursor: Cursor) -> JsonValue:
    return cast("JsonValue", dict(cursor))


def _number(value: JsonValue | None) -> int:
    return value if isinstance(value, int) else 0
