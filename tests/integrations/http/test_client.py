"""Calls stay within their bounds, are tried again where that is safe, and every failure says what to do."""

import asyncio
import gzip
import json
import time
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest

from app.core import clock, context
from app.core.database import Database
from app.integrations.contracts.errors import (
    AddressRefused,
    AnswerTooLarge,
    AuthExpired,
    Broken,
    Conflict,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
)
from app.integrations.http import CalledInTransaction, Client, Guard
from tests.integrations.http.conftest import MakeClient
from tests.integrations.http.stage import Asked, Stage, answer

OK = answer(200, b'{"fine": true}', content_type="application/json")


async def test_a_failure_that_passes_by_is_tried_again(stage: Stage, client: Client, pauses: list[float]) -> None:
    stage.plays("/x", answer(503), answer(502), OK)
    assert (await client.get(f"{stage.origin}/x")).json() == {"fine": True}
    assert len(stage.asked) == 3
    assert len(pauses) == 2
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0


async def test_tries_are_bounded_and_the_last_failure_is_told(stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(503, b'{"message": "down for maintenance"}'))
    with pytest.raises(Unavailable, match="answers 503: down for maintenance"):
        await client.get(f"{stage.origin}/x")
    assert len(stage.asked) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_have_happened_is_not_done_twice(method: str, stage: Stage, client: Client) -> None:
    stage.plays("/orders", answer(503), OK)
    with pytest.raises(Unavailable):
        await client.request(method, f"{stage.origin}/orders", json={"sku": "a"})
    assert len(stage.asked) == 1


async def test_a_post_that_says_it_is_repeatable_is_tried_again(stage: Stage, client: Client) -> None:
    stage.plays("/orders", answer(503), OK)
    sent = await client.request("POST", f"{stage.origin}/orders", json={"sku": "a"}, repeatable=True)
    assert sent.status == 200
    assert [json.loads(asked.body) for asked in stage.asked] == [{"sku": "a"}] * 2


async def test_a_post_is_tried_again_where_no_connection_came_about(
    pauses: list[float], make_client: MakeClient
) -> None:
    client = make_client(Guard(["http://127.0.0.1:9"]))
    with pytest.raises(Unavailable, match="cannot be reached"):
        await client.request("POST", "http://127.0.0.1:9/orders", json={})
    assert len(pauses) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, AuthExpired),
        (403, Rejected),
        (404, NotFound),
        (409, Conflict),
        (410, NotFound),
        (418, Rejected),
        (422, Rejected),
        (300, Broken),
    ],
)
async def test_a_status_that_stays_is_told_at_once(
    status: int, error: type[VendorError], stage: Stage, client: Client
) -> None:
    stage.plays("/x", answer(status, b'{"errors": [{"message": "price: too low"}]}'))
    with pytest.raises(error) as told:
        await client.get(f"{stage.origin}/x")
    assert not told.value.retryable
    assert "price: too low" in told.value.detail
    assert len(stage.asked) == 1


async def test_secrets_in_a_vendors_words_are_not_repeated(stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(400, b'{"message": "bad api_key=abcdef1234567890"}'))
    with pytest.raises(Rejected) as told:
        await client.get(f"{stage.origin}/x")
    assert "abcdef" not in told.value.detail


