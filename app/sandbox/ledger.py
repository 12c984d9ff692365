"""Every call that the sandbox received, in order: what tests and people compare our own records with."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

KEPT = 10_000
MAX_BODY = 2000


@dataclass(slots=True)
class Call:
    """One call. `status` None: the caller left before there was an answer. Keys are not kept."""

    number: int
    at: datetime
    vendor: str
    method: str
    path: str
    query: str
    has_credentials: bool
    body: str = ""
    status: int | None = None
    fault: str | None = None
    milliseconds: int = 0


@dataclass(slots=True)
class Ledger:
    """The last calls and how many there were."""

    received: int = 0
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=KEPT))

    def open(self, at: datetime, vendor: str, *, method: str, path: str, query: str, has_credentials: bool) -> Call:
        """Write down a call that has begun."""
        self.received += 1
        call = Call(self.received, at, vendor, method, path, query, has_credentials)
        self.calls.append(call)
        return call

    def of(self, vendor: str | None = None, *, after: int = 0) -> Iterable[Call]:
        """The kept calls, of one vendor if one is named, with a higher number than `after`."""
        return [call for call in self.calls if call.number > after and vendor in {None, call.vendor}]

    def clear(self) -> None:
        """Forget all calls and count from one again."""
        self.received = 0
        self.calls.clear()
