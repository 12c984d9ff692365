"""What is known about the work in hand (request, tenant, user, job), carried by context variables for logs and traces.

Authorisation never reads from here: it takes the actor as an argument.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
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
