"""Every failure as RFC 9457 `application/problem+json`: our errors, validation, routing, the database away, the rest.

The errors themselves live with their features; app/api/catalogue.py lists them all.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import cast

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

from app.api.declared import allowed_methods
from app.core.context import current
from app.core.errors import AppError, BadRequest, FieldError, NotFound, Unavailable, Unprocessable
from app.core.idempotency import AnsweredBefore
from app.core.problems import MEDIA_TYPE, TYPE_BASE

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


class DatabaseAway(Unavailable):
    """The database does not answer, or all its connections are busy."""

    code, title = "database_away", "The database does not answer; try again shortly"


class Contended(Unavailable):
    """The database gave up this transaction in favour of another one."""

    code, title = "contended", "Somebody else is changing the same rows; try again"


class ClientGone(BadRequest):
    """The client closed the connection before its request was complete. Nobody reads this answer; the log does."""

    status, code, title = 499, "client_gone", "The client went away"


class PathUnknown(NotFound):
    """No route has this path."""

    code, title = "path_unknown", "There is no such path"
    mend = "See /api/docs for the paths that exist."


class MethodNotAllowed(BadRequest):
    """The path exists, but not with this method; `Allow` names the methods it has."""

    status, code, title = 405, "method_not_allowed", "This path does not have this method"
    mend = "Use a method that the `Allow` header names."


def install(app: FastAPI) -> None:
    """Make the application render its failures as problems."""
    app.add_exception_handler(AppError, _handle)
    app.add_exception_handler(AnsweredBefore, _replay)
    app.add_exception_handler(HTTPException, _handle)
    app.add_exception_handler(RequestValidationError, _handle)


async def _replay(_request: Request, answered: Exception) -> Response:
    return cast("AnsweredBefore", answered).response


async def _handle(request: Request, failure: Exception) -> Response:
    if isinstance(failure, HTTPException) and failure.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(allowed_methods(request.app, request.scope["path"]))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        return problem(MethodNotAllowed(f"Allowed here: {allowed}.", headers={"Allow": allowed}))
    return problem(failure)


def problem(failure: BaseException) -> Response:
    """The answer to a failure of any kind."""
    error = to_app_error(failure)
    body: dict[str, object] = {
        "type": TYPE_BASE + error.code,
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "request_id": current().request_id,
    }
    if error.errors:
        body["errors"] = [{"loc": list(each.loc), "message": each.message, "code": each.code} for each in error.errors]
    body |= {name: value for name, value in error.extra.items() if name not in body}
    content = orjson.dumps(body, default=str)
    return Response(content, status_code=error.status, headers=error.headers, media_type=MEDIA_TYPE)


def to_app_error(failure: BaseException) -> AppError:
    """What a failure means for the caller."""
    if isinstance(failure, AppError):
        return failure
    if isinstance(failure, RequestValidationError):
        return _validation_error(failure.errors())
    if isinstance(failure, HTTPException):
        return _http_error(failure)
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


def _causes(failure: BaseException) -> list[BaseException]:
    # SQLAlchemy wraps its own translation of the driver's error, each the cause of the next.
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [failure]
    while waiting:
        current = waiting.pop()
        if current is None or current in found:
            continue
        found.append(current)
        waiting.append(current.__cause__)
        if isinstance(current, DBAPIError):
            waiting.append(current.orig)
    return found


def _is_lost_connection(failure: BaseException) -> bool:
    if isinstance(failure, DBAPIError):
        return bool(failure.connection_invalidated)
    # asyncpg raises the same class for misuse by us; only the lost connection is the caller's to retry.
    return isinstance(failure, InterfaceError) and "closed" in str(failure)


def _http_error(failure: HTTPException) -> AppError:
    cause = failure.__cause__
    if isinstance(cause, AppError):  # raised while FastAPI read the body, e.g. by the body limit
        return cause
    if isinstance(cause, ClientDisconnect):
        return ClientGone()
    if cause is not None:
        return Unprocessable("The body cannot be read as its content type says.")
    if failure.status_code == HTTPStatus.NOT_FOUND:
        return PathUnknown()
    return BadRequest(str(failure.detail)) if failure.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else AppError()


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
