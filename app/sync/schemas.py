"""What clients send to start and to schedule syncs, in ours and older spellings, and what they read of runs."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from app.core.pagination import PageQuery
from app.core.text import CleanStr
from app.jobs.schemas import JOB_ID
from app.queue.names import JobStatus, OutcomeKind

CONNECTION_ID = "01a2048e-3511-758b-9153-818473700ed8"
SCHEDULE_ID = "01a2048e-3511-758b-9153-818473700ed9"
PRODUCTS: Literal["products"] = "products"
STOCK = "stock"
FULL: Literal["full"] = "full"
LONGEST_INTERVAL = 31 * 24 * 60
SHORTEST_INTERVAL = 5
FREQUENCIES = {"hourly": 60, "daily": 24 * 60, "weekly": 7 * 24 * 60}

Mode = Literal["full", "incremental"]


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("timezone_unknown", "is not a time zone such as UTC or Europe/Berlin")
    return name


Timezone = Annotated[CleanStr, Field(max_length=60, examples=["Europe/Berlin"]), AfterValidator(_known_timezone)]
Name = Annotated[CleanStr, Field(min_length=1, max_length=200, pattern=r"\S", examples=["Every night"])]
Provider = Annotated[
    CleanStr, Field(min_length=1, max_length=60, description="A vendor's slug.", examples=["dummyjson"])
]
Kind = Annotated[CleanStr, Field(min_length=1, max_length=30, description="What to sync.", examples=[PRODUCTS])]
ModeField = Annotated[
    Mode,
    Field(
        description="`full` also archives what the source does not have any more, and of products that it still has it"
        " sets the stock of variants to 0 that it no longer names; `incremental` does neither."
    ),
]
Cron = Annotated[CleanStr, Field(max_length=100, description="minute hour day month weekday", examples=["15 3 * * *"])]
EveryMinutes = Annotated[int, Field(ge=SHORTEST_INTERVAL, le=LONGEST_INTERVAL, examples=[30])]


def _in_our_words(body: JsonValue) -> JsonValue:
    # supplier_id and platform_id hold a connection's id or a vendor's name; `options` never had an effect.
    if not isinstance(body, dict):
        return body
    said = {name: value for name, value in body.items() if name != "options"}
    for older in ("supplier_id", "platform_id", "supplier_type", "provider_type"):
        if (value := said.pop(older, None)) is not None:
            ours = "connection_id" if _is_id(value) else "provider"
            if said.setdefault(ours, value) != value:
                raise PydanticCustomError("contradiction", "two fields name different connections")
    if "sync_type" in said:
        kind = said.pop("sync_type")
        said |= {"kind": PRODUCTS, "mode": FULL} if kind == FULL else {"kind": kind}
    if "frequency" in said:
        frequency = said.pop("frequency")
        if not isinstance(frequency, str) or frequency not in FREQUENCIES:
            raise PydanticCustomError("frequency_unknown", "frequency is hourly, daily or weekly")
        said["every_minutes"] = FREQUENCIES[frequency]
    return said


def _is_id(value: JsonValue) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


class SyncTrigger(BaseModel):
    """Which connection to sync, and what of it. Without `connection_id` and `provider` it is the installation's default
    provider, whose connection and schedule are made with the first sync. Older spellings: `supplier_id`, `platform_id`,
    `provider_type`, `sync_type`.
    """

    model_config = ConfigDict(extra="forbid")

    connection_id: Annotated[UUID | None, Field(examples=[CONNECTION_ID])] = None
    provider: Provider | None = None
    kind: Kind = PRODUCTS
    mode: ModeField = FULL

    _words = model_validator(mode="before")(staticmethod(_in_our_words))

    @model_validator(mode="after")
    def _name_one(self) -> Self:
        if self.connection_id is not None and self.provider is not None:
            raise PydanticCustomError("contradiction", "give connection_id or provider, not both")
        return self


class ScheduleCreate(SyncTrigger):
    """A sync that repeats: by `cron` on the clock of `timezone`, or every so many minutes. Older spelling:
    `frequency` (hourly, daily, weekly).
    """

    name: Annotated[Name | None, Field(description="Unique in the tenant; made up when absent.")] = None
    cron: Cron | None = None
    every_minutes: Annotated[EveryMinutes | None, Field(examples=[30])] = None
    timezone: Annotated[Timezone | None, Field(description="The tenant's when absent.")] = None
    enabled: bool = True

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if (self.cron is None) == (self.every_minutes is None):
            raise PydanticCustomError("rhythm_unclear", "give cron or every_minutes, one of them")
        return self


class ScheduleChange(BaseModel):
    """The fields of a schedule to change; what is absent stays. Giving `cron` replaces `every_minutes`, and the other
    way round.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    cron: Cron | None = None
    every_minutes: EveryMinutes | None = None
    timezone: Timezone | None = None
    mode: ModeField | None = None
    enabled: bool | None = None

    _words = model_validator(mode="before")(staticmethod(_in_our_words))

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if self.cron is not None and self.every_minutes is not None:
            raise PydanticCustomError("rhythm_unclear", "give cron or every_minutes, one of them")
        return self


