"""Whoever has the token steers the sandbox: faults hit what they are meant for, and every call is in the ledger."""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from app.core.config import Settings
from app.sandbox.server import NotInProduction, create_app
from app.sandbox.window import RateLimit
from tests.support.sandbox import GOODS, TOKEN, Sandbox


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=30) as client:
        yield client


def steer(http: httpx.Client, method: str, path: str, json: object = None) -> httpx.Response:
    return http.request(method, f"/_sandbox{path}", json=json, headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": ""}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/state"),
        ("POST", "/reset"),
        ("GET", "/faults"),
        ("POST", "/faults"),
        ("DELETE", "/faults"),
        ("DELETE", "/faults/1"),
        ("GET", "/calls"),
        ("DELETE", "/calls"),
        ("POST", "/clock"),
        ("POST", "/dummyjson/drift"),
        ("PUT", "/bigbuy/limit"),
        ("PATCH", "/bigbuy/accounts/sandbox"),
        ("PATCH", "/dummyjson/products/1"),
        ("DELETE", "/dummyjson/products/1"),
    ],
)
def test_without_the_token_nothing_is_steered(
    http: httpx.Client, method: str, path: str, header: dict[str, str]
) -> None:
    assert http.request(method, f"/_sandbox{path}", headers=header).status_code == 401
    assert http.get("/dummyjson/products").json()["total"] == GOODS


def test_without_a_token_set_nobody_steers() -> None:
    app = create_app(Settings(_env_file=None, sandbox_products=1))
    transport = httpx.ASGITransport(app)

    async def ask() -> int:
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return (await client.get("/_sandbox/state", headers={"Authorization": "Bearer "})).status_code

    assert asyncio.run(ask()) == 401


def test_production_has_no_sandbox() -> None:
    values = {
        "database_url": "postgresql://h/d",
        "redis_url": "redis://h",
        "secret_key": "s" * 40,
        "credentials_key": "c" * 40,
    }
    with pytest.raises(NotInProduction):
        create_app(Settings(_env_file=None, environment="production", **values))


def test_a_fault_hits_its_calls_and_no_others(http: httpx.Client) -> None:
    fault = {"kind": "status", "status": 500, "path": "/products/*", "method": "get", "after": 1, "times": 2}
    assert steer(http, "POST", "/faults", fault).status_code == 201
    assert http.get("/dummyjson/products").status_code == 200
    assert [http.get("/dummyjson/products/1").status_code for _ in range(4)] == [200, 500, 500, 200]
    (listed,) = steer(http, "GET", "/faults").json()
    assert listed["hits"] == 2
    assert steer(http, "DELETE", f"/faults/{listed['number']}").status_code == 204
    assert steer(http, "DELETE", f"/faults/{listed['number']}").status_code == 404
    assert steer(http, "GET", "/faults").json() == []


def test_a_rate_hits_the_same_share_of_calls_each_time(http: httpx.Client) -> None:
    def hits() -> list[int]:
        steer(http, "POST", "/reset", {"rate_limits": False})
        steer(http, "POST", "/faults", {"kind": "status", "status": 503, "rate": 0.3})
        return [http.get("/dummyjson/test").status_code for _ in range(60)]

    first = hits()
    assert 8 < first.count(503) < 30
    assert hits() == first


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"kind": "nonsense"}, "kind: "),
        ({"kind": "slow", "second": 1}, "second: "),
        ({"kind": "status", "status": 99}, "status: "),
        ({"kind": "status", "rate": 0}, "rate: "),
        ([], "the body: "),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(http: httpx.Client, wanted: object, words: str) -> None:
    refused = steer(http, "POST", "/faults", wanted)
    assert refused.status_code == 422
    assert words in refused.json()["message"]
    assert steer(http, "GET", "/faults").json() == []


def test_faults_of_transport_do_what_they_say(http: httpx.Client) -> None:
    def under(kind: str, **values: object) -> httpx.Response:
        steer(http, "DELETE", "/faults")
        steer(http, "POST", "/faults", {"kind": kind, **values})
        return http.get("/dummyjson/products?limit=5", timeout=0.5)

    limited = under("status", status=429, retry_after="17")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "17")
    assert limited.json() == {"message": "request limit exceeded, please wait a few seconds"}
    assert under("html").text.startswith("<!doctype html>")
    with pytest.raises(ValueError, match=r"(?i)delimiter|unterminated|expecting"):
        under("malformed").json()
    with pytest.raises(httpx.RemoteProtocolError):
        under("cut")
    with pytest.raises(httpx.ReadTimeout):
        under("hang")
    with pytest.raises(httpx.ReadTimeout):
        under("slow", seconds=1)
    began = time.monotonic()
    assert len(under("drip", seconds=0.005).json()["products"]) == 5
    assert time.monotonic() - began > 0.25


def test_faults_of_lists_do_what_they_say(http: httpx.Client) -> None:
    def ids(skip: int) -> list[int]:
        answer = http.get(f"/dummyjson/products?limit=100&skip={skip}").json()
        return [item["id"] for item in answer["products"]]

    steer(http, "POST", "/faults", {"kind": "repeat"})
    assert ids(0) == ids(100) == ids(10_000) == list(range(1, 101))
    steer(http, "DELETE", "/faults")
    steer(http, "POST", "/faults", {"kind": "loop"})
    assert ids(200) == list(range(201, 251))
    assert ids(300) == list(range(51, 151))
    steer(http, "DELETE", "/faults")
    steer(http, "POST", "/faults", {"kind": "shrink", "amount": 3, "times": 2})
    assert (ids(0)[0], ids(0)[0], ids(0)[0]) == (4, 7, 7)
    assert http.get("/dummyjson/products").json()["total"] == GOODS - 6


