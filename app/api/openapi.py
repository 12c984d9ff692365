"""The OpenAPI document: the framework's, completed by what holds for every route (problems, spellings, tags)."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api import catalogue, errors
from app.core.dialect import SORT_ORDER, SPELLINGS
from app.core.errors import AppError, Forbidden, RateLimited, TooLarge, Unauthenticated, Unprocessable
from app.core.problems import MEDIA_TYPE, Problem, example, problems

JsonObject = dict[str, Any]  # an OpenAPI document is JSON of any depth

DESCRIPTION: Final = """
Goods in, listings out, orders through.

Failures are `application/problem+json` with a stable `code` (all of them: `/api/errors`). Lists answer
`{items, next_cursor, page_size}`; pass `next_cursor` as `cursor` to go on. Long work answers `202` with a job.
Send `Idempotency-Key` with a POST that starts a job, spends money or publishes, and repeat it safely.
"""

TAGS: Final = (
    ("auth", "Accounts, logins and sessions."),
    ("members", "Who works in a tenant, in which role."),
    ("products", "The seller's catalogue: products, variants, offers, images."),
    ("categories", "The seller's own category tree."),
    ("inventory", "Stock as a ledger: entries, balances, reservations."),
    ("scraping", "Goods from files, pages and shops; reports of what came in."),
    ("suppliers", "Connecting suppliers, how they stand, and starting their syncs."),
    ("sync", "Keeping goods up to date with suppliers, stores and product APIs: syncs, schedules, history."),
    ("jobs", "Long work: progress, live events, cancel, retry, confirm, undo."),
    ("older clients", "Paths and shapes of systems that this one replaces; each names its successor."),
    ("files", "Downloads by signed links."),
    ("system", "Health, readiness, metrics, the catalogue of errors."),
)

METHODS: Final = ("get", "put", "post", "delete", "patch")
ALWAYS: Final[tuple[type[AppError], ...]] = (Unprocessable, RateLimited, errors.DatabaseAway, AppError)
GUARDED: Final[tuple[type[AppError], ...]] = (Unauthenticated, Forbidden)
WITH_BODY: Final[tuple[type[AppError], ...]] = (TooLarge,)


def install(app: FastAPI) -> None:
    """Make the application answer the completed document; it is built once, when somebody asks."""

    def document() -> JsonObject:
        if app.openapi_schema is None:
            app.openapi_schema = build(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the way that FastAPI documents


def build(app: FastAPI) -> JsonObject:
    """The document of an application."""
    document: JsonObject = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION.strip(),
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    document["components"]["examples"] = {}
    for path, operation in operations(document):
        if path.startswith("/api/v1/") or operation.get("deprecated"):
            _complete(operation)
        _drop_framework_errors(operation)
        _name_spellings(operation)
    _put_examples(document)
    return document


def operations(document: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Every operation of a document with its path."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, item[method]


def _complete(operation: JsonObject) -> None:
    known = [*ALWAYS]
    if operation.get("security"):
        known += GUARDED
    if "requestBody" in operation:
        known += WITH_BODY
    responses: JsonObject = operation["responses"]
    for status, answer in problems(*known).items():
        own = responses.get(str(status))
        if own is None or MEDIA_TYPE not in own.get("content", {}):
            responses[str(status)] = answer
        else:
            own["content"][MEDIA_TYPE]["examples"] |= answer["content"][MEDIA_TYPE]["examples"]
    operation["responses"] = dict(sorted(responses.items()))


def _put_examples(document: JsonObject) -> None:
    wanted = {
        code
        for _, operation in operations(document)
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    }
    for error in catalogue.error_classes():
        if error.code in wanted:
            document["components"]["examples"].setdefault(error.code, {"summary": error.title, "value": example(error)})


def _drop_framework_errors(operation: JsonObject) -> None:
    answer = operation["responses"].get("422", {})
    if "HTTPValidationError" in str(answer.get("content", {}).get("application/json", {})):
        del operation["responses"]["422"]
        operation["responses"] |= {str(status): each for status, each in problems(Unprocessable).items()}


def _name_spellings(operation: JsonObject) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] != "query" or parameter["name"] not in SPELLINGS:
            continue
        others = [f"`{other}`" for other in SPELLINGS[parameter["name"]]]
        if parameter["name"] == "sort":
            others[-1] += f" with `{SORT_ORDER}`"
        text = f"{parameter.get('description', '')} Also accepted: {', '.join(others)}.".strip()
        parameter["description"] = text
