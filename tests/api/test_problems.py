"""Every failure is a problem with a stable code, one readable sentence and the request's id, and tells no secret."""

import asyncio

import asyncpg
import httpx
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import ClientDisconnect

from app.api.errors import MEDIA_TYPE, ClientGone, Contended, DatabaseAway, to_app_error
from app.core.config import Settings
from app.core.errors import AppError
from tests.api.conftest import SECRET, changed, open_client
from tests.support.servers import TestServers, execute


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    body: dict[str, object] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/api/errors/{code}")
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    return body


async def test_renders_an_error_of_a_feature_with_all_it_carries(probe: httpx.AsyncClient) -> None:
    answer = await probe.get("/api/v1/things/taken")
    body = assert_problem(answer, 409, "thing_taken")
    assert body["detail"] == "The name is taken."
    assert body["errors"] == [{"loc": ["body", "name"], "message": "is taken", "code": "taken"}]
    assert body["holder"] == 7
    assert answer.headers["x-why"] == "because"


async def test_says_nothing_about_an_unexpected_failure(probe: httpx.AsyncClient) -> None:
    answer = await probe.get("/api/v1/things/broken")
    assert_problem(answer, 500, "internal_error")
    for leak in (SECRET, "SELECT", "Traceback", "RuntimeError", ".py"):
        assert leak not in answer.text


async def test_refuses_wrong_fields_with_a_path_and_a_sentence_each(probe: httpx.AsyncClient) -> None:
    body = assert_problem(
        await probe.post("/api/v1/things", json={"size": "big", "password": SECRET}), 422, "validation_failed"
    )
    errors = body["errors"]
    assert isinstance(errors, list)
    assert {tuple(error["loc"]) for error in errors} == {("body", "name"), ("body", "size"), ("body", "password")}
    assert all(error["message"] and error["code"] for error in errors)
    assert body["detail"] == "name: Field required (and 2 more)"
    assert SECRET not in str(body), "what was sent is never repeated"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"name":' * 50_000,
        b'{"name":"\\u0000"}',
        b'{"name":"\\ud800"}',
        b'{"name":"a","size":NaN}',
        b'{"name":"a","size":1e99999}',
        b"NaN",
        b"9" * 5000,
        b'{"name":"a","size":' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        '{"name":"a"}'.encode("utf-16"),
        b"\x1f\x8b\x08\x00",
        b'{"__proto__":{}}',
        b'{"name":{"a":1}}',
    ],
    ids=range(18),
)
async def test_never_fails_on_hostile_json(probe: httpx.AsyncClient, body: bytes) -> None:
    answer = await probe.post("/api/v1/things", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 422:
        assert_problem(answer, 422, "validation_failed")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", "x", ""])
async def test_refuses_json_under_another_content_type(probe: httpx.AsyncClient, content_type: str) -> None:
    answer = await probe.post("/api/v1/things", content=b'{"name":"a"}', headers={"Content-Type": content_type})
    assert_problem(answer, 422, "validation_failed")


async def test_answers_unknown_paths_and_methods(probe: httpx.AsyncClient) -> None:
    assert_problem(await probe.get("/nowhere"), 404, "path_unknown")
    assert_problem(await probe.get("/api/v1/nowhere"), 404, "path_unknown")
    answer = await probe.delete("/api/v1/things")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_tells_to_come_back_when_the_database_is_away(settings: Settings) -> None:
    away = changed(settings, database_url="postgresql+asyncpg://nobody@127.0.0.1:9/none", database_system_url="")
    async with open_client(away) as client:
        answer = await client.get("/api/v1/things/database", params={"statement": "SELECT 1"})
    assert_problem(answer, 503, "database_away")
    assert int(answer.headers["retry-after"]) > 0


async def test_tells_to_come_back_when_all_connections_are_busy(settings: Settings) -> None:
    busy = changed(settings, database_pool_size=1, database_pool_timeout=0.2)
    async with open_client(busy) as client:
        slow = asyncio.create_task(client.get("/api/v1/things/database", params={"statement": "SELECT pg_sleep(1)"}))
        await asyncio.sleep(0.3)
        answer = await client.get("/api/v1/things/database", params={"statement": "SELECT 1"})
        assert (await slow).status_code == 200
    assert_problem(answer, 503, "database_away")


async def test_tells_to_come_back_when_a_connection_breaks_in_the_middle(
    probe: httpx.AsyncClient, servers: TestServers
) -> None:
    slow = asyncio.create_task(
        probe.get("/api/v1/things/database", params={"statement": "SELECT pg_sleep(10) /* to be cut */"})
    )
    await asyncio.sleep(0.3)
    execute(
        servers.database_owner_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE '%to be cut%' AND pid <> pg_backend_pid()",
    )
    assert_problem(await slow, 503, "database_away")


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40001'; END $$", 503, "contended"),
        ("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40P01'; END $$", 503, "contended"),
        ("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '55P03'; END $$", 503, "contended"),
        ("SELECT nonsense", 500, "internal_error"),
    ],
)
async def test_tells_trouble_of_the_database_apart(
    probe: httpx.AsyncClient, statement: str, status: int, code: str
) -> None:
    answer = await probe.get("/api/v1/things/database", params={"statement": statement})
    assert_problem(answer, status, code)
    assert "nonsense" not in answer.text


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (ClientDisconnect(), ClientGone),
        (PoolTimeout("QueuePool limit"), DatabaseAway),
        (ConnectionRefusedError(), DatabaseAway),
        (asyncpg.InterfaceError("connection is closed"), DatabaseAway),
        (asyncpg.InterfaceError("the number of columns is wrong"), AppError),
        (asyncpg.DeadlockDetectedError("deadlock"), Contended),
        (DBAPIError("SELECT", {}, asyncpg.CannotConnectNowError("starting up")), DatabaseAway),
        (ValueError("anything else"), AppError),
    ],
)
def test_knows_what_a_failure_means(failure: Exception, error: type[AppError]) -> None:
    assert type(to_app_error(failure)) is error
