"""The words of the engine: queues, states, outcomes. Operators, clients and the tables' checks use the same ones."""

from enum import StrEnum


class Queue(StrEnum):
    """The queues that workers consume."""

    SYNC = "sync"
    SCRAPING = "scraping"
    IMPORT = "import"
    ORDERS = "orders"
    AI = "ai"
    WEBHOOKS = "webhooks"
    IMAGES = "images"
    LISTINGS = "listings"
    MAINTENANCE = "maintenance"


class JobStatus(StrEnum):
    """Where a job is. `waiting` waits for a person (confirm or discard)."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


class OutcomeKind(StrEnum):
    """How a job ended, in more detail than its status."""

    OK = "ok"
    PARTIAL = "partial"
    NEEDS_CONFIRMATION = "needs_confirmation"
    REJECTED = "rejected"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    DISCARDED = "discarded"
