"""A feed file as a source of goods: starting its import, and the import itself."""

import asyncio
import tempfile
from itertools import islice
from pathlib import Path
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import tenants
from app.core.storage import ObjectStore
from app.core.upload import Upload
from app.intake import report, road, sources
from app.integrations.contracts.feed import DecimalMark, FeedProfile
from app.integrations.feeds import xml_table
from app.integrations.feeds.encoding import HEAD, head_of
from app.integrations.feeds.errors import FeedIsExport, FeedRefused
from app.integrations.feeds.forms import Format
from app.integrations.feeds.headers import header_hash
from app.integrations.feeds.reader import FeedReader, open_feed
from app.integrations.feeds.unpack import Limits, unpacked
from app.queue.models import Job, JsonObject
from app.queue.outbox import enqueue
from app.queue.outcome import Outcome
from app.queue.run import Run
from app.scraping import downloads, mappings
from app.scraping.schemas import FeedForm

IMPORT_CSV = "import_csv_products"
IMPORT_XML = "import_xml_feed"
IMPORTS = (IMPORT_CSV, IMPORT_XML)
IMPORT_CONFIRMED = "import_confirmed_products"
LINES_AT_ONCE = 1000


def stored(upload: Upload) -> JsonObject:
    """An uploaded file as a job is told of it."""
    return {
        "object_key": upload.object.key,
        "size": upload.object.size,
        "sha256": upload.object.sha256,
        "filename": upload.filename,
    }


def job_name_of(wanted: Format) -> str:
    """The name that the import of a file which is not here yet runs under: only the request can say that it is XML."""
    return IMPORT_XML if wanted == "xml" else IMPORT_CSV


async def job_name(store: ObjectStore, upload: Upload) -> str:
    """The name that an upload's import runs under: XML has one of its own, known by its first bytes."""
    head = await anext(store.open_stream(upload.object.key), b"")
    return IMPORT_XML if xml_table.recognises(head_of(head[:HEAD])) else IMPORT_CSV


async def start_import(session: AsyncSession, file: JsonObject, form: FeedForm, name: str) -> Job:
    """Enqueue the import of a file that is stored, or lies at the address `url`."""
    read_by = await mappings.choose(
        session, columns=form.mapping, mapping_id=form.mapping_id, name=form.mapping_name, source=form.source
    )
    params: JsonObject = {
        **file,
        "source": form.source,
        "mode": form.mode,
        "dry_run": form.dry_run,
        "format": form.format,
        "remember_mapping": form.remember_mapping,
        **read_by.params(),
    }
    return await enqueue(session, name, params=params)


async def import_feed(run: Run, *, confirmed: bool = False) -> Outcome:
    """Bring the goods of a stored file into the catalogue; a file that cannot be read changes nothing.

    `confirmed`: a person has allowed what the import asked for.
    """
    origin, discarded = await _take_turn(run, confirmed=confirmed)
    with tempfile.TemporaryDirectory(prefix="crossdock-feed-") as folder:
        path = Path(folder) / "feed"
        fetched = await _fetch(run, origin, path)
        if fetched and fetched.unchanged:
            return Outcome.ok(_unchanged(fetched))
        try:
            path = await asyncio.to_thread(unpacked, path, Path(folder) / "unpacked", Limits.of(run.resources.settings))
            feed = await asyncio.to_thread(_open, path, run.params, origin.default_currency)
            counters = await road.bring_in(run, feed, origin)
        except FeedRefused as refused:
            await road.forget(run)
            return Outcome.rejected(refused.code, refused.detail)
        except road.ConfirmationNeeded as needed:
            await _complete_report(run, feed)
            asked: JsonObject = {**needed.counters, "confirmation": needed.question, **_described(feed.profile)}
            return Outcome.needs_confirmation(asked, str(needed))
        await _complete_report(run, feed)
    if not origin.dry_run:
        await _keep_mapping(run, origin, feed.profile)
    result: JsonObject = {**counters, **_described(feed.profile), "mapping_used": run.params.get("mapping_used")}
    if discarded is not None:
        result["discarded_import"] = str(discarded)
    if fetched:
        result["download"] = downloads.shown(fetched.file)
        if origin.source_id is not None and not origin.dry_run:
            await downloads.remember(run, origin.source_id, fetched)
    return Outcome.partial(result) if counters["rejected"] else Outcome.ok(result)


