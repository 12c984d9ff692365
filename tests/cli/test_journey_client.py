"""What the journey tells of a refusal, and how it stays logged in."""

import json
import stat
from pathlib import Path

import pytest

from app.cli.journey import feeds
from app.cli.journey.client import SellerLogin, StepFailed, ask, connect
from app.cli.journey.seller import Seller, kept_seller, sign_in
from tests.cli.stub_api import JOB, Answer, StubApi, of_json, of_problem

ADA = Seller("ada@example.com", "correct horse battery staple")


def test_a_refusal_is_told_with_its_reason_and_request_id(stub: StubApi):
    stub.prepare("GET /products", of_problem(422, "validation_failed", "limit: too many"))

    with connect(stub.url) as client, pytest.raises(StepFailed) as told:
        ask(client, "/products", limit=9999)

    assert str(told.value) == (
        "GET /api/v1/products answered 422 validation_failed: limit: too many (request id req-1)"
    )


def test_an_answer_that_is_no_problem_is_told_in_its_own_words(stub: StubApi):
    stub.prepare("GET /products", Answer(b"<h1>Bad Gateway</h1>", 502, "text/html"))

    with (
        connect(stub.url) as client,
        pytest.raises(StepFailed, match=r"answered 502: <h1>Bad Gateway</h1> \(request id none\)"),
    ):
        ask(client, "/products")


def test_an_expired_token_is_renewed_by_logging_in_again(stub: StubApi):
    stub.prepare("GET /products", of_problem(401, "token_expired", "Expired"), of_json({"items": []}))
    stub.prepare("POST /auth/login", of_json({"access_token": "fresh"}))

    with connect(stub.url) as client:
        client.auth = SellerLogin(ADA.email, ADA.password, "stale")
        assert ask(client, "/products") == {"items": []}

    assert [headers["Authorization"] for headers, _ in stub.requests("GET /products")] == [
        "Bearer stale",
        "Bearer fresh",
    ]


def test_a_refused_renewal_shows_the_first_refusal_and_is_not_repeated(stub: StubApi):
    stub.prepare("GET /products", of_problem(401, "token_expired", "Expired"))
    stub.prepare("POST /auth/login", of_problem(401, "invalid_credentials", "No"))

    with connect(stub.url) as client:
        client.auth = SellerLogin(ADA.email, ADA.password, "stale")
        with pytest.raises(StepFailed, match="401"):
            ask(client, "/products")

    assert len(stub.requests("POST /auth/login")) == 1


def test_the_demo_seller_is_drawn_once_and_kept_private(tmp_path: Path):
    folder = tmp_path / "demo"

    first = kept_seller(folder)

    assert kept_seller(folder) == first
    assert len(first.password) >= 16
    assert stat.S_IMODE((folder / "seller.json").stat().st_mode) == 0o600


def test_a_seller_of_an_earlier_start_logs_in(stub: StubApi):
    stub.prepare("POST /auth/register", of_problem(409, "email_taken", "There is such an account"))
    stub.prepare("POST /auth/login", of_json({"access_token": "a"}))

    with connect(stub.url) as client:
        assert not sign_in(client, ADA)

    ((_, body),) = stub.requests("POST /auth/login")
    assert json.loads(body) == {"email": ADA.email, "password": ADA.password}


def test_a_changed_password_of_the_demo_seller_is_said(stub: StubApi):
    stub.prepare("POST /auth/register", of_problem(409, "email_taken", "There is such an account"))
    stub.prepare("POST /auth/login", of_problem(401, "invalid_credentials", "Wrong"))

    with connect(stub.url) as client, pytest.raises(StepFailed, match="is not the kept one any more"):
        sign_in(client, ADA)


def test_a_feed_is_uploaded_as_a_form_under_a_key_of_its_own(stub: StubApi, tmp_path: Path):
    stub.prepare("POST /scraping/feed", of_json({"job_id": JOB}, 202))
    feed = feeds.write_feed(tmp_path / "feed.csv", products=2)

    with connect(stub.url) as client:
        assert feeds.start_import(client, feed.file) == JOB
        feeds.start_import(client, feed.file)

    (first, body), (second, _) = stub.requests("POST /scraping/feed")
    assert b'name="file"; filename="feed.csv"' in body
    assert feed.file.read_bytes() in body
    assert first["Idempotency-Key"] != second["Idempotency-Key"]
