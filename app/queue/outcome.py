"""How a body says that it has ended."""

from dataclasses import dataclass
from typing import Self

from pydantic import JsonValue

from app.queue.names import JobStatus, OutcomeKind


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a job as its body sees it; the runner writes it into the job's row."""

    status: JobStatus = JobStatus.COMPLETED
    kind: OutcomeKind | None = OutcomeKind.OK
    result: JsonValue = None
    code: str | None = None
    message: str | None = None

    @classmethod
    def ok(cls, result: JsonValue = None) -> Self:
        """Everything was done."""
        return cls(result=result)

    @classmethod
    def partial(cls, result: JsonValue = None) -> Self:
        """Done, but some items failed; the result says which."""
        return cls(kind=OutcomeKind.PARTIAL, result=result)

    @classmethod
    def needs_confirmation(cls, result: JsonValue, message: str) -> Self:
        """Wait for a person to confirm or discard what the result shows."""
        return cls(JobStatus.WAITING, OutcomeKind.NEEDS_CONFIRMATION, result, message=message)

    @classmethod
    def rejected(cls, code: str, message: str, result: JsonValue = None) -> Self:
        """The input cannot be worked on; trying again would not help."""
        return cls(JobStatus.FAILED, OutcomeKind.REJECTED, result, code, message)

    @classmethod
    def cancelled(cls) -> Self:
        """A person has cancelled the job."""
        return cls(JobStatus.CANCELLED, None)
