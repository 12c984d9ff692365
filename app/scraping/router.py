"""Routes under /scraping: feeds go in here, and the report says what became of every row."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.responses import StreamingResponse
from pydantic import JsonValue

from app.accounts.actor import Actor
from app.accounts.dependencies import TenantSession, require, use_resources
from app.accounts.idempotent import Idempotent
from app.accounts.permissions import Permission
from app.core.idempotency import Idempotency
from app.core.pagination import Page, page_response
from app.core.problems import problems
from app.core.resources import Resources
from app.core.storage import StorageAway
from app.core.upload import UploadInvalid, receive_upload
from app.integrations.contracts.errors import AddressRefused
from app.jobs.schemas import JobView
from app.queue.models import JsonObject
from app.scraping import bodies, downloads, feed, reports
from app.scraping.errors import ImportNotFound, MappingNotFound, ReportNotReady
from app.scraping.schemas import CHOICE_FIELDS, FeedByUrl, FeedForm, ReportQuery, ReportRow

router = APIRouter(prefix="/scraping", tags=["scraping"])

Importer = Annotated[Actor, Depends(require(Permission.IMPORTS_WRITE))]
Reader = Annotated[Actor, Depends(require(Permission.IMPORTS_READ))]
Held = Annotated[Resources, Depends(use_resources)]

FORM: dict[str, JsonValue] = {
    **CHOICE_FIELDS,
    "source": {"type": "string", "default": "upload", "description": "The feed it belongs to."},
    "mode": {
        "type": "string",
        "enum": ["partial", "full"],
        "default": "partial",
        "description": "`full`: the file names all goods of its source. Products that it lacks are archived; variants"
        " that it lacks of products that it has are without stock. Both until it names them again.",
    },
    "dry_run": {"type": "boolean", "default": False, "description": "Report only; change nothing."},
    "remember_mapping": {
        "type": "boolean",
        "default": False,
        "description": "Let the source use the saved mapping by itself from now on.",
    },
}


@router.post(
    "/feed",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobView,
    responses=problems(UploadInvalid, StorageAway, MappingNotFound, AddressRefused),
    openapi_extra=bodies.documented(FORM, FeedByUrl),
)
async def import_feed(
    request: Request, actor: Importer, held: Held, idempotency: Idempotent, session: TenantSession
) -> Response:
    """Bring in the products of a feed file, as Shopify, WooCommerce, Google, Meta or a supplier writes it, or as we
    export it: uploaded by form, or named by its address as JSON.

    A file in gzip, or a ZIP with one file, is unpacked first.
    Form, encoding, delimiter, decimal marks and layout are found out by looking; POST /scraping/feed/inspect shows what
    would be found. The answer is a job; its report tells what became of every row. The same file again changes nothing.
    A file at an address is downloaded by the job; when it has not changed since the last import of its source, the
    result says so (`file_unchanged`) and nothing else happens.

    The job waits (`waiting`, outcome `needs_confirmation`) before it has written anything when more of the source's
    goods would be archived, or more prices moved, than the source allows (PATCH /scraping/sources/{id}); its result
    shows the numbers and samples. POST /jobs/{id}/confirm goes on with exactly that, /discard drops it, and a newer
    import of the same source discards it, too. POST /jobs/{id}/undo takes a finished import back.
    """
    settings, tenant_id = held.settings, actor.scope.tenant_id
    if tenant_id is None:
        raise RuntimeError("the guard lets through members of a tenant only")
    if bodies.is_json(request):
        asked = bodies.parse_json(FeedByUrl, await request.body())
        downloads.check_address(settings, asked.url)
        return await _start(session, idempotency, {"url": asked.url}, asked, feed.job_name_of(asked.format))
    upload = await receive_upload(request, held.store, tenant_id, settings.upload_max_bytes, purpose="feeds")
    try:
        form = bodies.parse_fields(FeedForm, upload.fields)
        await idempotency.claim(f"{upload.object.sha256}\n{form.model_dump_json()}".encode())
        name = await feed.job_name(held.store, upload)
        return await _start(session, idempotency, feed.stored(upload), form, name)
    except BaseException:
        await held.store.delete(upload.object.key)
        raise


async def _start(
    session: TenantSession, idempotency: Idempotency, file: JsonObject, form: FeedForm, name: str
) -> Response:
    job = await feed.start_import(session, file, form, name)
    view = JobView.model_validate(job)
    location = {"Location": f"/api/v1/jobs/{job.id}"}
    return await idempotency.remember(session, status.HTTP_202_ACCEPTED, view.accepted(), location)


@router.get("/feed/{job_id}/report", response_model=Page[ReportRow], responses=problems(ImportNotFound, ReportNotReady))
async def read_import_report(
    job_id: UUID, actor: Reader, held: Held, session: TenantSession, query: Annotated[ReportQuery, Query()]
) -> Response:
    """What became of every row of an import, in the order of the file, and why.

    `format=csv` downloads the rejected rows with their reasons. Correct them there and upload that file: the columns
    that begin with `error_` are ignored.
    """
    found = await reports.find_import(session, job_id)
    if query.format == "json":
        page = await reports.list_report(session, actor.scope.tenant_id, found, query)
        return page_response(page, query, ReportRow)
    columns = reports.columns_of(found)

    async def stream() -> AsyncIterator[bytes]:
        # The request's own session ends before the body is sent, so the stream opens one of its own.
        async with held.database.session(actor.scope) as streaming:
            async for chunk in reports.stream_rejected(streaming, job_id, columns):
                yield chunk

    headers = {"Content-Disposition": f'attachment; filename="rejected-rows-{job_id}.csv"'}
    return StreamingResponse(stream(), media_type="text/csv; charset=utf-8", headers=headers)
