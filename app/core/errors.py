"""The errors a caller can be told about. Each class is one stable code of the API (docs/errors.md is made from this
tree).

Raise a subclass with words for a human: what is wrong and how to mend it. HTTP rendering lives in app/api/errors.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: where it is (path in the request), what is wrong, and a stable code."""

    loc: Sequence[str | int]
    message: str
    code: str


class AppError(Exception):
    """Base of all errors with a meaning for the caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side"
    mend: ClassVar[str] = "Try again; if it stays, tell the operator the request_id."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        super().__init__(self.detail)


class BadRequest(AppError):
    status, code, title = 400, "bad_request", "The request cannot be understood"
    mend = "Read `detail`, correct the request and send it again."


class Unauthenticated(AppError):
    status, code, title = 401, "unauthenticated", "A valid access token is needed"
    mend = "Log in, or refresh the access token, and send it as `Authorization: Bearer …`."

    def __init__(self, detail: str | None = None, **more: object) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **more)  # type: ignore[arg-type]


class Forbidden(AppError):
    status, code, title = 403, "forbidden", "Your role does not allow this"
    mend = "Ask an owner of the tenant for a role that includes it."


class NotFound(AppError):
    status, code, title = 404, "not_found", "There is no such thing here"
    mend = "Check the id; it may belong to another tenant or be deleted."


class Conflict(AppError):
    status, code, title = 409, "conflict", "This contradicts the present state"
    mend = "Read the present state and decide anew."


class PreconditionFailed(AppError):
    status, code, title = 412, "precondition_failed", "The resource has changed since you read it"
    mend = "Read the resource again and repeat the change with its new ETag."


class TooLarge(AppError):
    status, code, title = 413, "body_too_large", "The body is larger than allowed"
    mend = "Send less at once; files go to the routes that take uploads."


class Unprocessable(AppError):
    status, code, title = 422, "validation_failed", "Some fields are wrong"
    mend = "Correct what `errors` names (path, message, code) and send it again."


class RateLimited(AppError):
    status, code, title = 429, "rate_limited", "Too many requests"
    mend = "Wait for the seconds in `Retry-After`."


class Unavailable(AppError):
    status, code, title = 503, "unavailable", "A part we depend on is away; try again shortly"
    mend = "Wait for the seconds in `Retry-After` and send the same request again."

    def __init__(self, detail: str | None = None, *, retry_after: int = 2, **more: object) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **more)  # type: ignore[arg-type]
