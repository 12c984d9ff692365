"""How BigBuy refuses: its codes, JSON inside strings, the tree of failed validation, and errors that come in a 200."""

import json
from collections.abc import Mapping

from app.sandbox.bigbuy.catalogue import Json
from app.sandbox.wire import JSON, Said

TEXT = (b"content-type", b"text/plain; charset=utf-8")
PAGE = (b"content-type", b"text/html; charset=utf-8")
RATE_LIMIT = "You exceeded the rate limit"
NO_PAGE: Json = {"errors": [{"code": 34, "message": "Sorry, that page does not exist"}]}
WRONG: Json = {"code": 500, "message": "Something went wrong"}
GATEWAY = "<html><body><h1>{status} {words}</h1>\nThe server didn't respond in time.\n</body></html>"
WHOLE_RESPONSE = (
    "HTTP/1.0 500 Internal Server Error\r\nCache-Control: no-cache, private\r\nContent-Type:  application/json\r\n"
    "Date:          Tue, 24 May 2022 15:41:45 GMT\r\n\r\n"
    '{"error":"Information is not available right now. Try it again later"}'
)


class Refused(Exception):
    """The vendor's refusal: status and body."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(json.dumps(body))
        self.status = status
        self.body = body


def coded(code: str, info: str, data: Mapping[str, object], status: int = 400) -> Refused:
    """A refusal of an order; its message is JSON inside a string."""
    return Refused(status, {"code": code, "message": json.dumps({"info": info, "data": data}, separators=(",", ":"))})


def invalid(children: Json) -> Refused:
    """The tree of failed validation."""
    return Refused(400, {"code": 400, "message": "Validation Failed", "errors": {"children": children}})


def refusal_of(status: int, path: str, reset: int) -> Said:
    """What a fault with a status says; `reset` is when a rate limit ends."""
    if status == 429:
        return Said(429, RATE_LIMIT.encode(), (TEXT, (b"x-ratelimit-reset", str(reset).encode())))
    if status in {502, 504}:
        words = {502: "Bad Gateway", 504: "Gateway Time-out"}[status]
        return Said(status, GATEWAY.format(status=status, words=words).encode(), (PAGE,))
    body: Json = {**WRONG, "code": status}
    if status == 400:
        body = {"code": "Bad request", "message": 400}
    elif status == 401:
        body = {"error": "invalid_grant", "error_description": "The access token provided is invalid."}
    elif status == 404:
        body = NO_PAGE
    elif status == 503 and path.startswith("/rest/order/create"):
        body = {"code": "ER009", "message": json.dumps({"info": "Order error. Try again later.", "data": {}})}
    return Said(status, json.dumps(body).encode())


def soft_error(hit: int) -> Said:
    """An error in a 200: one of the three that were seen, in turn."""
    if hit % 3 == 1:
        return Said(200, json.dumps(WRONG).encode())
    if hit % 3 == 2:
        return Said(200, WHOLE_RESPONSE.encode(), (JSON,))
    return Said(200, b"")
