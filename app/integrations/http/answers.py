"""What came back, and what its status means. Pure."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import httpx

from app.core.redaction import redact_text
from app.integrations.contracts.errors import (
    AuthExpired,
    Broken,
    Conflict,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
)
from app.integrations.http.patience import TRANSIENT

MAX_WORDS = 300
_FIELDS_WITH_WORDS = ("detail", "message", "error_description", "error", "title", "errors")

_BY_STATUS: dict[int, type[VendorError]] = {
    401: AuthExpired,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    429: RateLimited,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with a status of success: its headers, its body unpacked, and the address it came from."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> object:
        """The body as JSON, numbers with a point as Decimal; raises Broken, naming what came, when it is none."""
        try:
            return cast("object", json.loads(self.body, parse_float=Decimal, parse_constant=_refuse_constant))
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "").partition(";")[0].strip()[:60] or "no content type"
            host = httpx.URL(self.url).host
            raise Broken(f"{host} answers {self.status} with a body that is not JSON ({kind}).") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def error_of(status: int, headers: httpx.Headers, body: bytes, host: str, asked: float | None) -> VendorError:
    """The error that a status without success means; `asked` is the pause that it asks for."""
    words = said(body)
    fact = f"{host} answers {status}" + (f": {words}" if words else ".")
    if status in _BY_STATUS:
        return _BY_STATUS[status](fact, retry_after=asked)
    if status in TRANSIENT or status >= 500:
        return Unavailable(fact, retry_after=asked)
    if status >= 400:
        return Rejected(fact)
    return Broken(f"{fact} That is no answer to this request (location: {headers.get('location', 'none')[:100]}).")


def said(body: bytes) -> str:
    """What an error's body says to a person, shortened and without secrets; pages of HTML say nothing."""
    text = body[:20_000].decode("utf-8", errors="replace").strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = "" if text.startswith("<") else text
    words = _words_in(value)
    return redact_text(" ".join(words.split())[:MAX_WORDS])


def _words_in(value: object) -> str:
    if isinstance(value, dict):
        named = next((value[name] for name in _FIELDS_WITH_WORDS if value.get(name)), "")
        return _words_in(named)
    if isinstance(value, list):
        return "; ".join(filter(None, (_words_in(item) for item in value[:5])))
    return value if isinstance(value, str) else ""
