"""What must never reach a log: secrets by the name of their field, and secrets by their looks inside any text."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit, urlunsplit

REDACTED: Final = "[redacted]"
MAX_DEPTH: Final = 6
MAX_TEXT: Final = 20_000

DENIED: Final = re.compile(
    r"passw|secret|token|authori[sz]ation|api_?key|apikey|cookie|credential|private_?key|access_?key|signature|jwt",
    re.IGNORECASE,
)
ALLOWED: Final = frozenset(
    {"token_type", "token_count", "tokens_used", "prompt_tokens", "completion_tokens", "token_id"}
)
"""Names that the list above would catch although they hold no secret."""

_PATTERNS: Final = re.compile(
    r"""
    (?P<jwt>\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)
    | (?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{12,}
    | (?P<url>\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@:]{0,200}:[^\s@]{1,500}@
    | (?P<pair>\b[\w-]{0,40}(?:passw(?:or)?d|secret|token|api_?key|signature)\b["']?\s*[=:]\s*["']?)[^\s"'&,;}]+
    | (?P<vendor>\b(?:sk|pk|rk|whsec|shpat|shpss|cdk|xox[abp]|ghp)_[A-Za-z0-9_]{10,})
    """,
    re.IGNORECASE | re.VERBOSE,
)


# Every pattern above needs one of these; most texts of a log have none, and this search is ten times as quick.
_SUSPICIOUS: Final = re.compile(r"[=:_]|eyJ|[Bb][Ee][Aa][Rr]|[Bb][Aa][Ss][Ii]")


def redact_text(text: str) -> str:
    """The text with everything that looks like a token, a bearer header or a password in an address blotted out."""
    if _SUSPICIOUS.search(text) is None:
        return text
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…"
    return _PATTERNS.sub(_blot, text)


def _blot(match: re.Match[str]) -> str:
    kept = match["scheme"] or match["url"] or match["pair"] or ""
    return f"{kept}{REDACTED}{'@' if match['url'] else ''}"


def redact_url(url: str) -> str:
    """An address without what its query may hold of secrets, and without a user name or password."""
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={REDACTED}" if mark and is_denied(name) else f"{name}{mark}{value}"
        for name, mark, value in (pair.partition("=") for pair in parts.query.split("&"))
    )
    netloc = parts.netloc.rpartition("@")[2]
    return redact_text(urlunsplit((parts.scheme, netloc, parts.path, query, "")))


@lru_cache(maxsize=1024)
def is_denied(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    return name not in ALLOWED and DENIED.search(name) is not None


def redact(value: object, depth: int = 0) -> object:
    """A copy of a value that is safe to log."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        if depth >= MAX_DEPTH:
            return REDACTED
        return {
            key: REDACTED if is_denied(str(key)) and inner is not None else redact(inner, depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return REDACTED if depth >= MAX_DEPTH else [redact(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, int | float):
        return value
    return redact_text(str(value))
