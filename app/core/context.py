"""What is known about the work in hand (request, tenant, user, job), carried by context variables for logs and traces;
whether it has a transaction open, and which calls to the outside it has made.

Authorisation never reads from here: it takes the actor as an argument.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class WorkContext:
    """Names of the work in hand; every field is optional."""

    request_id: str | None = None
    tenant_id: int | None = None
    user_id: UUID | None = None
    job_id: UUID | None = None


_current: ContextVar[WorkContext] = ContextVar("work_context", default=WorkContext())  # noqa: B039 (frozen)


def current() -> WorkContext:
    """The context of the running task."""
    return _current.get()


@contextmanager
def bound(**names: object) -> Iterator[WorkContext]:
    """Add names to the context for the duration of a block."""
    token = _current.set(replace(_current.get(), **names))  # type: ignore[arg-type]
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def bind(**names: object) -> None:
    """Add names to the context of the running task until it ends."""
    _current.set(replace(_current.get(), **names))  # type: ignore[arg-type]


@dataclass(slots=True)
class _Transaction:
    is_open: bool = True


_transactions: ContextVar[tuple[_Transaction, ...]] = ContextVar("transactions", default=())


@contextmanager
def transaction() -> Iterator[None]:
    """Mark the work as holding a transaction open for the duration of a block."""
    own = _Transaction()
    _transactions.set((*(other for other in _transactions.get() if other.is_open), own))
    try:
        yield
    finally:
        # The mark, not the variable: a task that was started meanwhile has a copy of the variable, and a generator may
        # be closed in a context that is not the one it was begun in.
        own.is_open = False


def is_in_transaction() -> bool:
    """Whether the work, or what started it, holds a transaction open: then nothing outside is called."""
    return any(held.is_open for held in _transactions.get())


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """One try of a call to the outside, free of secrets; `outcome` is `ok` or what went wrong."""

    at: datetime
    method: str
    url: str
    tried: int
    milliseconds: int
    outcome: str


@dataclass(slots=True)
class CallRecord:
    """The calls that a piece of work has made: how many, how many failed, and the last ones."""

    count: int = 0
    failed: int = 0
    last: deque[OutboundCall] = field(default_factory=lambda: deque(maxlen=50))


_calls: ContextVar[CallRecord | None] = ContextVar("calls", default=None)


@contextmanager
def recorded_calls() -> Iterator[CallRecord]:
    """Collect the calls to the outside that are made in a block, those of tasks started in it included."""
    token = _calls.set(CallRecord())
    try:
        yield _calls.get() or CallRecord()
    finally:
        _calls.reset(token)


def record_call(call: OutboundCall) -> None:
    """Add a call to the record of the work in hand, if one is kept."""
    record = _calls.get()
    if record is not None:
        record.count += 1
        record.failed += call.outcome != "ok"
        record.last.append(call)
