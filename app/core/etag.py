"""Entity tags from versions of rows, and what clients do with them: conditional reads and guarded writes."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import PreconditionFailed


def make_etag(*versions: int | str | UUID | None) -> str:
    """A strong entity tag of everything an answer is made of: id, version of the row, versions of its balances, …"""
    text = "\x1f".join("" if version is None else str(version) for version in versions)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'


def check_if_match(request: Request, etag: str) -> None:
    """Refuse a write whose If-Match names another state than the present one; a write without it is not guarded."""
    wanted = request.headers.getlist("if-match")
    if wanted and not _names(wanted, etag):
        raise PreconditionFailed(headers={"ETag": etag})


def not_modified(request: Request, etag: str) -> Response | None:
    """The 304 of a client that has this state already, or None."""
    known = request.headers.getlist("if-none-match")
    if not known or not _names([line.replace("W/", "") for line in known], etag):
        return None
    return Response(status_code=304, headers={"ETag": etag})


def _names(lines: Iterable[str], etag: str) -> bool:
    tags = [tag.strip() for line in lines for tag in line.split(",")]
    return "*" in tags or etag in tags
