"""The kinds of job and the listeners that this installation knows, filled by the features' tasks.py and listeners.

Sealed once app/tasks.py and app/listeners.py are loaded (`load`); enqueue and emit refuse before that, and refuse names
that nobody registered, so that no row waits for a task that does not exist.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.queue.errors import RegistryNotSealed, RegistrySealed, UnknownJobKind
from app.queue.names import Queue
from app.queue.outcome import Outcome
from app.queue.run import Run

INDEXES = ("app.tasks", "app.listeners")

Body = Callable[[Run], Awaitable[Outcome | None]]
# An event's class is the listener's own business: the registry pairs the two and cannot name it.
Handler = Callable[[AsyncSession, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job: its public name, its queue, its body, and the kinds that undo, confirm, discard or forget it."""

    name: str
    queue: Queue
    body: Body
    max_attempts: int | None = None
    undo: str | None = None
    confirm: str | None = None
    discard: str | None = None
    forget: str | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A function that hears one class of event, in a transaction of its own which also consumes the event."""

    name: str
    event: type
    handle: Handler
    queue: Queue
    codec: TypeAdapter[Any]


_kinds: dict[str, JobKind] = {}
_listeners: dict[str, Listener] = {}
_sealed = False


def job(
    name: str,
    *,
    queue: Queue,
    max_attempts: int | None = None,
    undo: str | None = None,
    confirm: str | None = None,
    discard: str | None = None,
    forget: str | None = None,
) -> Callable[[Body], Body]:
    """Register the decorated body as a kind of job.

    `undo` names a kind that is enqueued with params {"job_id"} to take this one back. `confirm` names the kind whose
    body goes on with the same job once a person has confirmed it. `discard` names a kind that clears up after a
    discarded job, enqueued with params {"job_id"}. `forget` names a kind that clears up what jobs have left outside
    their rows when they are purged, enqueued with params {"jobs": [{"job_id", "params"}]}.
    """

    def register(body: Body) -> Body:
        _add(name, _kinds, JobKind(name, queue, body, max_attempts, undo, confirm, discard, forget))
        return body

    return register


def listener(name: str, *, event: type, queue: Queue) -> Callable[[Handler], Handler]:
    """Register the decorated `handle(session, event)`. What takes long or talks to a vendor it enqueues as a job."""

    def register(handle: Handler) -> Handler:
        _add(name, _listeners, Listener(name, event, handle, queue, TypeAdapter(event)))
        return handle

    return register


def load() -> None:
    """Load the indexes and seal the registry; every entrance calls this once at start, repeating is harmless."""
    global _sealed  # noqa: PLW0603 (the seal of this process)
    for module in INDEXES:
        import_module(module)
    for kind in _kinds.values():
        for name in (kind.undo, kind.confirm, kind.discard, kind.forget):
            if name is not None and name not in _kinds:
                raise UnknownJobKind(f"{kind.name} refers to {name}, which no tasks.py registers")
    _sealed = True


def kind(name: str) -> JobKind:
    """The kind of this name; unknown names are refused."""
    _require_seal()
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownJobKind(f"no tasks.py registers the job {name!r}") from None


def find_kind(name: str) -> JobKind | None:
    """The kind of this name, if this process knows it."""
    return _kinds.get(name)


def kinds() -> list[JobKind]:
    """Every kind of job."""
    _require_seal()
    return list(_kinds.values())


def is_undo(name: str) -> bool:
    """Whether jobs of this kind take others back."""
    return any(known.undo == name for known in _kinds.values())


def find_listener(name: str) -> Listener | None:
    """The listener of this name, if this process knows it."""
    return _listeners.get(name)


def listeners_of(event: type) -> list[Listener]:
    """Who hears this class of event."""
    _require_seal()
    return [known for known in _listeners.values() if known.event is event]


def task_names() -> list[str]:
    """Every name that the broker may carry."""
    _require_seal()
    return [*_kinds, *_listeners]


def _add(name: str, table: dict[str, Any], entry: JobKind | Listener) -> None:
    if _sealed:
        raise RegistrySealed(f"{name} is registered after the registry was sealed; list its module in app/tasks.py")
    if name in _kinds or name in _listeners:
        raise ValueError(f"{name} is registered twice")
    table[name] = entry


def _require_seal() -> None:
    if not _sealed:
        raise RegistryNotSealed("call registry.load() when the process starts, before anything is enqueued")
