"""The shape of a failure on the wire, for the documentation of routes: `responses=problems(NotFound, Conflict)`.

Rendering is done in app/api/errors.py.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from app.core.errors import AppError

MEDIA_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "/api/errors/"
SCHEMA_REF: Final = "#/components/schemas/Problem"
EXAMPLE_REF: Final = "#/components/examples/"  # app/api/openapi.py puts them there
EXAMPLE_REQUEST_ID: Final = "0199c6d2-7f1e-7d52-9c3a-3f6a5a1b2c4d"


class ProblemField(BaseModel):
    """One wrong field."""

    loc: list[str | int] = Field(description="Where: body, query, path or header, then the path inside it.")
    message: str
    code: str


class Problem(BaseModel):
    """A failure (RFC 9457). `code` is stable; `detail` is one readable sentence."""

    type: str = Field(description="Address of the code's description.")
    title: str
    status: int
    code: str = Field(description="Stable; all codes are listed at /api/errors.")
    detail: str
    request_id: str | None
    errors: list[ProblemField] = []


def problems(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can fail in these ways."""
    answers: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        answer = answers.setdefault(error.status, _answer())
        answer["description"] = "; ".join(part for part in (answer["description"], error.title) if part)
        answer["content"][MEDIA_TYPE]["examples"][error.code] = {"$ref": EXAMPLE_REF + error.code}
    return answers


def example(error: type[AppError]) -> Mapping[str, object]:
    """How an error looks on the wire."""
    return {
        "type": TYPE_BASE + error.code,
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": f"{error.title}.",
        "request_id": EXAMPLE_REQUEST_ID,
    }


def _answer() -> dict[str, Any]:
    return {"description": "", "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA_REF}, "examples": {}}}}
