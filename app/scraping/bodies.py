"""Bodies of routes that take a file by form or the address of one as JSON: which it is, and its fields checked."""

from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.core.errors import FieldError, Unprocessable
from app.core.text import NUL

Model = TypeVar("Model", bound=BaseModel)


def is_json(request: Request) -> bool:
    """Whether the body is JSON; anything else must be a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def parse_fields(model: type[Model], fields: Mapping[str, str]) -> Model:
    """The text fields of a form."""
    try:
        return model.model_validate(fields)
    except ValidationError as wrong:
        raise _refusal(wrong) from None


def parse_json(model: type[Model], body: bytes) -> Model:
    """A JSON body."""
    try:
        return model.model_validate_json(body)
    except ValidationError as wrong:
        raise _refusal(wrong) from None


def documented(form: Mapping[str, Any], by_url: type[BaseModel]) -> dict[str, Any]:
    """The requestBody of such a route: a form with a `file` and these fields, or JSON with a `url`."""
    fields = {"file": {"type": "string", "format": "binary", "description": "The file, in any form and layout."}}
    multipart = {"type": "object", "required": ["file"], "properties": {**fields, **form}}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": multipart},
                "application/json": {"schema": by_url.model_json_schema()},
            },
        }
    }


def _refusal(wrong: ValidationError) -> Unprocessable:
    errors = [FieldError(("body", *error["loc"]), error["msg"], error["type"]) for error in wrong.errors()]
    where = str(errors[0].loc[-1]).replace(NUL, "")[:60]
    return Unprocessable(f"{where}: {errors[0].message}.", errors=errors)
