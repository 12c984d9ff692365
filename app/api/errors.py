"""Every failure as RFC 9457 `application/problem+json`: our errors, validation, routing, the database away, the rest.

The errors themselves live with their features; app/api/catalogue.py lists them all.
"""

from collections.abc import Iterable, Mapping, Sequence

import orjson
from asyncpg.exceptions import (
    CannotConnectNowError,
    CharacterNotInRepertoireError,
    DeadlockDetectedError,
    InterfaceError,
    InvalidCachedStatementError,
    LockNotAvailableError,
    PostgresConnectionError,
    QueryCanceledError,
    SerializationError,
    TooManyConnectionsError,
    UntranslatableCharacterError,
)
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app.core.context import current
from app.core.errors import AppError, BadRequest, FieldError, NotFound, Unavailable, Unprocessable

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "/api/errors/"
MAX_FIELD_ERRORS = 100

_DATABASE_AWAY: tuple[type[BaseException], ...] = (
    PostgresConnectionError,
    CannotConnectNowError,
    TooManyConnectionsError,
    PoolTimeout,
    ConnectionError,
)
_WORTH_A_RETRY: tuple[type[BaseException], ...] = (
    SerializationError,
    DeadlockDetectedError,
    LockNotAvailableError,
    QueryCanceledError,
    InvalidCachedStatementError,
)
_NOT_STORABLE: tuple[type[BaseException], ...] = (CharacterNotInRepertoireError, UntranslatableCharacterError)
_CODES = {405: "method_not_allowed", 406: "not_acceptable", 415: "unsupported_media_type"}


class DatabaseAway(Unavailable):
    """The database does not answer, or all its connections are busy."""

    code, title = "database_away", "The database does not answer; try again shortly"


class Contended(Unavailable):
    """The database gave up this transaction in favour of another one."""

    code, title = "contended", "Somebody else is changing the same rows; try again"


class ClientGone(BadRequest):
    """The client closed the connection before its request was complete. Nobody reads this answer; the log does."""

    status, code, title = 499, "client_gone", "The client went away"


def install(app: FastAPI) -> None:
    """Make the application render its failures as problems."""
    app.add_exception_handler(AppError, _handle)
    app.add_exception_handler(HTTPException, _handle)
    app.add_exception_handler(RequestValidationError, _handle)


async def _handle(_request: Request, failure: Exception) -> Response:
    return problem(failure)


def problem(failure: Exception) -> Response:
    """The answer to a failure of any kind."""
    if isinstance(failure, HTTPException) and failure.__cause__ is None:
        return _routing_problem(failure)
    error = to_app_error(failure)
    return _render(
        error.status,
        error.code,
        error.title,
        error.detail,
        errors=error.errors,
        extra=error.extra,
        headers=error.headers,
    )


def to_app_error(failure: BaseException) -> AppError:
    """What a failure means for the caller."""
    if isinstance(failure, AppError):
        return failure
    if isinstance(failure, RequestValidationError):
        return _validation_error(failure.errors())
    if isinstance(failure, HTTPException) and failure.__cause__ is not None:
        return _unreadable_body(failure.__cause__)
    if isinstance(failure, ClientDisconnect):
        return ClientGone()
    return _database_error(failure) or AppError()


def _database_error(failure: BaseException) -> AppError | None:
    for cause in _causes(failure):
        if isinstance(cause, _WORTH_A_RETRY):
            return Contended(retry_after=1)
        if isinstance(cause, _NOT_STORABLE):
            return Unprocessable("A text holds a character that cannot be stored.")
        if isinstance(cause, _DATABASE_AWAY) or _is_lost_connection(cause):
            return DatabaseAway()
    return None


def _causes(failure: BaseException) -> Iterable[BaseException]:
    seen: list[BaseException] = []
    current: BaseException | None = failure
    while current is not None and current not in seen:
        seen.append(current)
        if isinstance(current, DBAPIError) and isinstance(current.orig, BaseException):
            seen.append(current.orig)
        current = current.__cause__
    return seen


def _is_lost_connection(failure: BaseException) -> bool:
    if isinstance(failure, DBAPIError):
        return bool(failure.connection_invalidated)
    # asyncpg raises the same class for misuse by us; only the lost connection is the caller's to retry.
    return isinstance(failure, InterfaceError) and "closed" in str(failure)


def _unreadable_body(cause: BaseException) -> AppError:
    if isinstance(cause, AppError):  # raised while the body was read, e.g. by the body limit
        return cause
    if isinstance(cause, ClientDisconnect):
        return ClientGone()
    return Unprocessable("The body cannot be read as its content type says.")


def _validation_error(failures: Sequence[Mapping[str, object]]) -> Unprocessable:
    errors = [
        FieldError(loc=_path(failure["loc"]), message=_sentence(failure), code=str(failure["type"]))
        for failure in failures[:MAX_FIELD_ERRORS]
    ]
    first = errors[0]
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    if first.code == "json_invalid":
        return Unprocessable(f"The body is not valid JSON: {first.message}", errors=errors)
    where = ".".join(str(part) for part in first.loc[1:] or first.loc)
    return Unprocessable(f"{where}: {first.message}{more}", errors=errors)


def _path(loc: object) -> tuple[str | int, ...]:
    return tuple(part for part in loc if isinstance(part, str | int)) if isinstance(loc, tuple) else ()


def _sentence(failure: Mapping[str, object]) -> str:
    # Never the input itself: it may be a password.
    if failure["type"] == "json_invalid" and isinstance(context := failure.get("ctx"), dict):
        return f"{context['error']} at position {_path(failure['loc'])[-1]}"
    return str(failure["msg"]).removeprefix("Value error, ")


def _routing_problem(failure: HTTPException) -> Response:
    if failure.status_code == 404 and failure.detail == "Not Found":
        detail = "There is no such path; /api/docs lists them."
        return _render(404, NotFound.code, NotFound.title, detail, headers=failure.headers)
    code = _CODES.get(failure.status_code, f"http_{failure.status_code}")
    return _render(failure.status_code, code, str(failure.detail), str(failure.detail), headers=failure.headers)


def _render(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, object] = {
        "type": TYPE_BASE + code,
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": current().request_id,
    }
    if errors:
        body["errors"] = [{"loc": list(error.loc), "message": error.message, "code": error.code} for error in errors]
    body |= {name: value for name, value in (extra or {}).items() if name not in body}
    return Response(orjson.dumps(body, default=str), status_code=status, headers=headers, media_type=MEDIA_TYPE)
