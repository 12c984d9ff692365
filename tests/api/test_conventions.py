"""What api.md promises of every endpoint, asked of every endpoint that the application has."""

import json
from collections.abc import AsyncIterator
from itertools import cycle
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from app.accounts.dependencies import get_tenant_session
from app.accounts.idempotent import hold_key
from app.core.config import Settings
from app.core.problems import MEDIA_TYPE
from tests.api.conftest import changed, open_client
from tests.api.operations import ALL, APP, LISTS, OF_THE_API, WITH_JSON, Operation, name_of, resolved
from tests.conftest import MakeSeller, Seller
from tests.support.shared import shared

every = pytest.mark.parametrize("operation", OF_THE_API, ids=name_of)
every_with_json = pytest.mark.parametrize("operation", WITH_JSON, ids=name_of)
every_list = pytest.mark.parametrize("operation", LISTS, ids=name_of)


def assert_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    body = answer.json()
    assert isinstance(body["detail"], str)
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]


def assert_sane(answer: httpx.Response) -> None:
    # Connecting calls the vendor, whose sandbox does not run here: that it is away is a true answer.
    calls_a_vendor = answer.request.url.path.rstrip("/").endswith("/suppliers/connect")
    assert answer.status_code < 500 or (calls_a_vendor and answer.json()["code"] == "vendor_unavailable"), answer.text
    assert "rate_limited" not in answer.text, "the test would prove nothing"
    if answer.status_code >= 400:
        assert_problem(answer)


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The API for somebody in a great hurry."""
    async with open_client(changed(settings, rate_limit_per_minute=10**9)) as made:
        yield made


@pytest.fixture(scope="module")
async def resident(make_seller: MakeSeller) -> Seller:
    """One seller for all routes that cannot end their session."""
    return await make_seller()


@pytest.fixture
async def somebody(operation: Operation, resident: Seller, make_seller: MakeSeller) -> Seller:
    return await make_seller() if "auth" in operation.told["tags"] else resident


@every
async def test_refuses_an_unknown_query_parameter(client: httpx.AsyncClient, operation: Operation) -> None:
    answer = await operation.call(client, params={"no_such_parameter": "1"})
    assert answer.status_code == 422
    assert_problem(answer)
    assert answer.json()["errors"][0]["code"] == "parameter_unknown"


@every
async def test_answers_both_slash_forms_alike(client: httpx.AsyncClient, operation: Operation) -> None:
    address = operation.address()
    plain, slashed = await operation.call(client, url=address), await operation.call(client, url=f"{address}/")
    assert slashed.status_code == plain.status_code
    assert not plain.is_redirect


@every
async def test_answers_a_stranger_with_a_problem_or_its_content(
    client: httpx.AsyncClient, operation: Operation
) -> None:
    assert_sane(await operation.call(client))


@every
async def test_refuses_a_token_that_is_none(client: httpx.AsyncClient, operation: Operation) -> None:
    if not operation.told.get("security"):
        return
    answer = await operation.call(client, {"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert_problem(answer)


@every
async def test_survives_hostile_text_in_its_address(
    client: httpx.AsyncClient, somebody: Seller, operation: Operation
) -> None:
    hostile = ["%00", "a%00b", "%ff%fe", "%ed%a0%80", "'%20OR%201=1--", "..%2f..%2fetc", "%0d%0aX:%20y", "x" * 5000]
    for name in operation.parameters("path"):
        for text in hostile:
            assert_sane(await operation.call(client, somebody.headers, url=operation.address(**{name: text})))
    for name in operation.parameters("query"):
        for text in hostile:
            answer = await operation.call(client, somebody.headers, url=f"{operation.address()}?{name}={text}")
            assert_sane(answer)
            if "%00" in text:
                assert answer.status_code == 422


@every
async def test_survives_hostile_numbers_in_its_query(
    client: httpx.AsyncClient, somebody: Seller, operation: Operation
) -> None:
    for name, schema in operation.parameters("query").items():
        if schema.get("type") in {"integer", "number"} or "decimal" in str(schema.get("pattern", "")):
            for number in _vectors("numbers"):
                assert_sane(await operation.call(client, somebody.headers, params={name: str(number)}))


@every_list
async def test_bounds_its_pages(client: httpx.AsyncClient, somebody: Seller, operation: Operation) -> None:
    for wrong in _vectors("pagination"):
        known = {name: value for name, value in wrong.items() if name in operation.parameters("query")}
        if known:
            answer = await operation.call(client, somebody.headers, params=known)
            assert answer.status_code in {404, 422}, (wrong, answer.text)
            assert_problem(answer)


@every_with_json
async def test_survives_hostile_json(client: httpx.AsyncClient, somebody: Seller, operation: Operation) -> None:
    bodies = [
        b"",
        b"null",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"NaN",
        b"9" * 5000,
        b"\xff\xfe",
        b"\x1f\x8b",
    ]
    headers = somebody.headers | {"Content-Type": "application/json"}
    for body in bodies:
        answer = await operation.call(client, headers, content=body)
        assert_sane(answer)
        assert answer.status_code != 400, "a body that cannot be read is 422"


@every_with_json
async def test_refuses_fields_it_does_not_know(
    client: httpx.AsyncClient, somebody: Seller, operation: Operation
) -> None:
    for name in _vectors("mass_assignment"):
        if name in _properties(operation):
            continue
        answer = await operation.call(client, somebody.headers, json=operation.body() | {name: True})
        assert answer.status_code in {401, 403, 404, 422}, (name, answer.status_code, answer.text)


@every_with_json
async def test_refuses_unstorable_text_in_every_field(
    client: httpx.AsyncClient, somebody: Seller, operation: Operation
) -> None:
    headers = somebody.headers | {"Content-Type": "application/json"}
    for name, schema in _properties(operation).items():
        for text in (r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'{"a":["\u0000"]}', r'{"\u0000":1}', r'["\u0000"]'):
            others = operation.body() | {name: "@@"}
            body = json.dumps(others).replace('"@@"', text)
            answer = await operation.call(client, headers, content=body)
            assert_sane(answer)
            if schema.get("type") == "string" and text.startswith('"'):
                assert answer.status_code in {401, 403, 404, 422}, (name, text, answer.text)


@every_with_json
async def test_survives_hostile_numbers_in_every_field(
    client: httpx.AsyncClient, somebody: Seller, operation: Operation
) -> None:
    headers = somebody.headers | {"Content-Type": "application/json"}
    for name in _properties(operation):
        for number in [*_vectors("numbers"), "-Infinity"]:
            for text in {json.dumps(number), str(number)}:
                body = json.dumps(operation.body() | {name: "@@"}).replace('"@@"', text)
                assert_sane(await operation.call(client, headers, content=body))


async def test_survives_every_naughty_string_somewhere(client: httpx.AsyncClient, make_seller: MakeSeller) -> None:
    somebody = await make_seller()
    places = [
        (operation, name)
        for operation in WITH_JSON
        if "auth" not in operation.told["tags"]
        for name, schema in _properties(operation).items()
        if schema.get("type") == "string"
    ]
    if not places:
        pytest.skip("no route of the API takes text yet")
    for text, (operation, name) in zip(_naughty_strings(), cycle(places), strict=False):
        assert_sane(await operation.call(client, somebody.headers, json=operation.body() | {name: text}))


def test_operation_ids_are_the_names_of_functions_and_unique() -> None:
    names = [operation.name for operation in ALL]
    assert len(set(names)) == len(names)
    functions = {getattr(found.endpoint, "__name__", "") for found in iter_route_contexts(APP.routes)}
    assert set(names) <= functions


def test_a_path_with_a_name_of_its_own_comes_before_one_with_a_parameter() -> None:
    routes = [found for found in iter_route_contexts(APP.routes) if isinstance(found.original_route, APIRoute)]
    for wanted in routes:
        methods = wanted.methods or set()
        if "{" not in str(wanted.path):
            first = next(each for each in routes if each.path_regex.match(wanted.path) and each.methods & methods)
            assert first.path == wanted.path, f"{wanted.path} is never reached: {first.path} comes before it"


def test_no_path_ends_with_a_slash() -> None:
    assert [operation.path for operation in ALL if operation.path.endswith("/")] == []


def test_a_key_is_held_before_the_session_opens() -> None:
    # The session must roll back before the key is given back, so it has to be declared after it.
    for found in iter_route_contexts(APP.routes):
        if isinstance(found.original_route, APIRoute):
            calls = [inner.call for inner in found.dependant.dependencies]
            if hold_key in calls and get_tenant_session in calls:
                assert calls.index(hold_key) < calls.index(get_tenant_session), found.path


def _properties(operation: Operation) -> dict[str, dict[str, Any]]:
    schema = operation.body_schema or {}
    return {name: resolved(part) for name, part in schema.get("properties", {}).items()}


def _vectors(kind: str) -> list[Any]:
    vectors: list[Any] = json.loads(shared("abuse/text_vectors.json").read_text())[kind]
    return vectors


def _naughty_strings() -> list[str]:
    strings: list[str] = json.loads(shared("abuse/blns/blns.json").read_text())
    return strings
