"""How far a job is: what a body has said so far, and the one statement that writes it. Nothing shown ever goes back."""

import time
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.queue.models import JsonObject

# Progress is a heartbeat too. No row: the attempt has been superseded.
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
      heartbeat_at = now(),
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
    is_dirty: bool = False  # said, not written
    is_news: bool = True  # written, not announced
    began_with: int = 0
    began_at: float = field(default_factory=time.monotonic)

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
        self.counters |= counters or {}
        self.is_dirty = True

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
    progress.is_dirty = False
    progress.is_news = True
    values = progress.to_json() | {"eta": progress.eta_seconds}
    answer: bool | None = await session.scalar(
        _WRITE, {"job_id": job_id, "attempt": attempt, "cursor": cursor, "moves": moves, **values}
    )
    return answer
