"""Every route says who may call it: by a guard in its dependencies, or by being listed here as public."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from app.accounts.actor import Actor
from app.accounts.dependencies import Guard, is_public, require
from app.accounts.permissions import Permission
from app.api.app import create_app
from app.core.config import Settings
from app.core.ids import new_id

# Opening a route to everybody is a line here, for a reviewer to see.
PUBLIC = {
    *("register", "login", "create_token", "refresh_token"),
    *("register_older", "login_older"),
    *("get_health", "get_database_health", "get_redis_health", "get_readiness", "get_info", "get_metrics"),
    *("list_error_codes", "get_error_code"),
    "download_file",  # the address is signed and ends
}
# Open to who has a token with the permission or a single-use ticket, which a dependency of the feature checks.
TICKETED = {"stream_job_events"}
READS_BY_POST = {"create_job_stream_ticket"}
# Routes about the caller's own account, which need a login and no permission.
OWN_ACCOUNT = {
    "logout",
    "get_me",
    "get_me_older",
    "update_me",
    "change_password",
    "switch_tenant",
    "list_sessions",
    "end_session",
}


PLACEHOLDER = re.compile(r"\{[^}]+\}")


def guards(dependant: Dependant) -> Iterator[Guard]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Guard):
            yield inner.call
        yield from guards(inner)


def unguarded(app: FastAPI) -> list[str]:
    found = []
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and not is_public(context.endpoint) and not any(guards(context.dependant)):
            found.append(route.name)
    return found


def routes(app: FastAPI) -> Iterator[tuple[APIRoute, list[Guard], bool]]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            yield context.original_route, list(guards(context.dependant)), is_public(context.endpoint)


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


def test_every_route_is_guarded_or_public(app: FastAPI) -> None:
    assert set(unguarded(app)) == TICKETED


def test_the_public_routes_are_those_listed_here(app: FastAPI) -> None:
    assert {route.name for route, _, is_open in routes(app) if is_open} == PUBLIC


def test_no_route_is_public_and_guarded_at_once(app: FastAPI) -> None:
    assert [route.name for route, found, is_open in routes(app) if is_open and found] == []


def test_only_the_own_account_needs_no_permission(app: FastAPI) -> None:
    loose = {
        route.name
        for route, found, is_open in routes(app)
        if not is_open and not any(guard.permissions or guard.admin for guard in found)
    }
    assert loose == OWN_ACCOUNT | TICKETED


def test_who_writes_needs_a_permission_to_write(app: FastAPI) -> None:
    lax = [
        route.name
        for route, found, is_open in routes(app)
        if route.methods and route.methods - {"GET", "HEAD", "OPTIONS"} and not is_open
        if route.name not in OWN_ACCOUNT | READS_BY_POST
        if not any(guard.admin or any(each.endswith(":write") for each in guard.permissions) for guard in found)
    ]
    assert lax == []


async def test_every_guarded_route_refuses_a_caller_without_a_token(app: FastAPI, api: httpx.AsyncClient) -> None:
    paths = app.openapi()["paths"]
    guarded = {route.name for route, _, is_open in routes(app) if not is_open}
    asked = 0
    for path, operations in paths.items():
        for method, operation in operations.items():
            if operation["operationId"] in guarded:
                address = PLACEHOLDER.sub(str(new_id()), path)
                answer = await api.request(method, address)
                assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text}"
                asked += 1
    assert asked >= len(OWN_ACCOUNT)


def test_a_route_that_forgot_its_guard_is_found() -> None:
    planted = FastAPI()

    @planted.get("/forgotten")
    async def forgotten() -> None: ...

    @planted.get("/guarded")
    async def guarded(actor: Annotated[Actor, Depends(require(Permission.JOBS_READ))]) -> None: ...

    assert unguarded(planted) == ["forgotten"]


def calls(dependant: Dependant) -> Iterator[Callable[..., object]]:
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from calls(inner)


def is_async(call: Callable[..., object]) -> bool:
    target = call if inspect.isroutine(call) else type(call).__call__
    return inspect.iscoroutinefunction(target) or inspect.isasyncgenfunction(target)


def test_no_handler_and_no_dependency_costs_a_thread(app: FastAPI) -> None:
    blocking = {
        f"{context.original_route.name}: {call}"
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for call in (context.endpoint, *calls(context.dependant))
        if not is_async(call)
    }
    assert blocking == set()
