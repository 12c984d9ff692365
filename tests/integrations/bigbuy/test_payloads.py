"""Every kind of answer that BigBuy was seen to give is told apart from the others."""

import json

import pytest

from app.integrations.bigbuy.errors import AlreadyOrdered, Refused, SplitNeeded
from app.integrations.bigbuy.payloads import answer_of
from app.integrations.contracts.errors import (
    AuthExpired,
    Broken,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
)
from tests.support.shared import shared


def told(status: int, body: object) -> VendorError:
    """The error that an answer is."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(VendorError) as caught:
        answer_of(status, raw)
    return caught.value


def test_the_answers_that_were_seen_are_what_they_mean() -> None:
    seen = json.loads(shared("specs/bigbuy/samples/errors.json").read_bytes())
    means: list[type[VendorError] | None] = [
        RateLimited,
        Refused,
        AlreadyOrdered,
        Refused,
        NotFound,
        Refused,
        Unavailable,
        Unavailable,
        Unavailable,
        None,
        SplitNeeded,
    ]
    for case, meant in zip(seen, means, strict=True):
        body = case["body_text"].encode() if "body_text" in case else json.dumps(case["body"]).encode()
        if meant is None:
            assert answer_of(case["status"], body) is None
        else:
            assert type(told(case["status"], body)) is meant, case


def test_a_refusal_names_its_number_the_articles_and_the_mend() -> None:
    message = '{"info":"Products error.","data":{"skus":["F1505138"]}}'
    error = told(400, {"code": "ER003", "message": message})
    assert isinstance(error, Refused)
    assert (error.number, error.skus) == ("ER003", ("F1505138",))
    assert "F1505138" in error.detail
    assert "order less" in error.detail


def test_other_facts_of_a_refusal_are_told() -> None:
    error = told(400, {"code": "ER007", "message": '{"info":"x","data":{"minimunPurchase":10.5}}'})
    assert "minimunPurchase 10.5" in error.detail


def test_an_order_that_is_known_tells_its_number() -> None:
    error = told(200, {"code": "ER008", "message": '{"info":"Order already exists","data":{"orderId":123}}'})
    assert isinstance(error, AlreadyOrdered)
    assert error.order_id == "123"


def test_a_tree_of_validation_errors_is_told_field_by_field() -> None:
    below = {"children": {"lastName": {"errors": ["too long"]}, "town": {}}}
    errors = {"children": {"shippingAddress": below, "language": [], "products": {"errors": ["none"]}}}
    error = told(400, {"code": 400, "message": "Validation Failed", "errors": errors})
    assert error.detail.endswith("shippingAddress.lastName: too long; products: none")


def test_code_and_message_that_changed_places_are_read_right() -> None:
    error = told(400, {"code": "Bad request", "message": 400})
    assert isinstance(error, Refused)
    assert error.detail == "BigBuy answers 400: Bad request"


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (401, {"code": 401, "message": "Unauthorized"}, AuthExpired),
        (200, {"code": 401, "message": "Unauthorized"}, AuthExpired),
        (200, {"error": "Information is not available right now"}, Unavailable),
        (200, {"code": 503, "message": "later"}, Unavailable),
        (400, {"code": "ER009", "message": "x"}, Unavailable),
        (200, b"HTTP/1.1 404 Not Found\nA: b\n\n", NotFound),
        (200, b"You exceeded the rate limit", RateLimited),
        (200, b"<html>shop</html>", Broken),
        (200, b"Internal Server Error", Broken),
        (502, b"Bad Gateway", Unavailable),
        (403, b"", Rejected),
        (400, b"[1]", Rejected),
        (400, b"[" * 100_000, Rejected),
        (400, {"code": "1" * 5000, "message": "x"}, Rejected),
        (400, {"code": {}, "message": [], "errors": {"children": []}}, Rejected),
        (400, {"code": "ER003", "message": "{broken"}, Rejected),
    ],
)
def test_failures_in_disguise_are_failures(status: int, body: object, meant: type[VendorError]) -> None:
    assert isinstance(told(status, body), meant)


def test_what_is_no_failure_is_read() -> None:
    assert answer_of(200, b"[]") == []
    assert answer_of(200, b"12.50") == "12.50"
    partial = {"orders": [{"id": "1"}], "errors": [{"code": "ER003"}]}
    assert answer_of(200, json.dumps(partial).encode()) == partial
    assert answer_of(200, b'{"orders":[],"errors":[]}') == {"orders": [], "errors": []}
