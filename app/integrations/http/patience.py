"""How long and how often a call is tried: limits, pauses, and what Retry-After means. Pure."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

from app.core.config import Settings

MAX_RETRY_AFTER = 3600.0
"""Longer pauses than an hour are taken for an hour: nobody means 10^9 seconds."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a call, times in seconds. `total` spans all tries, pauses and redirects of it."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    tries: int = 3
    max_bytes: int = 10 * 1024 * 1024
    max_redirects: int = 5

    @classmethod
    def of(cls, settings: Settings, *, max_bytes: int = 10 * 1024 * 1024) -> Self:
        """The bounds that the installation sets."""
        return cls(
            connect=settings.outbound_connect_seconds,
            read=settings.outbound_read_seconds,
            total=settings.outbound_total_seconds,
            tries=settings.outbound_tries,
            max_bytes=max_bytes,
        )

    @property
    def timeouts(self) -> dict[str, float]:
        return {"connect": self.connect, "read": self.read, "write": self.read, "pool": self.connect}


def retry_after(headers: Mapping[str, str], now: datetime, *, is_limited: bool = False) -> float | None:
    """The pause that an answer asks for, in seconds or as a date; None where it asks for none or makes no sense.

    Where a limit was met, X-Ratelimit-Reset, a moment in unix seconds, says so too.
    """
    text = headers.get("retry-after", "").strip()
    if not text and is_limited:
        reset = headers.get("x-ratelimit-reset", "").strip()
        # Whole seconds: the limit may end up to one later than they say.
        text = (
            str(int(reset) + 1 - now.timestamp()) if reset.isascii() and reset.isdecimal() and len(reset) < 16 else ""
        )
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now)
    return min(seconds, MAX_RETRY_AFTER) if seconds > 0 else None  # not for NaN either


def _seconds_until(text: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


def pause(tried: int, asked: float | None) -> float:
    """Seconds before the next try: what was asked for and a little more, or a growing random time."""
    if asked is not None:
        return asked + random.uniform(0, min(1.0, asked / 10))  # noqa: S311 - spreads callers, no secret
    longest = min(_FIRST_PAUSE * 2 ** (tried - 1), _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads callers, no secret