def test_goods_change_when_told_and_begin_anew_by_their_seed(http: httpx.Client) -> None:
    def goods() -> list[dict[str, object]]:
        return http.get("/dummyjson/products?limit=0").json()["products"]

    before = goods()
    steer(http, "POST", "/dummyjson/drift", {"amount": 10})
    changed = [(old, new) for old, new in zip(before, goods(), strict=True) if old != new]
    assert 0 < len(changed) <= 10
    for old, new in changed:
        assert {name for name in old if old[name] != new[name]} <= {"price", "stock", "availabilityStatus"}
    steer(http, "PATCH", "/dummyjson/products/5", {"price": -5, "stock": 0})
    five = http.get("/dummyjson/products/5").json()
    assert (five["price"], five["stock"], five["availabilityStatus"]) == (-5, 0, "Out of Stock")
    assert steer(http, "DELETE", "/dummyjson/products/6").status_code == 204
    assert http.get("/dummyjson/products/6").status_code == 404
    assert steer(http, "PATCH", "/dummyjson/products/6", {"price": 1}).status_code == 404
    steer(http, "POST", "/reset", {"rate_limits": False})
    assert goods() == before
    steer(http, "POST", "/reset", {"seed": 2, "products": 3, "rate_limits": False})
    assert len(goods()) == 3
    assert goods() != before[:3]


def test_every_call_is_in_the_ledger(http: httpx.Client) -> None:
    http.get("/dummyjson/products?limit=1", headers={"Authorization": "Bearer a secret"})
    steer(http, "POST", "/faults", {"kind": "html", "times": 1})
    http.post("/dummyjson/products/add", json={"title": "Mug"})
    http.get("/elsewhere")
    calls = steer(http, "GET", "/calls").json()
    assert [(call["vendor"], call["method"], call["path"], call["status"]) for call in calls] == [
        ("dummyjson", "GET", "/products", 200),
        ("dummyjson", "POST", "/products/add", 200),
        ("elsewhere", "GET", "/", 404),
    ]
    assert [call["has_credentials"] for call in calls] == [True, False, False]
    assert [call["fault"] for call in calls] == [None, "html", None]
    assert "a secret" not in str(calls)
    assert [call["number"] for call in steer(http, "GET", "/calls?vendor=dummyjson&after=1").json()] == [2]
    assert steer(http, "GET", "/calls?after=x").status_code == 422
    steer(http, "DELETE", "/calls")
    assert steer(http, "GET", "/calls").json() == []


def test_secrets_in_addresses_and_forms_are_not_kept(http: httpx.Client) -> None:
    http.post("/elsewhere/x?a=1&session=secret-1&sign=secret-2", data={"code": "secret-3", "b": "2", "decode": "4"})
    (call,) = steer(http, "GET", "/calls").json()
    assert (call["query"], call["body"]) == ("a=1&session=***&sign=***", "code=***&b=2&decode=4")
    assert call["has_credentials"] is True


def test_the_clock_goes_forward_and_a_new_world_is_on_time(http: httpx.Client) -> None:
    before = datetime.fromisoformat(steer(http, "GET", "/state").json()["time"])
    after = datetime.fromisoformat(steer(http, "POST", "/clock", {"seconds": 7200}).json()["time"])
    assert timedelta(hours=2) <= after - before < timedelta(hours=2, minutes=1)
    assert steer(http, "POST", "/clock", {"seconds": -1}).status_code == 422
    steer(http, "POST", "/reset", {"rate_limits": False})
    assert datetime.fromisoformat(steer(http, "GET", "/state").json()["time"]) < after


def test_a_vendor_takes_as_many_calls_as_it_is_told(http: httpx.Client) -> None:
    assert steer(http, "PUT", "/dummyjson/limit", {"calls": 2, "seconds": 60}).status_code == 204
    assert [http.get("/dummyjson/test").status_code for _ in range(3)] == [200, 200, 429]
    assert steer(http, "PUT", "/dummyjson/limit", {"calls": None}).status_code == 204
    assert http.get("/dummyjson/test").status_code == 200
    assert steer(http, "PUT", "/nobody/limit", {"calls": 2}).status_code == 404
    assert steer(http, "POST", "/nobody/drift", {}).status_code == 404
    assert steer(http, "PUT", "/dummyjson/limit", {"calls": 0}).status_code == 422


def test_a_dropped_answer_never_comes_and_goods_twice_are_twice(http: httpx.Client) -> None:
    steer(http, "POST", "/faults", {"kind": "drop", "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/dummyjson/test")
    steer(http, "POST", "/faults", {"kind": "duplicate", "amount": 2})
    listed = http.get("/dummyjson/products?limit=4").json()
    assert [item["id"] for item in listed["products"]] == [1, 2, 1, 2]


def test_a_window_begins_with_its_first_call_and_callers_do_not_share_it() -> None:
    limit = RateLimit(2, 10)
    assert [limit.count("a", now).exceeded for now in (5.0, 6.0, 14.9)] == [False, False, True]
    assert limit.count("b", 14.9).remaining == 1
    after = limit.count("a", 15.0)
    assert (after.exceeded, after.remaining, after.reset) == (False, 1, 10)
