"""The route of the export: the whole catalogue, or what the filters choose, as one file."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.accounts import tenants
from app.accounts.dependencies import TenantSession
from app.core import clock
from app.products import export
from app.products.dependencies import ProductReader, ReadDatabase, TenantId
from app.products.schemas import ExportQuery

router = APIRouter(prefix="/products", tags=["products"])

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
_MARKS = {"point": ".", "comma": ","}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, as a stream.",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "crossdock_id,crossdock_variant_id,title,…"},
            "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"id":"0199…","title":"Linen shirt"}\n'},
        },
    }
}


@router.get("/export", response_class=StreamingResponse, responses=_FILES)
async def export_products(
    actor: ProductReader,
    database: ReadDatabase,
    tenant_id: TenantId,
    session: TenantSession,
    query: Annotated[ExportQuery, Query()],
) -> StreamingResponse:
    """All products, or those that the filters of the list choose, as a file; any number of them, oldest first.

    The CSV has a row per variant, with the product's own fields on its first row. Change it in a spreadsheet and upload
    it as a feed: goods are known by `crossdock_id` and `crossdock_variant_id`, unchanged ones stay as they are, an
    empty cell changes nothing, and a row without ids is a new product. `stock` is what is on hand, reservations
    included. Cells that a spreadsheet would take for formulas carry an apostrophe, which the upload takes off again.
    Texts in `tags`, `category` and `images` that contain the separator stand in quotes.
    """
    name = f"products-{clock.now():%Y-%m-%d}"
    if query.format == "ndjson":
        lines = export.stream_ndjson(database, tenant_id, query)
        return _file(f"{name}.ndjson", "application/x-ndjson", lines)
    usual = export.style_of(await tenants.get_locale(session, tenant_id))
    style = export.Style(
        _DELIMITERS[query.delimiter] if query.delimiter else usual.delimiter,
        _MARKS[query.decimal_mark] if query.decimal_mark else usual.decimal_mark,
    )
    rows = export.stream_csv(database, tenant_id, query, style)
    return _file(f"{name}.csv", "text/csv; charset=utf-8", rows)


def _file(name: str, media_type: str, chunks: AsyncIterator[bytes]) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(chunks, media_type=media_type, headers=headers)
