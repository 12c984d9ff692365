"""Feeds that lie at an address: fetching one for its import, once, and knowing that it has not changed since last time.

A source's settings remember the last file that went in from an address (`fetched`).
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import text

from app.core.config import Settings
from app.core.redaction import redact_url
from app.core.storage import ObjectMissing, ObjectStore
from app.integrations.http import download, open_client
from app.integrations.http.egress import own_origins
from app.integrations.http.urls import checked_url
from app.queue.models import JsonObject
from app.queue.run import Run

FETCHED = "fetched"
_CHUNK = 1 << 20
# How the file is read belongs to what it is: the same file by another mapping is another import.
_READING = ("source", "mode", "format", "mapping", "default_currency", "decimal_mark")

_LAST = text(f"""
SELECT s.settings -> '{FETCHED}'
FROM sources s JOIN jobs j ON j.id = CAST(s.settings #>> '{{{FETCHED},job_id}}' AS uuid)
WHERE s.id = :source AND j.status = 'completed' AND NOT EXISTS (
  SELECT FROM jobs undo WHERE undo.parent_id = j.id AND undo.idempotency_key = 'undo:' || j.id)
""")
_REMEMBER = text(f"""
UPDATE sources SET settings = settings || jsonb_build_object('{FETCHED}', CAST(:fetched AS jsonb)), updated_at = now()
WHERE id = :source
""")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came from the address. `unchanged`: it is what the last import of the source brought in already."""

    file: JsonObject
    unchanged: bool = False


def check_address(settings: Settings, url: str) -> None:
    """Refuse an address that is never called, before a job waits to find that out. Raises AddressRefused."""
    checked_url(url, own_origins(settings))


def key_of(tenant_id: int | None, job_id: object) -> str:
    """Where the file that a job downloads is kept."""
    return f"tenants/{tenant_id}/feeds/{job_id}"


async def fetch(run: Run, source_id: UUID | None, path: Path) -> Fetched:
    """Have the job's file at `path`. It is downloaded once and kept, so that a second attempt reads the same bytes."""
    key = key_of(run.tenant_id, run.job_id)
    store = run.resources.store
    try:
        await store.fetch_to_file(key, path)
    except ObjectMissing:
        return await _download(run, source_id, key, path)
    size, sha256 = await asyncio.to_thread(_measure, path)
    return Fetched({"url": run.params["url"], "object_key": key, "size": size, "sha256": sha256})


async def remember(run: Run, source_id: UUID, fetched: Fetched) -> None:
    """Note what went in, for the next time."""
    known = {**fetched.file, "reading": _reading(run.params), "job_id": str(run.job_id)}
    async with run.sessions.begin() as session:
        await session.execute(_REMEMBER, {"source": source_id, "fetched": json.dumps(known)})


async def _download(run: Run, source_id: UUID | None, key: str, path: Path) -> Fetched:
    url, settings = str(run.params["url"]), run.resources.settings
    last = await _find_last(run, source_id, url)

    async def told(size: int, total: int | None) -> None:
        of = f" of {total / 1e6:,.0f}" if total else ""
        await run.progress(stage="downloading", message=f"{size / 1e6:,.0f}{of} MB downloaded")

    await run.progress(stage="downloading", message="Downloading the feed")
    async with open_client(settings) as client:
        got = await download(
            client,
            url,
            path,
            max_bytes=settings.upload_max_bytes,
            etag=_text(last.get("etag")),
            last_modified=_text(last.get("last_modified")),
            told=told,
        )
    file: JsonObject = {
        "url": url,
        "etag": got.etag,
        "last_modified": got.last_modified,
        "filename": got.filename,
        "content_type": got.content_type,
    }
    if got.unchanged:
        return Fetched({**file, "sha256": last.get("sha256")}, unchanged=True)
    file |= {"size": got.size, "sha256": got.sha256}
    if got.sha256 == last.get("sha256"):
        return Fetched(file, unchanged=True)
    await _keep(run.resources.store, key, path)
    return Fetched({**file, "object_key": key})


def _measure(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


async def _keep(store: ObjectStore, key: str, path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    await store.put_stream(key, chunks())


async def _find_last(run: Run, source_id: UUID | None, url: str) -> JsonObject:
    """What is remembered of the same address read in the same way, while that import stands; else nothing. A preview
    is wanted whatever was imported.
    """
    if source_id is None or run.params.get("dry_run"):
        return {}
    async with run.sessions.begin() as session:
        last = await session.scalar(_LAST, {"source": source_id})
    if not isinstance(last, dict) or last.get("url") != url or last.get("reading") != _reading(run.params):
        return {}
    return cast("JsonObject", last)


def _reading(params: JsonObject) -> str:
    said = json.dumps([params.get(name) for name in _READING], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def shown(file: JsonObject) -> JsonObject:
    """What the job's result tells of the download."""
    names = ("filename", "content_type", "size", "sha256", "etag", "last_modified")
    return {"url": redact_url(str(file.get("url", ""))), **{name: file.get(name) for name in names}}