@pytest.mark.parametrize(
    ("header", "between"),
    [
        ("1", (1.0, 1.2)),
        ("0.5", (0.5, 0.6)),
        ("-5", (0.25, 0.5)),
        ("soon", (0.25, 0.5)),
        ("nan", (0.25, 0.5)),
        ("", (0.25, 0.5)),
        (None, (0.25, 0.5)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", (0.25, 0.5)),
    ],
)
async def test_a_pause_that_is_asked_for_is_kept(
    header: str | None, between: tuple[float, float], stage: Stage, client: Client, pauses: list[float]
) -> None:
    asked = {} if header is None else {"retry_after": header}
    stage.plays("/x", answer(429, **asked), OK)
    assert (await client.get(f"{stage.origin}/x")).status == 200
    assert between[0] <= pauses[0] <= between[1]


@pytest.mark.parametrize(
    ("header", "told_seconds"),
    [("60", 60.0), ("1000000000", 3600.0), ("inf", 3600.0), ("date", 120.0), ("99999999999999999999999999", 3600.0)],
)
async def test_a_pause_longer_than_the_call_is_told_at_once(
    header: str, told_seconds: float, stage: Stage, client: Client, pauses: list[float]
) -> None:
    in_two_minutes = format_datetime(clock.now() + timedelta(seconds=120), usegmt=True)
    stage.plays("/x", answer(429, retry_after=in_two_minutes if header == "date" else header))
    with pytest.raises(RateLimited) as told:
        await client.get(f"{stage.origin}/x")
    assert told.value.retry_after == pytest.approx(told_seconds, abs=2)
    assert told.value.retryable
    assert pauses == []
    assert len(stage.asked) == 1


@pytest.mark.parametrize(("status", "ahead", "told"), [(429, 120, 120), (429, -5, None), (503, 120, None)])
async def test_the_end_of_a_limit_that_was_met_is_told(
    client: Client, stage: Stage, status: int, ahead: int, told: float | None
) -> None:
    reset = str(int(clock.now().timestamp()) + ahead)
    stage.plays("/x", answer(status, x_ratelimit_reset=reset))
    with pytest.raises(VendorError) as caught:
        await client.get(f"{stage.origin}/x")
    assert caught.value.retry_after == (told and pytest.approx(told, abs=2))


async def test_a_silent_server_is_given_up_after_the_read_timeout(stage: Stage, make_client: MakeClient) -> None:
    async def silent(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    stage.scenes["/x"] = silent
    began = time.monotonic()
    with pytest.raises(Unavailable, match="silent for too long"):
        await make_client(tries=1).get(f"{stage.origin}/x")
    assert time.monotonic() - began < 1.5


async def test_a_body_that_drips_for_ever_ends_at_the_deadline(stage: Stage, make_client: MakeClient) -> None:
    async def drip(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    stage.scenes["/x"] = drip
    began = time.monotonic()
    with pytest.raises(Unavailable, match="did not finish its answer in time"):
        await make_client(total=0.6).get(f"{stage.origin}/x")
    assert 0.5 < time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\nhalf",
        b"\x16\x03\x01\x02\x00garbage that is no HTTP\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    ],
    ids=["cut", "cut chunk", "garbage", "nothing", "a megabyte of headers", "two lengths"],
)
async def test_what_breaks_off_or_is_no_http_is_unavailable(said: bytes, stage: Stage, client: Client) -> None:
    stage.plays("/x", said)
    with pytest.raises(Unavailable):
        await client.get(f"{stage.origin}/x")
    assert len(stage.asked) == 3


async def test_a_cut_body_is_complete_at_the_next_try(stage: Stage, client: Client) -> None:
    stage.plays("/x", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", OK)
    assert (await client.get(f"{stage.origin}/x")).json() == {"fine": True}


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_beyond_the_cap_is_cut_off(announced: bool, stage: Stage, make_client: MakeClient) -> None:
    async def endless(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        how = b"content-length: 100000000" if announced else b"transfer-encoding: chunked"
        writer.write(b"HTTP/1.1 200 OK\r\n" + how + b"\r\n\r\n")
        block = b"x" * 65536
        while not writer.is_closing():
            writer.write(block if announced else b"10000\r\n" + block + b"\r\n")
            await writer.drain()

    stage.scenes["/x"] = endless
    with pytest.raises(AnswerTooLarge, match=r"more than 1\.0 MB"):
        await make_client(max_bytes=1024 * 1024).get(f"{stage.origin}/x")


async def test_packed_bodies_are_unpacked_and_their_cap_counts_what_comes_out(
    stage: Stage, make_client: MakeClient
) -> None:
    stage.plays("/small", answer(200, gzip.compress(b"abc") + gzip.compress(b"def") + b"\0\0", content_encoding="gzip"))
    stage.plays("/bomb", answer(200, gzip.compress(b"0" * 10_000_000), content_encoding="gzip"))
    client = make_client(max_bytes=1_000_000)
    assert (await client.get(f"{stage.origin}/small")).body == b"abcdef"
    assert stage.asked[0].headers["accept-encoding"] == "gzip"
    with pytest.raises(AnswerTooLarge):
        await client.get(f"{stage.origin}/bomb")


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "gzip, gzip, gzip", "deflate"])
async def test_packings_that_were_not_asked_for_are_not_unpacked(encoding: str, stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(200, gzip.compress(gzip.compress(b"0" * 1000)), content_encoding=encoding))
    with pytest.raises(Broken, match="not asked for"):
        await client.get(f"{stage.origin}/x")


async def test_a_lie_about_packing_is_broken(stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(200, b"plain text", content_encoding="gzip"))
    with pytest.raises(Broken, match="cannot be unpacked"):
        await client.get(f"{stage.origin}/x")


async def test_a_packed_body_that_ends_too_early_is_unavailable(stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(200, gzip.compress(b"abc" * 1000)[:-12], content_encoding="gzip"))
    with pytest.raises(Unavailable, match="broke off"):
        await client.get(f"{stage.origin}/x")


@pytest.mark.parametrize(
    "body",
    [b"<html>we are down</html>", b"", b'{"a": ', b"NaN", b"[1, Infinity]", b"[" * 100_000, b"9" * 5000],
    ids=["html", "empty", "cut", "nan", "infinity", "deep", "long number"],
)
async def test_a_success_that_is_no_json_is_broken(body: bytes, stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(200, body, content_type="text/html; charset=utf-8"))
    reply = await client.get(f"{stage.origin}/x")
    with pytest.raises(Broken, match=r"not JSON \(text/html\)"):
        reply.json()


async def test_numbers_keep_every_digit(stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(200, b'{"price": 0.1, "stock": 3}'))
    assert (await client.get(f"{stage.origin}/x")).json() == {"price": Decimal("0.1"), "stock": 3}


async def test_redirects_are_followed_to_their_end_within_the_limit(stage: Stage, client: Client) -> None:
    for number in range(5):
        stage.plays(f"/{number}", answer(302, location=f"/{number + 1}"))
    stage.plays("/5", OK)
    reply = await client.get(f"{stage.origin}/0")
    assert reply.url == f"{stage.origin}/5"
    stage.plays("/5", answer(302, location="/0"))
    with pytest.raises(AddressRefused, match="more than 5 times"):
        await client.get(f"{stage.origin}/0")


async def test_credentials_stay_with_the_origin_they_were_meant_for(stage: Stage, make_client: MakeClient) -> None:
    other = Stage()
    server = await asyncio.start_server(other.serve, "127.0.0.1", 0)
    other.port = server.sockets[0].getsockname()[1]
    async with server:
        stage.plays("/a", answer(302, location="/b"))
        stage.plays("/b", answer(302, location=f"{other.origin}/c"))
        other.plays("/c", OK)
        guard = Guard([stage.origin, other.origin])
        secrets = {"Authorization": "Bearer secret", "X-Shop-Key": "secret", "Cookie": "id=secret"}
        client = make_client(guard, headers={**secrets, "Accept": "application/json"})
        assert (await client.get(f"{stage.origin}/a")).status == 200
    assert all(asked.headers["x-shop-key"] == "secret" for asked in stage.asked)
    assert "secret" not in str(other.asked[0].headers)
    assert other.asked[0].headers["accept"] == "application/json"
    assert other.asked[0].headers["host"] == f"127.0.0.1:{other.port}"


async def test_a_post_is_not_carried_to_another_place(stage: Stage, client: Client) -> None:
    stage.plays("/a", answer(307, location="/b"))
    with pytest.raises(Broken, match="redirects a POST"):
        await client.request("POST", f"{stage.origin}/a", json={"card": 1})
    assert [asked.target for asked in stage.asked] == ["/a"]


async def test_cookies_are_not_kept(stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(200, b"{}", set_cookie="tenant=1"))
    await client.get(f"{stage.origin}/x")
    await client.get(f"{stage.origin}/x")
    assert "cookie" not in stage.asked[1].headers


async def test_parameters_join_those_of_the_address(stage: Stage, client: Client) -> None:
    stage.plays("/x", OK)
    await client.get(f"{stage.origin}/x?key=1#part", params={"q": "a b&c", "limit": 5})
    assert stage.asked[0].target == "/x?key=1&q=a+b%26c&limit=5"


async def test_a_form_is_sent_as_one(stage: Stage, client: Client) -> None:
    stage.plays("/x", OK)
    await client.request("POST", f"{stage.origin}/x", form={"grant_type": "refresh", "a": "ü&"})
    assert stage.asked[0].body == b"grant_type=refresh&a=%C3%BC%26"
    assert stage.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"


async def test_nothing_is_called_while_a_transaction_is_open(stage: Stage, client: Client, database: Database) -> None:
    stage.plays("/x", OK)
    async with database.session():
        with pytest.raises(CalledInTransaction, match=r"GET 127\.0\.0\.1"):
            await client.get(f"{stage.origin}/x")
        task = asyncio.create_task(client.get(f"{stage.origin}/x"))
        with pytest.raises(CalledInTransaction):
            await task
    assert stage.asked == []
    assert (await client.get(f"{stage.origin}/x")).status == 200


async def test_a_task_begun_in_a_transaction_may_call_once_it_is_closed(
    stage: Stage, client: Client, database: Database
) -> None:
    stage.plays("/x", OK)
    closed = asyncio.Event()

    async def later() -> int:
        await closed.wait()
        return (await client.get(f"{stage.origin}/x")).status

    async with database.session():
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
    closed.set()
    assert await task == 200


async def test_calls_are_recorded_without_secrets(stage: Stage, client: Client) -> None:
    stage.plays("/x", answer(503), OK)
    with context.recorded_calls() as record:
        await client.get(f"{stage.origin}/x?api_key=abc&page=2")
        with pytest.raises(AddressRefused):
            await client.get("http://10.0.0.1/")
    first, second = record.last
    assert (record.count, record.failed) == (2, 1)
    assert first.url == f"{stage.origin}/x?api_key=[redacted]&page=2"
    assert (first.tried, second.tried) == (1, 2)
    assert first.outcome == "vendor_unavailable: 127.0.0.1 answers 503."
    assert second.outcome == "ok"


async def test_a_cancelled_call_stops_and_is_recorded(stage: Stage, client: Client) -> None:
    arrived = asyncio.Event()

    async def silent(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.sleep(5)

    stage.scenes["/x"] = silent
    with context.recorded_calls() as record:
        task = asyncio.create_task(client.get(f"{stage.origin}/x"))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [call.outcome for call in record.last] == ["CancelledError"]
