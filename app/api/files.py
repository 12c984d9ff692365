"""Downloads of locally stored files by signed links. Content is only ever an attachment, never shown by a browser."""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse

from app.accounts.dependencies import get_resources, public
from app.core.problems import problems
from app.core.storage import LocalStore, ObjectMissing
from app.core.text import CleanStr

router = APIRouter(prefix="/files", tags=["files"])


@router.get(
    "/{key:path}",
    response_class=StreamingResponse,
    responses=problems(ObjectMissing) | {200: {"content": {"application/octet-stream": {}}}},
)
@public
async def download_file(
    request: Request,
    key: Annotated[CleanStr, Path(max_length=300)],
    filename: Annotated[CleanStr, Query(max_length=200, description="Name of the downloaded file.")],
    expires: Annotated[int, Query(description="When the link ends, in seconds since 1970.")],
    signature: Annotated[CleanStr, Query(max_length=64)],
) -> StreamingResponse:
    """Download a file by the link that was made for it; a changed or expired link is answered like a missing file."""
    store = get_resources(request).store
    if not isinstance(store, LocalStore) or not store.is_link_valid(key, filename, expires, signature):
        raise ObjectMissing
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(
        await _begun(store.open_stream(key)), media_type="application/octet-stream", headers=headers
    )


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    # The first piece is read before the answer begins, so that a missing file is still a 404.
    first = await anext(pieces, b"")

    async def all_pieces() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_pieces()
