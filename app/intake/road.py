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

from app.intake import judge, match, preview, report, settle, sources, stage, vanish, withdraw, write
from app.integrations.contracts.catalogue import Page
from app.queue.models import JsonObject
from app.queue.run import Run

BATCH = 2000
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
# are gathered anew when staging is complete, and of goods each time they have become about nine times as many.
_GATHER_OF_STAGED = text("SELECT analyze_tables('staged_products', 'staged_variants')")
_GATHER_OF_GOODS = text("""
SELECT analyze_tables(VARIADIC array_agg(name))
FROM unnest(ARRAY['source_products', 'products', 'variants', 'offers', 'product_images', 'stock_balances']) AS name
JOIN pg_class c ON c.oid = to_regclass(name)
WHERE pg_stat_get_mod_since_analyze(c.oid) > 1000 + 8 * greatest(c.reltuples, 0)
HAVING count(*) > 0
""")
# Makes the counts that the statement above asks for true as soon as the transaction ends, not within a minute.
_COUNT_AT_ONCE = text("SELECT pg_stat_force_next_flush()")
_COUNT_STAGED = text("SELECT count(*) FROM staged_products WHERE job_id = :job")
_STAGING = ("staged_variants", "staged_products", "staged_vanished", "staged_withdrawn")
_UNSTAGE = tuple(text(f"DELETE FROM {table} WHERE job_id = :job") for table in _STAGING)
_FORGET_REPORT = text("DELETE FROM import_rows WHERE job_id = :job")
# Ids of jobs begin with their time, so what belongs to purged jobs lies before the oldest one that is kept.
_CLEAR_PURGED = tuple(
    text(f"""
    DELETE FROM {table} WHERE ctid IN (
      SELECT ctid FROM {table} WHERE job_id < (SELECT min(id::text)::uuid FROM jobs) LIMIT {PURGED_AT_ONCE}
    )
    """)
    for table in (*_STAGING, "import_rows", "job_changes")
)


Mode = Literal["partial", "full"]


class Source(Protocol):
    """What the road needs of a catalogue source: its pages from a cursor on (contracts.catalogue.CatalogueSource)."""

    def pages(self, cursor: str | None = None) -> AsyncIterator[Page]: ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose goods they are: the source's row, whether the seller made the file, the currency where it names none.

    `mode` full also archives products that the source does not name any more, and empties such variants; `dry_run`
    writes a report and nothing else, and may go without a row of the source, which `name` then stands for;
    `confirmed`: a person has allowed what was asked.
    """

    source_id: UUID | None
    own_file: bool
    default_currency: str
    name: str = ""
    mode: Mode = "partial"
    dry_run: bool = False
    confirmed: bool = False


class ConfirmationNeeded(Exception):
    """More would change than the source allows without asking; nothing is written yet. `question` has the numbers."""

    def __init__(self, question: JsonObject, counters: JsonObject) -> None:
        super().__init__(str(question["message"]))
        self.question = question
        self.counters = counters


class Cursor(TypedDict):
    """How far an import is; what the job's cursor holds."""

    stage: Literal["reading", "settling", "judging", "asking", "writing"]
    reader: str | None
    rows: int
    variants: int
    staged: int
    written: int
    after: int
    # Whose goods they are, for the job that may take them back.
    source_id: str
    findings: judge.Findings
    archived: int
    withdrawn: int


START: Cursor = {
    "stage": "reading",
    "reader": None,
    "rows": 0,
    "variants": 0,
    "staged": 0,
    "written": 0,
    "after": 0,
    "source_id": "",
    "findings": judge.start(full=False),
    "archived": 0,
    "withdrawn": 0,
}


