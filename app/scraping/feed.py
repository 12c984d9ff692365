"""A feed file as a source of goods: starting its import, and the import itself."""

import asyncio
import tempfile
from pathlib import Path
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import tenants
from app.core.upload import Upload
from app.intake import report, road, sources
from app.integrations.contracts.feed import DecimalMark, FeedProfile
from app.integrations.feeds.errors import FeedRefused
from app.integrations.feeds.forms import Format
from app.integrations.feeds.headers import header_hash
from app.integrations.feeds.reader import FeedReader, open_feed
from app.queue.models import Job, JsonObject
from app.queue.outbox import enqueue
from app.queue.outcome import Outcome
from app.queue.run import Run
from app.scraping import mappings
from app.scraping.schemas import FeedForm

IMPORT_CSV = "import_csv_products"
LINES_AT_ONCE = 5000


async def start_import(session: AsyncSession, upload: Upload, form: FeedForm) -> Job:
    """Enqueue the import of a stored file."""
    read_by = await mappings.choose(
        session, columns=form.mapping, mapping_id=form.mapping_id, name=form.mapping_name, source=form.source
    )
    params: JsonObject = {
        "object_key": upload.object.key,
        "size": upload.object.size,
        "sha256": upload.object.sha256,
        "filename": upload.filename,
        "source": form.source,
        "mode": form.mode,
        "format": form.format,
        "remember_mapping": form.remember_mapping,
        **read_by.params(),
    }
    return await enqueue(session, IMPORT_CSV, params=params)


async def import_feed(run: Run) -> Outcome:
    """Bring the goods of a stored file into the catalogue; a file that cannot be read changes nothing."""
    origin = await _take_turn(run)
    with tempfile.TemporaryDirectory(prefix="crossdock-feed-") as folder:
        path = Path(folder) / "feed"
        await run.resources.store.fetch_to_file(str(run.params["object_key"]), path)
        try:
            feed = await asyncio.to_thread(_open, path, run.params, origin.default_currency)
            counters = await road.bring_in(run, feed, origin)
        except FeedRefused as refused:
            await road.forget(run)
            return Outcome.rejected(refused.code, refused.detail)
        await _complete_report(run, feed)
    await _keep_mapping(run, origin, feed.profile)
    result: JsonObject = {**counters, **_described(feed.profile), "mapping_used": run.params.get("mapping_used")}
    return Outcome.partial(result) if counters["rejected"] else Outcome.ok(result)


def _open(path: Path, params: JsonObject, currency: str) -> FeedReader:
    mapping = cast("dict[str, str] | None", params["mapping"])
    wanted, mark = cast("Format", params["format"]), cast("DecimalMark | None", params.get("decimal_mark"))
    return open_feed(path, default_currency=currency, mapping=mapping, wanted=wanted, decimal_mark=mark)


async def _keep_mapping(run: Run, origin: road.Origin, profile: FeedProfile) -> None:
    """What a successful import teaches: the columns that a mapping is for, and that the source shall use it."""
    used = run.params.get("mapping_used")
    if not isinstance(used, dict):
        return
    mapping_id = UUID(str(used["id"]))
    async with run.sessions.begin() as session:
        await mappings.learn_header(session, mapping_id, header_hash(column.name for column in profile.columns))
        if run.params.get("remember_mapping"):
            await mappings.remember(session, origin.source_id, mapping_id)


async def _complete_report(run: Run, feed: FeedReader) -> None:
    async with run.sessions.begin() as session:
        lines = await report.rejected_without_cells(session, run.job_id)
    for start in range(0, len(lines), LINES_AT_ONCE):
        wanted = frozenset(lines[start : start + LINES_AT_ONCE])
        cells = await asyncio.to_thread(feed.cells_of, wanted)
        async with run.sessions.begin() as session:
            await report.add_cells(session, run.job_id, cells)
        await run.progress(message="Completing the report")


def _described(profile: FeedProfile) -> JsonObject:
    """What was found out about the file, for the job's result."""
    return {
        "form": profile.form,
        "layout": profile.layout,
        "encoding": profile.encoding,
        "delimiter": profile.delimiter,
        "header_line": profile.header_line,
        "currencies": list(profile.currencies),
        "columns": [column.name for column in profile.columns],
        "header_hash": header_hash(column.name for column in profile.columns),
        "mapping": dict(profile.mapping),
        "warnings_of_file": [{"code": warning.code, "message": warning.message} for warning in profile.warnings],
    }


async def _take_turn(run: Run) -> road.Origin:
    name = str(run.params["source"])
    kind = "upload" if name == sources.UPLOAD else "feed"
    async with run.sessions.begin() as session:
        source_id = await sources.ensure_source(session, kind=kind, name=name)
        has_lease = await sources.take_lease(session, source_id, run.job_id)
        await road.forget_purged(session)
        currency = await tenants.get_currency(session, cast("int", run.tenant_id))
    if not has_lease:
        run.postpone(f"Waits for the import of “{name}” before it.", seconds=sources.TURN_SECONDS)
    default = str(run.params.get("default_currency") or currency)
    return road.Origin(source_id, own_file=kind == "upload", default_currency=default)
