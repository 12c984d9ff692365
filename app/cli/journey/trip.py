"""What every leg of the journey has at hand: the client, the screen, the folder, and how a promise is checked aloud."""

import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from app.cli.journey import screen
from app.cli.journey.client import StepFailed
from app.cli.journey.live import JobState, Pause, follow


@dataclass(frozen=True, slots=True)
class Trip:
    """What every leg needs."""

    client: httpx.Client
    console: Console
    folder: Path
    products: int
    pause: Pause

    @property
    def feed(self) -> Path:
        return self.folder / f"products-{self.products}.csv"

    def watch(self, job_id: str) -> JobState:
        """Show a job until it is completed; one that ends otherwise is a failed step."""
        job = screen.watch(self.console, follow(self.client, job_id, pause=self.pause))
        if job.status != "completed":
            reason = f"{job.error_code or 'no code'}: {job.error_message or 'no message'}"
            raise StepFailed(f"job {job_id} ended as {job.status} ({reason})")
        return job

    def bring(self, job_id: str) -> JobState:
        """Watch a job that brings goods in, and show what it did."""
        began = time.monotonic()
        job = self.watch(job_id)
        screen.show_summary(self.console, job, time.monotonic() - began)
        return job


def check(is_so: bool, promise: str, found: str) -> bool:
    """Say whether a promise was kept, and what was found instead if not."""
    say(f"  ok     {promise}" if is_so else f"  WRONG  not so: {promise} ({found})")
    return is_so


def say(text: str) -> None:
    """A line that is seen at once."""
    print(text, flush=True)