async def bring_in(run: Run, source: Source, origin: Origin) -> JsonObject:
    """Bring a source's goods into the run's tenant and answer the counters of the report. Resumes from the cursor.

    Raises ConfirmationNeeded before anything is written when more would change than the source allows.
    """
    cursor = cast("Cursor", run.cursor or _begin(origin))
    if cursor["stage"] == "reading":
        cursor = await _read(run, source, origin, cursor)
    if cursor["stage"] == "settling":
        cursor = await _settle(run, cursor)
    limits = await _find_limits(run, origin)
    if cursor["stage"] == "judging":
        cursor = await _judge(run, origin, limits, cursor)
    question = judge.question(cursor["findings"], limits)
    if cursor["stage"] == "asking" and question and not (origin.confirmed or origin.dry_run):
        raise ConfirmationNeeded(question, await _count(run, cursor))
    cursor = await _write(run, origin, {**cursor, "stage": "writing"})
    cursor = await _archive(run, origin, cursor)
    await _withdraw(run, origin, cursor)
    counters = await _count(run, cursor)
    # Rows refused after reading were not counted on the way.
    await run.progress(processed=cursor["rows"], failed=_number(counters["rejected"]), counters=counters)
    return counters | {"confirmation": question, "dry_run": origin.dry_run, "mode": origin.mode}


def _begin(origin: Origin) -> Cursor:
    source_id = str(origin.source_id) if origin.source_id and not origin.dry_run else ""
    return {**START, "source_id": source_id, "findings": judge.start(full=origin.mode == "full")}


async def _count(run: Run, cursor: Cursor) -> JsonObject:
    async with run.sessions.begin() as session:
        counters = await report.count(session, run.job_id)
    return counters | {"rows_read": cursor["rows"]}


async def _find_limits(run: Run, origin: Origin) -> sources.Limits:
    async with run.sessions.begin() as session:
        return await sources.find_limits(session, origin.source_id, run.resources.settings)


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
                await session.execute(_GATHER_OF_STAGED)
                await session.execute(_GATHER_OF_GOODS)
                cursor = {**cursor, "stage": "judging", "staged": int(staged or 0)}
            await run.checkpoint(session, _stored(cursor), stage="settling", message="Looking for what stands twice")
        if not more:
            run.seam("import_settled")
            return cursor


async def _judge(run: Run, origin: Origin, limits: sources.Limits, cursor: Cursor) -> Cursor:
    if origin.source_id is None:
        return {**cursor, "stage": "asking"}
    looking = judge.Looking(run.job_id, origin.source_id, origin.own_file, limits)
    while cursor["stage"] == "judging":
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            await session.execute(_LOOK_UP)
            findings = await judge.take_step(session, looking, cursor["findings"])
            cursor = {**cursor, "findings": findings, "stage": "asking" if findings["phase"] == "done" else "judging"}
            await run.checkpoint(session, _stored(cursor), stage="judging", message="Comparing with the catalogue")
    run.seam("import_judged")
    return cursor


async def _write(run: Run, origin: Origin, cursor: Cursor) -> Cursor:
    counted = {name: _number(run.counters.get(name)) for name in write.FATES}
    while True:
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            found = await session.execute(_NEXT_BATCH, {"job": run.job_id, "after": cursor["after"], "size": BATCH})
            upto, size = found.one()
            if not size:
                return cursor
            await session.execute(_LOOK_UP)
            done = await _write_batch(session, run.job_id, origin, cursor["after"], upto)
            cursor = {**cursor, "after": upto, "written": cursor["written"] + size}
            counted = {name: counted[name] + done[name] for name in counted}
            await session.execute(_COUNT_AT_ONCE)
            await run.checkpoint(
                session,
                _stored(cursor),
                stage="writing",
                total=cursor["rows"],
                processed=_processed(cursor),
                message=f"{cursor['written']:,} of {cursor['staged']:,} products {_done(origin)}",
                counters=cast("JsonObject", counted),
            )
        if done["created"] and not origin.dry_run:
            async with run.sessions.begin() as session:
                await session.execute(_GATHER_OF_GOODS)
        run.seam("import_batch_written")


