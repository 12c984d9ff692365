"""Jobs on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.core.pagination import PageQuery
from app.core.text import CleanStr
from app.jobs.models import NO_PRODUCT, ChangeAction, ChangeKind, JobChange, Undone
from app.queue.names import JobStatus, OutcomeKind, Queue

MONEY_FIELDS = frozenset({"price", "compare_at_price", "cost"})
JOB_ID = "01a2048e-3511-758b-9153-818473700ed7"


class JobView(BaseModel):
    """A job. Long work is answered with one; follow it at /jobs/{id} or live at /jobs/{id}/events."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(examples=[JOB_ID])
    job_type: str = Field(description="The kind of work, e.g. `import_csv_products`.", examples=["import_csv_products"])
    queue: Queue
    status: JobStatus = Field(description="`waiting` waits for a person: confirm or discard.")
    outcome: OutcomeKind | None = Field(description="How it ended, in more detail than the status.")
    progress_percent: float = Field(description="0 to 100; never goes back.", examples=[42.5])
    progress_message: str | None = Field(examples=["Reading rows"])
    items_total: int | None = Field(description="Null until it is known.", examples=[2000])
    items_processed: int = Field(examples=[850])
    items_failed: int = Field(examples=[3])
    counters: dict[str, JsonValue] = Field(examples=[{"created": 840, "updated": 7, "rejected": 3}])
    eta_seconds: int | None = Field(description="Seconds that the rest takes at the present pace.", examples=[12])
    attempt: int = Field(description="Which start this is; rises with every resume.", examples=[1])
    max_attempts: int = Field(description="Attempts in a row that may end without progress.", examples=[3])
    params: dict[str, JsonValue]
    result: JsonValue = None
    error_code: str | None = None
    error_message: str | None = None
    parent_id: UUID | None = None
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_ms: int | None = None

    def accepted(self) -> "JobAccepted":
        """The same as the answer of a request that started it."""
        return JobAccepted(**self.model_dump(), job_id=self.id)


class JobAccepted(JobView):
    """A job that a request has just started."""

    job_id: UUID = Field(description="The same as `id`.", examples=[JOB_ID])


class JobRetried(JobAccepted):
    """A job that goes on: the same job, under the next attempt."""

    new_job_id: UUID = Field(description="The same as `id`: a retry goes on with the same job.", examples=[JOB_ID])

    @classmethod
    def of(cls, view: JobView) -> Self:
        return cls(**view.accepted().model_dump(), new_job_id=view.id)


class JobQuery(PageQuery):
    """Which jobs to list."""

    status: Annotated[JobStatus | None, Field(description="Only jobs in this state.")] = None
    job_type: Annotated[CleanStr | None, Field(max_length=100, description="Only jobs of this kind.")] = None
    queue: Annotated[Queue | None, Field(description="Only jobs of this queue.")] = None
    parent_id: Annotated[UUID | None, Field(description="Only the children of this job.")] = None


class ChangeView(BaseModel):
    """What a job did to one field, or to a whole thing (`field` is null). Amounts are decimal strings."""

    product_id: UUID | None = Field(description="Whose change it is; null for categories.", examples=[JOB_ID])
    kind: ChangeKind = Field(description="What was changed; `identity` is what a source calls the product.")
    entity_id: UUID = Field(description="The product, variant, offer, image or category itself.", examples=[JOB_ID])
    field: str | None = Field(examples=["price"])
    action: ChangeAction = Field(description="`refused`: it was not done; `code` and `message` say why.")
    before: JsonValue = Field(description="Null where there was nothing.", examples=["19.90"])
    after: JsonValue = Field(description="Null where nothing is left.", examples=["17.50"])
    undone: Undone | None = Field(description="What an undo made of it; null while nobody has asked for one.")
    code: str | None = Field(description="Why it was refused, or kept by the undo: a stable name.")
    message: str | None = Field(description="The same in words.")

    @classmethod
    def of(cls, change: JobChange) -> Self:
        is_money = change.field in MONEY_FIELDS
        return cls(
            product_id=None if change.product_id == NO_PRODUCT else change.product_id,
            kind=ChangeKind(change.kind),
            entity_id=change.entity_id,
            field=change.field or None,
            action=ChangeAction(change.action),
            before=_amount(change.before) if is_money else change.before,
            after=_amount(change.after) if is_money else change.after,
            undone=Undone(change.undone) if change.undone else None,
            code=change.code,
            message=change.message,
        )


def _amount(stored: JsonValue) -> JsonValue:
    # As the rest of the API shows amounts: at least two decimals and no zero beyond them.
    if not isinstance(stored, str):
        return stored
    return stored[:-2] if stored.endswith("00") else stored.removesuffix("0")


class ChangeQuery(PageQuery):
    """Which changes of a job to list."""

    action: Annotated[ChangeAction | None, Field(description="Only what was created, updated, removed")] = None
    kind: Annotated[ChangeKind | None, Field(description="Only changes of things of this kind.")] = None
    field: Annotated[CleanStr | None, Field(max_length=60, description="Only changes of this field.")] = None
    product_id: Annotated[UUID | None, Field(description="Only changes of this product.")] = None
    undone: Annotated[Undone | None, Field(description="Only what an undo has restored, or kept.")] = None


class CallQuery(PageQuery):
    """Which calls of a job to list."""

    attempt: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="Only those of this attempt.")] = None


class CallView(BaseModel):
    """One try of a call to a vendor or for a feed. Secrets in the address are blotted out."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(examples=[JOB_ID])
    attempt: int = Field(description="Which start of the job made it.", examples=[1])
    at: datetime = Field(description="When it was over.")
    method: str = Field(examples=["GET"])
    url: str = Field(examples=["https://dummyjson.com/products?skip=0&limit=100"])
    tried: int = Field(description="Which try of the same call it was.", examples=[1])
    milliseconds: int = Field(examples=[87])
    outcome: str = Field(description="`ok`, or what went wrong: a stable code and words.", examples=["ok"])


class JobStats(BaseModel):
    """Numbers over all jobs that are still kept."""

    total: int
    total_today: int = Field(description="Made since midnight UTC.")
    pending: int
    running: int
    waiting: int
    completed: int
    failed: int
    cancelled: int
    avg_duration_seconds: float | None = Field(description="Over completed jobs; null before the first.")
    by_type: dict[str, int] = Field(examples=[{"import_csv_products": 12}])


class StreamTicketView(BaseModel):
    """A pass to one live stream, for browsers' EventSource, which cannot send a header."""

    ticket: str = Field(description="Append it to the stream's address as `?ticket=`; good for one connection.")
    expires_in: int = Field(description="Seconds.", examples=[60])
