"""The route under /scraping/feed that only looks at a file."""

import tempfile
from pathlib import Path

from fastapi import APIRouter, Request

from app.core.problems import problems
from app.core.upload import UploadInvalid, receive_upload
from app.integrations.contracts.errors import AddressRefused, AnswerTooLarge
from app.integrations.feeds.errors import FeedMappingInvalid, FeedNoUsableColumn, FeedRefused
from app.scraping import bodies, inspection
from app.scraping.dependencies import Held, ImportWriter
from app.scraping.errors import AddressSilent, FileNotInspectable, MappingNotFound
from app.scraping.held_file import HeldFile
from app.scraping.inspection_schemas import InspectByUrl, InspectForm, Inspection
from app.scraping.schemas import CHOICE_FIELDS

router = APIRouter(prefix="/scraping", tags=["scraping"])

_FIELDS = {**CHOICE_FIELDS, "source": {"type": "string", "description": "The feed whose remembered mapping is tried."}}


@router.post(
    "/feed/inspect",
    responses=problems(
        UploadInvalid,
        FeedRefused,
        FeedNoUsableColumn,
        FeedMappingInvalid,
        FileNotInspectable,
        MappingNotFound,
        AddressRefused,
        AnswerTooLarge,
        AddressSilent,
    ),
    openapi_extra=bodies.documented(_FIELDS, InspectByUrl),
)
async def inspect_feed(request: Request, actor: ImportWriter, held: Held) -> Inspection:
    """What a file is, what its columns would be used as, and what its first ten rows would become.

    Nothing is stored and no job is started. Send a `mapping` to see what it makes of the file, and the same file again
    with another one, until the rows look right; then save the mapping or import with it. Of a large file only the
    beginning is looked at (`head_only`). A file in gzip, or a ZIP with one file, is unpacked first. Workbooks and ZIP
    archives, which say at their end what they hold, may have 64 MiB here.
    """
    settings, tenant_id = held.settings, actor.scope.tenant_id
    if tenant_id is None:
        raise RuntimeError("the guard lets through members of a tenant only")
    with tempfile.TemporaryDirectory(prefix="crossdock-inspect-") as folder:
        path = Path(folder) / "feed"
        if bodies.is_json(request):
            asked = bodies.parse_json(InspectByUrl, await request.body())
            looked = await inspection.fetch(settings, asked.url, path)
            form: InspectForm = asked
        else:
            taker = HeldFile(path, inspection.KEEP_BYTES)
            upload = await receive_upload(request, taker, tenant_id, settings.upload_max_bytes, purpose="inspections")
            form = bodies.parse_fields(InspectForm, upload.fields)
            looked = inspection.Looked(path, upload.filename, upload.object.size)
        return await inspection.inspect(settings, held.database.sessions(actor.scope), looked, form)
