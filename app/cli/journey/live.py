"""Following a job as it runs: by its live events, resumed where they broke off, and by asking where there are none."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
from pydantic import BaseModel, JsonValue

from app.cli.journey.client import NoAnswer, StepFailed, ask

FINAL = frozenset({"completed", "failed", "cancelled"})
ASK_AGAIN_SECONDS = 1.0
SILENCE_SECONDS = 40.0  # the server says something every 15 s
PATIENCE_SECONDS = 120.0  # without any answer

Pause = Callable[[float], None]


class JobState(BaseModel):
    """What a client of the API needs of a job."""

    id: str
    status: str
    outcome: str | None = None
    progress_percent: float | None = None
    progress_message: str | None = None
    items_total: int | None = None
    items_processed: int | None = None
    eta_seconds: float | None = None
    params: dict[str, JsonValue] = {}
    counters: dict[str, JsonValue] = {}
    result: JsonValue = None
    error_code: str | None = None
    error_message: str | None = None
    duration_ms: float | None = None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def count(self, name: str) -> int:
        """A number of the result or, before there is one, of the counters; what was never counted is 0."""
        counted = self.result if isinstance(self.result, dict) else self.counters
        value = counted.get(name)
        return value if isinstance(value, int) else 0


@dataclass(slots=True)
class Event:
    """One server-sent event."""

    id: str | None = None
    data: list[str] = field(default_factory=list)


def follow(client: httpx.Client, job_id: str, *, pause: Pause = time.sleep) -> Iterator[JobState]:
    """The states of a job, the last of them final. `pause` waits, and may raise to end the following."""
    last_id: str | None = None
    heard_at = time.monotonic()
    while True:
        try:
            for event in _stream(client, job_id, last_id):
                heard_at = time.monotonic()
                last_id = event.id or last_id
                state = _state(event)
                yield state
                if state.is_final:
                    return
        except httpx.TransportError:
            pass  # the API was restarted, or the connection cut: the next round resumes
        pause(ASK_AGAIN_SECONDS)
        try:
            state = JobState.model_validate(ask(client, f"/jobs/{job_id}"))
        except NoAnswer:
            if time.monotonic() - heard_at > PATIENCE_SECONDS:
                raise
            continue
        heard_at = time.monotonic()
        yield state
        if state.is_final:
            return


def parse_events(lines: Iterator[str]) -> Iterator[Event]:
    """The events of a stream that carry data; comments and what breaks off in the middle are left out."""
    event = Event()
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if event.data:
                yield event
            event = Event()
        elif name == "id":
            event.id = value
        elif name == "data":
            event.data.append(value)


def _stream(client: httpx.Client, job_id: str, last_id: str | None) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
    timeout = httpx.Timeout(SILENCE_SECONDS, connect=5)
    with client.stream("GET", f"/jobs/{job_id}/events", headers=headers, timeout=timeout) as response:
        if response.is_success:
            yield from parse_events(response.iter_lines())


def _state(event: Event) -> JobState:
    try:
        return JobState.model_validate_json("\n".join(event.data))
    except ValueError as error:
        raise StepFailed(f"an event of the job is not a job: {error}") from error
