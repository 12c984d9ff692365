"""How far a job is: what a body has said so far, and the one statement that writes it. Nothing shown ever goes back."""

import time
from dataclasses import dataclass, field, replace
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.queue.models import JsonObject

# Progress is a heartbeat too, at the time of this statement: its transaction may have begun long ago. No row: the
# attempt has been superseded.
_WRITE = text("""
    UPDATE jobs SET
      items_total = coalesce(CAST(:total AS bigint), items_total),
      items_processed = greatest(items_processed, CAST(:processed AS bigint)),
      items_failed = greatest(items_failed, CAST(:failed AS bigint)),
      counters = merge_counters(counters, CAST(:counters AS jsonb)),
      stage = coalesce(CAST(:stage AS text), stage),
      progress_message = coalesce(CAST(:message AS text), progress_message),
      progress_percent = greatest(progress_percent, CAST(:percent AS numeric)),
      eta_at = now() + make_interval(secs => CAST(:eta AS double precision)),
      cursor = CASE WHEN :moves THEN :cursor ELSE cursor END,
      advanced = advanced OR :moves,
      heartbeat_at = clock_timestamp(),
      revision = revision + 1
    WHERE id = :job_id AND attempt = :attempt AND status = 'running'
    RETURNING cancel_requested_at IS NOT NULL
    """).bindparams(
    bindparam("counters", type_=JSONB),
    bindparam("cursor", type_=JSONB(none_as_null=True)),
)


@dataclass(slots=True)
class Progress:
    """What the body has reported: absolute numbers, merged with what was there when the attempt began."""

    total: int | None = None
    processed: int = 0
    failed: int = 0
    stage: str | None = None
    message: str | None = None
    counters: JsonObject = field(default_factory=dict)
    reports: int = 0
    written: int = 0  # of the reports
    is_news: bool = True  # written, not announced
    began_with: int = 0
    began_at: float = field(default_factory=time.monotonic)

    @property
    def is_dirty(self) -> bool:
        """Whether something was said that is not written."""
        return self.reports > self.written

    @property
    def percent(self) -> float:
        if not self.total:
            return 0.0
        return round(min(100.0, 100.0 * self.processed / self.total), 2)

    @property
    def eta_seconds(self) -> float | None:
        """Seconds that the rest takes at this attempt's pace; None until there is a pace."""
        done = self.processed - self.began_with
        if not self.total or done <= 0:
            return None
        pace = (time.monotonic() - self.began_at) / done
        return round(max(0, self.total - self.processed) * pace, 1)

    def add(
        self,
        *,
        total: int | None = None,
        processed: int | None = None,
        failed: int | None = None,
        stage: str | None = None,
        message: str | None = None,
        counters: JsonObject | None = None,
    ) -> None:
        """Merge a report; names that are left out keep their value."""
        self.total = self.total if total is None else total
        self.processed = max(self.processed, processed or 0)
        self.failed = max(self.failed, failed or 0)
        self.stage = stage or self.stage
        self.message = message or self.message
        self.counters = self.counters | (counters or {})
        self.reports += 1

    def fork(self) -> "Progress":
        """A copy for a step that may yet be rolled back."""
        return replace(self)

    def join(self, step: "Progress") -> None:
        """Take over the copy of a step that has been committed; what was said since its fork stays to be written."""
        since = self.reports - (step.reports - 1)
        self.add(
            total=step.total,
            processed=step.processed,
            failed=step.failed,
            stage=step.stage,
            message=step.message,
            counters=step.counters,
        )
        self.written = self.reports - since
        self.is_news = True

    def to_json(self) -> JsonObject:
        """The numbers as finish_job() takes them."""
        return {
            "total": self.total,
            "processed": self.processed,
            "failed": self.failed,
            "stage": self.stage,
            "message": self.message or self.stage,
            "percent": self.percent,
            "counters": self.counters,
        }


async def write(
    session: AsyncSession, job_id: UUID, attempt: int, progress: Progress, *, cursor: JsonValue = None, moves: bool
) -> bool | None:
    """Write progress, and the cursor if it moves; answers whether a cancel waits, or None for a superseded attempt."""
    said = progress.reports
    values = progress.to_json() | {"eta": progress.eta_seconds}
    answer: bool | None = await session.scalar(
        _WRITE, {"job_id": job_id, "attempt": attempt, "cursor": cursor, "moves": moves, **values}
    )
    progress.written, progress.is_news = said, True
    return answer
