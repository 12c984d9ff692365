"""The engine's tables, all in `public`: jobs and their transitions, outbox, schedules and slots, stream tickets."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.database import SharedBase
from app.core.ids import new_id
from app.core.tenancy import RowScope
from app.queue.names import JobStatus, OutcomeKind, Queue

JsonObject = dict[str, JsonValue]

EMPTY_OBJECT = text("'{}'::jsonb")
ZERO = text("0")


def one_of(column: str, names: type[JobStatus | OutcomeKind | Queue]) -> str:
    """The body of a CHECK that holds a text column to an enum's values."""
    return f"{column} IN ({', '.join(repr(name.value) for name in names)})"


class Job(SharedBase):
    """Anything that takes longer than a request. `attempt` is the fencing token of every write by a worker.

    A job without a tenant belongs to its user, one without either to the platform (reached by the system role only).
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(one_of("status", JobStatus), name="status"),
        CheckConstraint(one_of("outcome", OutcomeKind), name="outcome"),
        CheckConstraint(one_of("queue", Queue), name="queue"),
        Index("ix_jobs_tenant", "tenant_id", "created_at", "id"),
        Index("ix_jobs_schedule", "schedule_id", postgresql_where=text("schedule_id IS NOT NULL")),
        # The runs of a connection, newest first.
        Index(
            "ix_jobs_connection",
            "tenant_id",
            text("(params ->> 'connection_id')"),
            "created_at",
            "id",
            postgresql_where=text("(params ->> 'connection_id') IS NOT NULL"),
        ),
        Index("ix_jobs_parent", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        # Its columns never change while a job runs, so a heartbeat stays a heap-only update.
        Index("ix_jobs_running", "id", postgresql_where=text("status = 'running'")),
        Index(
            "uq_jobs_idempotency",
            "tenant_id",
            "job_type",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    row_scope = RowScope.TENANT
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[UUID | None]
    job_type: Mapped[str] = mapped_column(Text)
    # The body that runs next; differs from job_type once a person has confirmed a job whose kind names another task.
    task: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text)
    params: Mapped[JsonObject] = mapped_column(JSONB, server_default=EMPTY_OBJECT)
    status: Mapped[str] = mapped_column(Text, server_default=JobStatus.PENDING.value)
    outcome: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(Text)
    progress_message: Mapped[str | None] = mapped_column(Text)
    progress_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=ZERO)
    items_total: Mapped[int | None] = mapped_column(BigInteger)
    items_processed: Mapped[int] = mapped_column(BigInteger, server_default=ZERO)
    items_failed: Mapped[int] = mapped_column(BigInteger, server_default=ZERO)
    counters: Mapped[JsonObject] = mapped_column(JSONB, server_default=EMPTY_OBJECT)
    eta_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cursor: Mapped[JsonValue] = mapped_column(JSONB(none_as_null=True), nullable=True)
    attempt: Mapped[int] = mapped_column(server_default=text("1"))
    max_attempts: Mapped[int]
    # Attempts in a row that ended without moving the cursor, and whether the present one has moved it.
    fruitless_attempts: Mapped[int] = mapped_column(server_default=ZERO)
    advanced: Mapped[bool] = mapped_column(server_default=text("false"))
    heartbeat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_requested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=ZERO)
    result: Mapped[JsonValue] = mapped_column(JSONB(none_as_null=True), nullable=True)
    error_code: Mapped[str | None] = mapped_column(Text)
    error_message: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    schedule_id: Mapped[UUID | None] = mapped_column(ForeignKey("schedules.id", ondelete="SET NULL"))
    idempotency_key: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def eta_seconds(self) -> int | None:
        return None if self.eta_at is None else max(0, round((self.eta_at - clock.now()).total_seconds()))

    @property
    def duration_ms(self) -> int | None:
        if self.started_at is None or self.completed_at is None:
            return None
        return round((self.completed_at - self.started_at).total_seconds() * 1000)


class JobEvent(SharedBase):
    """One transition of a job, written by a trigger and never changed. Numbered by the database, since the database
    writes it.
    """

    __tablename__ = "job_events"
    __table_args__ = (Index("ix_job_events_job", "job_id", "id"),)
    row_scope = RowScope.TENANT
    system_access = True

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int]
    error_code: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class JobCall(SharedBase):
    """One try of a call to the outside by an attempt of a job; free of secrets, written once, never changed."""

    __tablename__ = "job_calls"
    __table_args__ = (Index("ix_job_calls_job", "job_id", "id"),)
    row_scope = RowScope.TENANT
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    attempt: Mapped[int]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    method: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    tried: Mapped[int]
    milliseconds: Mapped[int]
    outcome: Mapped[str] = mapped_column(Text)


class OutboxMessage(SharedBase):
    """Something that the broker must carry: an attempt of a job, or an event for one listener.

    The row stays until its work has begun (job) or is done (event); until then it can always be sent again.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(one_of("queue", Queue), name="queue"),
        CheckConstraint("(job_id IS NULL) = (attempt IS NULL)", name="attempt"),
        Index("ix_outbox_unsent", "available_at", "id", postgresql_where=text("sent_at IS NULL AND dead_at IS NULL")),
        Index("ix_outbox_sent", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
        Index("ix_outbox_job", "job_id", postgresql_where=text("job_id IS NOT NULL")),
        Index(
            "uq_outbox_coalesce",
            "tenant_id",
            "task",
            "coalesce_key",
            unique=True,
            postgresql_where=text("sends = 0 AND coalesce_key IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    row_scope = RowScope.TENANT
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[UUID | None]
    task: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    attempt: Mapped[int | None]
    payload: Mapped[JsonValue] = mapped_column(JSONB(none_as_null=True), nullable=True)
    coalesce_key: Mapped[str | None] = mapped_column(Text)
    available_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sends: Mapped[int] = mapped_column(server_default=ZERO)
    broker_epoch: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(server_default=ZERO)
    dead_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    dead_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Schedule(SharedBase):
    """Work that repeats by cron or every so many minutes, in a timezone. Its slots lie `jitter_seconds` late, so that
    the same cron of many tenants does not start everything at once.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("(cron IS NULL) <> (every_minutes IS NULL)", name="cron_or_every"),
        CheckConstraint("every_minutes > 0", name="every_minutes"),
        CheckConstraint("jitter_seconds >= 0", name="jitter_seconds"),
        Index(
            "uq_schedules_name",
            "tenant_id",
            func.lower(text("name")),
            unique=True,
            postgresql_where=text("name IS NOT NULL"),
        ),
        Index("ix_schedules_due", "next_slot_at", postgresql_where=text("enabled")),
        Index("ix_schedules_tenant", "tenant_id", "created_at"),
    )
    row_scope = RowScope.TENANT
    system_access = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[UUID | None]
    name: Mapped[str | None] = mapped_column(Text)
    job_type: Mapped[str] = mapped_column(Text)
    params: Mapped[JsonObject] = mapped_column(JSONB, server_default=EMPTY_OBJECT)
    cron: Mapped[str | None] = mapped_column(Text)
    every_minutes: Mapped[int | None]
    timezone: Mapped[str] = mapped_column(Text, server_default="UTC")
    jitter_seconds: Mapped[int] = mapped_column(server_default=ZERO, default=0)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    next_slot_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_slot_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ScheduleSlot(SharedBase):
    """One tick of a schedule: its key makes sure that two pulses start it once."""

    __tablename__ = "schedule_slots"
    __table_args__ = (Index("ix_schedule_slots_job", "job_id", postgresql_where=text("job_id IS NOT NULL")),)
    row_scope = RowScope.TENANT
    system_access = True

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    ticked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class StreamTicket(SharedBase):
    """A single-use pass to one live stream for clients that cannot send a header; only its hash is stored."""

    __tablename__ = "stream_tickets"
    __table_args__ = (Index("ix_stream_tickets_expires", "expires_at"),)
    row_scope = RowScope.TENANT
    system_access = True

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[UUID | None]
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