async def _write_batch(session: AsyncSession, job_id: UUID, origin: Origin, after: int, upto: int) -> dict[str, int]:
    if not origin.dry_run:
        batch = match.Batch(job_id, _known(origin), after, upto, origin.own_file)
        done = await write.apply_batch(session, batch)
        await write.clear_batch(session, batch)
        return done

    async def work() -> tuple[dict[str, int], list[UUID]]:
        source_id = origin.source_id or await sources.ensure_source(session, kind="feed", name=origin.name)
        batch = match.Batch(job_id, source_id, after, upto, origin.own_file)
        fates = await write.apply_batch(session, batch)
        return fates, await preview.products_of_batch(session, job_id, after, upto)

    lines = await preview.lines_of_batch(session, job_id, after, upto)
    done = await preview.rehearse(session, job_id, lines, work)
    await write.clear_batch(session, match.Batch(job_id, job_id, after, upto, origin.own_file))
    return done


async def _archive(run: Run, origin: Origin, cursor: Cursor) -> Cursor:
    while True:
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            gone = await vanish.next_batch(session, run.job_id, BATCH)
            if not gone:
                return cursor
            await _archive_batch(session, run.job_id, origin, gone, cursor["archived"])
            await vanish.clear_batch(session, run.job_id, gone)
            cursor = {**cursor, "archived": cursor["archived"] + len(gone)}
            await run.checkpoint(
                session,
                _stored(cursor),
                stage="archiving",
                message=f"{cursor['archived']:,} vanished products {_done(origin)}",
                counters={"archived": cursor["archived"]},
            )
        run.seam("import_batch_archived")


async def _archive_batch(session: AsyncSession, job_id: UUID, origin: Origin, gone: list[UUID], done: int) -> None:
    async def work() -> tuple[None, list[UUID]]:
        await vanish.archive(session, job_id, _known(origin), gone, done)
        return None, gone

    first = vanish.AFTER_FILE + done
    await preview.carry_out(session, job_id, preview.Lines(first, first + len(gone)), work, dry_run=origin.dry_run)


async def _withdraw(run: Run, origin: Origin, cursor: Cursor) -> None:
    while True:
        run.raise_if_stopped()
        async with run.sessions.begin() as session:
            step = await withdraw.next_step(session, run.job_id)
            if not step.product_ids:
                return
            await _withdraw_step(session, run.job_id, origin, step, cursor["withdrawn"])
            await withdraw.clear(session, run.job_id, step)
            cursor = {**cursor, "withdrawn": cursor["withdrawn"] + step.size}
            message = f"{cursor['withdrawn']:,} vanished variants {_done(origin)}"
            await run.checkpoint(session, _stored(cursor), stage="withdrawing", message=message)
        run.seam("import_variants_withdrawn")


async def _withdraw_step(session: AsyncSession, job_id: UUID, origin: Origin, step: withdraw.Step, done: int) -> None:
    async def work() -> tuple[None, list[UUID]]:
        await withdraw.withdraw(session, job_id, _known(origin), step, done)
        return None, step.product_ids

    first = withdraw.AFTER_ARCHIVED + done
    await preview.carry_out(session, job_id, preview.Lines(first, first + step.size), work, dry_run=origin.dry_run)


def _known(origin: Origin) -> UUID:
    if origin.source_id is None:
        raise RuntimeError("only a preview goes without a row of its source")
    return origin.source_id


def _done(origin: Origin) -> str:
    return "looked at" if origin.dry_run else "written"


def _expected_rows(rows: int, progress: float | None) -> int | None:
    return max(rows, round(rows / progress)) if progress else None


def _processed(cursor: Cursor) -> int:
    """Rows, half of a row's work being its reading."""
    return round(cursor["rows"] * (1 + cursor["written"] / max(1, cursor["staged"])) / 2)


def _stored(cursor: Cursor) -> JsonValue:
    return cast("JsonValue", dict(cursor))


def _number(value: JsonValue | None) -> int:
    return value if isinstance(value, int) else 0
