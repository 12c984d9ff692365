"""How the journey looks: a live bar on a terminal, a line a second elsewhere; tables; no control characters in logs."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.cli.journey.feeds import Change, ReportRow
from app.cli.journey.live import JobState

LINE_SECONDS = 1.0
ROWS_SHOWN = 50
COUNTERS = ("created", "updated", "unchanged", "rejected", "warnings")


def is_live() -> bool:
    """Whether something that moves can be shown."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def open_console() -> Console:
    """A console on standard output."""
    return Console(force_terminal=is_live(), highlight=False, emoji=False)


def watch(console: Console, states: Iterator[JobState], *, monotonic: Callable[[], float] = time.monotonic) -> JobState:
    """Show a job until its end; answer how it ended."""
    *_, last = _with_bar(console, states) if console.is_terminal else _with_lines(states, monotonic)
    return last


def _with_bar(console: Console, states: Iterator[JobState]) -> Iterator[JobState]:
    columns = (
        TextColumn("  "),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("waiting for a worker", total=100)
        for state in states:
            progress.update(task, completed=_percent(state), description=_words(state))
            yield state


def _with_lines(states: Iterator[JobState], monotonic: Callable[[], float]) -> Iterator[JobState]:
    began = said = monotonic()
    for state in states:
        now = monotonic()
        if state.is_final or now - said >= LINE_SECONDS:
            said = now
            print(f"  {now - began:5.1f} s  {_percent(state):3.0f} %  {_words(state)}", flush=True)
        yield state


def _percent(state: JobState) -> float:
    return 100 if state.status == "completed" else state.progress_percent or 0


def _words(state: JobState) -> str:
    if state.status == "pending":
        return state.error_message or "waiting for a worker"  # a message says why it was put back into the queue
    words = state.status if state.is_final else state.progress_message or state.status
    left = f", {state.eta_seconds:.0f} s left" if state.eta_seconds and not state.is_final else ""
    rejected = f", {state.count('rejected'):,} rejected" if state.count("rejected") else ""
    return f"{words}{rejected}{left}"


def show_summary(console: Console, job: JobState, seconds: float) -> None:
    """The table of what an import did."""
    table = Table("rows read", *COUNTERS, "rows/s", "seconds", box=box.SIMPLE, padding=0)
    for column in table.columns:
        column.justify, column.no_wrap = "right", True
    rows = job.count("rows_read")
    numbers = (rows, *(job.count(name) for name in COUNTERS), round(rows / seconds) if seconds else rows)
    table.add_row(*(f"{number:,}" for number in numbers), f"{seconds:.1f}")
    console.print(table)


def show_rejected(rows: Sequence[ReportRow]) -> None:
    """The rejected rows with line and reason; a long list is cut and says so."""
    for row in rows[:ROWS_SHOWN]:
        print(f"  line {row.line:>6,}  {row.message}", flush=True)
    if len(rows) > ROWS_SHOWN:
        print(f"  and {len(rows) - ROWS_SHOWN:,} more", flush=True)


def show_changes(console: Console, changes: Sequence[tuple[str, Change]], *, more: int = 0) -> None:
    """Before and after of a field, beside the title of the product."""
    table = Table("product", "field", "before", "after", box=box.SIMPLE, padding=0)
    for title, change in changes:
        table.add_row(title, str(change.field), str(change.before), str(change.after))
    console.print(table)
    if more > 0:
        print(f"  and {more:,} more", flush=True)
