"""What a broker message carries: ids and nothing else. Reading one, and refusing what is none of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.tenancy import Scope

JsonIds = dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message: which outbox row it stands for, and whose job at which attempt it starts (or an event for a
    listener).
    """

    task: str
    outbox_id: UUID
    job_id: UUID | None
    tenant_id: int | None
    user_id: UUID | None
    attempt: int | None

    @property
    def scope(self) -> Scope:
        return Scope(self.tenant_id, self.user_id)

    def to_ids(self) -> JsonIds:
        """The message's body."""
        return {
            "outbox_id": str(self.outbox_id),
            "job_id": str(self.job_id) if self.job_id else None,
            "tenant_id": self.tenant_id,
            "user_id": str(self.user_id) if self.user_id else None,
            "attempt": self.attempt,
        }


class PoisonMessage(Exception):
    """A message that can never be worked on; it keeps what could be read of it."""

    def __init__(self, reason: str, task: str, ids: Mapping[str, object]) -> None:
        super().__init__(f"{reason} ({task})")
        self.reason = reason
        self.task = task
        self.job_id = _read_or_none(ids, "job_id")
        self.user_id = _read_or_none(ids, "user_id")
        tenant_id = ids.get("tenant_id")
        self.tenant_id = tenant_id if type(tenant_id) is int else None

    @property
    def scope(self) -> Scope:
        return Scope(self.tenant_id, self.user_id)


def parse(task: str, args: Sequence[object], kwargs: Mapping[str, object]) -> Delivery:
    """Read a message's body; anything that is not exactly our five ids is poison."""
    names = {"outbox_id", "job_id", "tenant_id", "user_id", "attempt"}
    if args or kwargs.keys() != names:
        odd = sorted(kwargs.keys() ^ names) or ["positional arguments"]
        raise PoisonMessage(f"unexpected or missing: {', '.join(odd)}", task, kwargs)
    try:
        return Delivery(
            task=task,
            outbox_id=_uuid(kwargs["outbox_id"]),
            job_id=None if kwargs["job_id"] is None else _uuid(kwargs["job_id"]),
            tenant_id=None if kwargs["tenant_id"] is None else _positive(kwargs["tenant_id"]),
            user_id=None if kwargs["user_id"] is None else _uuid(kwargs["user_id"]),
            attempt=None if kwargs["job_id"] is None else _positive(kwargs["attempt"]),
        )
    except ValueError as error:
        raise PoisonMessage(f"unreadable ids: {error}", task, kwargs) from error


def _uuid(value: object) -> UUID:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not an id")  # noqa: TRY004 (one error for every unreadable id)
    return UUID(value)


def _positive(value: object) -> int:
    if type(value) is not int or not 0 < value < 2**63:
        raise ValueError(f"{value!r} is not a positive number")
    return value


def _read_or_none(ids: Mapping[str, object], name: str) -> UUID | None:
    try:
        return _uuid(ids.get(name))
    except ValueError:
        return None
