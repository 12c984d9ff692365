"""What every request passes: ids, headers, hosts, origins, sizes, one form of address, the access log."""

import io
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.api.middleware import EXPOSED_HEADERS, REQUEST_HEADERS
from app.api.middleware.body_limit import BodyLimit
from app.core.config import Settings
from app.core.errors import TooLarge
from app.core.ratelimit import RESPONSE_HEADERS_KEY
from tests.api.conftest import changed, open_client

ORIGIN = "https://shop.example.com"


@pytest.mark.parametrize("given", ["abc", "0199c6d2-7f1e-7d52", "A.b:c_d-1", "x" * 64])
async def test_takes_over_a_sane_request_id(probe: httpx.AsyncClient, given: str) -> None:
    answer = await probe.get("/health", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", " ", "x" * 65, "a b", "a\tb", "<script>", "é", '"', "-x", "a;b"])
async def test_makes_its_own_id_instead_of_a_strange_one(probe: httpx.AsyncClient, given: str) -> None:
    answer = await probe.get("/health", headers={"X-Request-ID": given.encode("utf-8")})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 36


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/api/v1/things/broken", "/api/docs"])
async def test_every_answer_carries_the_security_headers_once(probe: httpx.AsyncClient, path: str) -> None:
    headers = (await probe.get(path)).headers
    for name, value in (("x-content-type-options", "nosniff"), ("x-frame-options", "DENY")):
        assert headers.get_list(name) == [value]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    assert len(headers.get_list("x-request-id")) == 1
    assert "strict-transport-security" not in headers, "only in production, which has TLS in front"


async def test_answers_to_somebody_are_not_cached(probe: httpx.AsyncClient) -> None:
    assert (await probe.get("/health", headers={"Authorization": "x"})).headers["cache-control"] == "no-store"
    assert "cache-control" not in (await probe.get("/health")).headers


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/things/", "/api/v1/things//", "/health/"])
async def test_answers_with_and_without_a_slash_and_never_redirects(probe: httpx.AsyncClient, path: str) -> None:
    assert (await probe.get(path)).status_code == 200


async def test_understands_the_spellings_of_existing_clients(probe: httpx.AsyncClient) -> None:
    answer = await probe.get("/api/v1/things/?search=red&sort_by=price&sort_order=desc&per_page=10&page=2")
    assert answer.json() == {
        "items": ["red", "-price"],
        "next_cursor": None,
        "page_size": 10,
        "page": 2,
        "total": 2,
        "total_pages": 1,
    }


async def test_refuses_spellings_that_contradict_each_other(probe: httpx.AsyncClient) -> None:
    answer = await probe.get("/api/v1/things?limit=10&per_page=20")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("address", ["/api/v1/things?q=%00", "/api/v1/things?%00=1", "/api/v1/thi%00ngs", "/%00"])
async def test_refuses_nul_in_the_address(probe: httpx.AsyncClient, address: str) -> None:
    assert (await probe.get(address)).status_code == 422


async def test_head_is_a_get_without_its_body(probe: httpx.AsyncClient) -> None:
    got, head = await probe.get("/api/v1/things"), await probe.head("/api/v1/things")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


async def test_head_of_an_endless_stream_ends(probe: httpx.AsyncClient) -> None:
    answer = await probe.head("/api/v1/things/streamed")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_options_names_the_methods(probe: httpx.AsyncClient) -> None:
    answer = await probe.options("/api/v1/things")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert (await probe.options("/nowhere")).status_code == 404


@pytest.fixture
async def cross_origin(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(changed(settings, cors_origins=[ORIGIN + "/"])) as client:
        yield client


async def test_lets_a_named_origin_in_with_credentials(cross_origin: httpx.AsyncClient) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}
    for name in REQUEST_HEADERS:
        answer = await cross_origin.options("/api/v1/things", headers={**asked, "Access-Control-Request-Headers": name})
        assert answer.status_code == 200, (name, answer.text)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/things/taken", "/api/v1/things/broken", "/nowhere"])
async def test_failures_carry_the_headers_of_cross_origin_too(cross_origin: httpx.AsyncClient, path: str) -> None:
    headers = (await cross_origin.get(path, headers={"Origin": ORIGIN})).headers
    assert headers["access-control-allow-origin"] == ORIGIN
    assert headers["access-control-expose-headers"] == ", ".join(EXPOSED_HEADERS)


async def test_lets_no_other_origin_in(cross_origin: httpx.AsyncClient) -> None:
    for origin in ("https://evil.example.com", "null", "https://shop.example.com.evil.com", "http://shop.example.com"):
        answer = await cross_origin.get("/api/v1/things", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers


async def test_any_origin_means_no_credentials(settings: Settings) -> None:
    async with open_client(changed(settings, cors_origins=["*"])) as client:
        headers = (await client.get("/api/v1/things", headers={"Origin": ORIGIN})).headers
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers


async def test_without_origins_there_is_no_cross_origin(probe: httpx.AsyncClient) -> None:
    answer = await probe.get("/api/v1/things", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.example.com", 200),
        ("API.example.com:8000", 200),
        ("eu.shops.example.com", 200),
        ("[::1]:8000", 200),
        ("shops.example.com", 400),
        ("evil.com", 400),
        ("api.example.com.evil.com", 400),
        ("evilshops.example.com", 400),
        ("api.example.com/evil.com", 400),
        ("", 400),
    ],
)
async def test_serves_only_the_hosts_it_knows(settings: Settings, host: str, status: int) -> None:
    known = changed(settings, allowed_hosts=["api.example.com", "*.shops.example.com", "[::1]"])
    async with open_client(known) as client:
        answer = await client.get("/api/v1/things", headers={"Host": host})
        assert answer.status_code == status
        assert (await client.get("/health", headers={"Host": host})).status_code == 200, "probes call by address"


async def test_refuses_a_body_by_its_declared_length_before_reading_it(probe: httpx.AsyncClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 100_000

    headers = {"Content-Type": "application/json", "Content-Length": "10000000"}
    answer = await probe.post("/api/v1/things", content=body(), headers=headers)
    assert (answer.status_code, answer.json()["code"], read) == (413, "body_too_large", 0)


async def test_refuses_a_body_without_length_as_soon_as_it_is_too_large(
    probe: httpx.AsyncClient, settings: Settings
) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 500_000

    answer = await probe.post("/api/v1/things", content=body(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert read == settings.body_max_bytes // 500_000 + 1


@pytest.mark.parametrize("declared", [b"10", b"-1", b"ten", b"1_0", b""])
async def test_counts_a_body_that_is_longer_than_declared(declared: bytes) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 60, "more_body": True}

    async def reader(_scope: Scope, receive: Receive, _send: Send) -> None:
        while True:
            await receive()

    scope = {"type": "http", "method": "POST", "headers": [(b"content-length", declared), (b"transfer-encoding", b"x")]}
    with pytest.raises(TooLarge):
        await BodyLimit(reader, max_bytes=100)(scope, receive, receive)  # type: ignore[arg-type]


async def test_logs_one_line_per_request_with_the_names_of_the_work(
    probe: httpx.AsyncClient, log_lines: io.StringIO
) -> None:
    headers = {"X-Request-ID": "abc", "Authorization": "Bearer secret-secret"}
    await probe.get("/api/v1/things?q=private", headers=headers)
    await probe.get("/api/v1/a%0d%0aSet-Cookie:x", headers={"X-Request-ID": "def"})
    await probe.get("/health")
    first, second = (json.loads(line) for line in log_lines.getvalue().splitlines())
    assert first.items() >= {"event": "request", "method": "GET", "path": "/api/v1/things", "status": 200}.items()
    assert (first["request_id"], second["request_id"]) == ("abc", "def")
    assert second["path"] == "/api/v1/a%0d%0aSet-Cookie:x"
    assert "private" not in log_lines.getvalue()
    assert "secret-secret" not in log_lines.getvalue()


async def test_logs_the_trace_of_an_unexpected_failure_without_its_secrets(
    probe: httpx.AsyncClient, log_lines: io.StringIO
) -> None:
    answer = await probe.get("/api/v1/things/broken")
    failed, request = (json.loads(line) for line in log_lines.getvalue().splitlines())
    assert (failed["event"], failed["level"], request["status"]) == ("request.failed", "error", 500)
    assert failed["request_id"] == request["request_id"] == answer.json()["request_id"]
    assert "RuntimeError" in failed["exception"]
    assert "hunter2" not in log_lines.getvalue()


async def test_puts_the_limit_on_the_answer_and_refuses_what_is_over_it(settings: Settings) -> None:
    few = changed(settings, rate_limit_per_minute=3, redis_key_prefix=f"{settings.redis_key_prefix}few:")
    async with open_client(few, client=("203.0.113.77", 1)) as client:
        answers = [await client.get("/api/v1/things") for _ in range(4)]
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert [answer.headers["ratelimit-remaining"] for answer in answers[:3]] == ["2", "1", "0"]
    refused = answers[3]
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit-limit"] == "3"
    assert RESPONSE_HEADERS_KEY not in refused.headers


async def test_does_not_limit_loopback_here(probe: httpx.AsyncClient) -> None:
    assert "ratelimit-limit" not in (await probe.get("/api/v1/things")).headers