async def _fetch(run: Run, origin: road.Origin, path: Path) -> downloads.Fetched | None:
    """Have the file at `path`; None for an upload, which is stored already."""
    if "url" in run.params:
        return await downloads.fetch(run, origin.source_id, path)
    await run.resources.store.fetch_to_file(str(run.params["object_key"]), path)
    return None


def _unchanged(fetched: downloads.Fetched) -> JsonObject:
    """The result of an import that found the file of last time."""
    counters = dict.fromkeys(("created", "updated", "unchanged", "rejected", "archived", "warnings", "rows_read"), 0)
    return {**counters, "file_unchanged": True, "columns": [], "download": downloads.shown(fetched.file)}


def _open(path: Path, params: JsonObject, currency: str) -> FeedReader:
    mapping = cast("dict[str, str] | None", params["mapping"])
    feed = open_feed(
        path,
        default_currency=cast("str | None", params.get("default_currency")),
        own_currency=currency,
        mapping=mapping,
        wanted=cast("Format", params["format"]),
        decimal_mark=cast("DecimalMark | None", params.get("decimal_mark")),
    )
    if params["mode"] == "full" and feed.is_export:
        raise FeedIsExport("The file is an export of ours.", FeedIsExport.mend)
    return feed


async def _keep_mapping(run: Run, origin: road.Origin, profile: FeedProfile) -> None:
    """What a successful import teaches: the columns that a mapping is for, and that the source shall use it."""
    used = run.params.get("mapping_used")
    if not isinstance(used, dict):
        return
    mapping_id = UUID(str(used["id"]))
    async with run.sessions.begin() as session:
        await mappings.learn_header(session, mapping_id, header_hash(column.name for column in profile.columns))
        if run.params.get("remember_mapping"):
            await mappings.remember(session, cast("UUID", origin.source_id), mapping_id)


async def _complete_report(run: Run, feed: FeedReader) -> None:
    async with run.sessions.begin() as session:
        lines = await report.rejected_without_cells(session, run.job_id)
    cells = feed.cells_of(frozenset(lines))
    while portion := await asyncio.to_thread(lambda: dict(islice(cells, LINES_AT_ONCE))):
        async with run.sessions.begin() as session:
            await report.add_cells(session, run.job_id, portion)
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
        "default_currency": profile.default_currency,
        "columns": [column.name for column in profile.columns],
        "header_hash": header_hash(column.name for column in profile.columns),
        "mapping": dict(profile.mapping),
        "warnings_of_file": [{"code": warning.code, "message": warning.message} for warning in profile.warnings],
    }


async def _take_turn(run: Run, *, confirmed: bool) -> tuple[road.Origin, UUID | None]:
    name, dry_run = str(run.params["source"]), bool(run.params.get("dry_run"))
    kind = "upload" if name == sources.UPLOAD else "feed"
    async with run.sessions.begin() as session:
        await road.forget_purged(session)
        currency = await tenants.get_currency(session, cast("int", run.tenant_id))
        discarded: UUID | None = None
        if dry_run:
            # A preview writes nothing, not even whose turn it is; it only waits while an import is at work.
            found = await sources.find_source(session, name)
            is_granted = found is None or not await sources.is_busy(session, found, run.job_id)
        else:
            found = await sources.ensure_source(session, kind=kind, name=name)
            turn = await sources.take_turn(session, found, run.job_id)
            is_granted, discarded = turn.is_granted, turn.discarded
    if not is_granted:
        run.postpone(f"Waits for the import of “{name}” before it.", seconds=sources.TURN_SECONDS)
    origin = road.Origin(
        found,
        own_file=kind == "upload",
        default_currency=str(run.params.get("default_currency") or currency),
        name=name,
        mode=cast("road.Mode", run.params["mode"]),
        dry_run=dry_run,
        confirmed=confirmed,
    )
    return origin, discarded