class ScheduleView(BaseModel):
    """A sync that repeats. `next_run_at` is null while it is switched off."""

    id: UUID = Field(examples=[SCHEDULE_ID])
    name: str
    connection_id: UUID = Field(examples=[CONNECTION_ID])
    provider: str
    kind: str
    mode: Mode
    cron: str | None
    every_minutes: int | None
    timezone: str
    enabled: bool
    next_run_at: datetime | None = Field(
        description="Up to some minutes after its time, so that not all start at once."
    )
    last_run_at: datetime | None
    created_at: datetime


class ScheduleMade(ScheduleView):
    """A schedule that was just made."""

    schedule_id: UUID = Field(description="The same as `id`.", examples=[SCHEDULE_ID])


class ScheduleDeleted(BaseModel):
    """The answer of deleting a schedule."""

    id: UUID
    deleted: Literal[True] = True


class ScheduleQuery(PageQuery):
    """Which schedules to list."""

    connection_id: UUID | None = None


class RunView(BaseModel):
    """One sync of a connection; the whole job is at /jobs/{id}."""

    id: UUID = Field(description="The job's id.", examples=[JOB_ID])
    connection_id: UUID
    kind: str
    mode: str
    schedule_id: UUID | None = Field(description="The schedule that started it; null when a person did.")
    status: JobStatus
    outcome: OutcomeKind | None
    progress_percent: float
    progress_message: str | None
    items_total: int | None
    items_processed: int
    items_failed: int
    counters: dict[str, JsonValue] = Field(examples=[{"created": 0, "updated": 3, "unchanged": 191, "archived": 0}])
    error_code: str | None
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None


class RunQuery(PageQuery):
    """Which runs to list."""

    connection_id: Annotated[UUID | None, Field(description="Only of this connection.")] = None
    kind: Annotated[CleanStr | None, Field(max_length=30, description="Only of this kind.")] = None
    status: Annotated[JobStatus | None, Field(description="Only in this state.")] = None


class SyncStatus(BaseModel):
    """How a connection stands."""

    connection_id: UUID = Field(examples=[CONNECTION_ID])
    name: str
    provider: str
    environment: str
    status: str = Field(description="connected, needs_reauth, paused or failed.")
    is_running: bool
    last_run: RunView | None
    last_success: RunView | None
    next_run_at: datetime | None = Field(description="By the schedule that comes first; null without one.")
    last_ok_at: datetime | None = Field(description="When the vendor last answered as agreed.")
    last_error: str | None
    last_error_code: str | None
    last_error_at: datetime | None
    created_at: datetime


class StatusQuery(PageQuery):
    """Of which connections to tell."""

    connection_id: UUID | None = None
