"""How a job and its rejected rows look, on a terminal and in a log."""

import io

import pytest
from rich.console import Console

from app.cli.journey import screen
from app.cli.journey.feeds import ReportRow
from app.cli.journey.live import JobState
from tests.cli.stub_api import JOB


def running(percent: float, message: str) -> JobState:
    return JobState(id=JOB, status="running", progress_percent=percent, progress_message=message, eta_seconds=4)


DONE = JobState(
    id=JOB,
    status="completed",
    counters={},
    result={"rows_read": 4400, "created": 1990, "updated": 3, "unchanged": 7, "rejected": 2, "warnings": 1},
)


def test_without_a_terminal_progress_is_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]):
    last = screen.watch(screen.open_console(), iter([running(10, "400 rows read"), DONE]))
    screen.show_summary(screen.open_console(), last, 2.0)

    printed = capsys.readouterr().out
    assert last is DONE
    assert "100 %  completed, 2 rejected" in printed
    assert [char for char in printed if not char.isprintable() and char != "\n"] == []


def test_a_line_is_printed_once_a_second(capsys: pytest.CaptureFixture[str]):
    times = iter([0.0, 0.4, 1.1, 1.6, 2.3, 2.4])
    states = iter([*(running(n, f"step {n}") for n in (1, 2, 3, 4)), DONE])

    screen.watch(screen.open_console(), states, monotonic=lambda: next(times))

    assert capsys.readouterr().out.splitlines() == [
        "    1.1 s    2 %  step 2, 4 s left",
        "    2.3 s    4 %  step 4, 4 s left",
        "    2.4 s  100 %  completed, 2 rejected",
    ]


def test_a_job_that_waits_says_what_for(capsys: pytest.CaptureFixture[str]):
    times = iter(range(10))
    reason = "Waiting for the import of “upload” before this one"
    states = [JobState(id=JOB, status="pending"), JobState(id=JOB, status="pending", error_message=reason), DONE]

    screen.watch(screen.open_console(), iter(states), monotonic=lambda: float(next(times)))

    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.endswith("waiting for a worker")
    assert second.endswith(reason)


def test_on_a_terminal_a_bar_moves_and_gives_the_cursor_back():
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100)

    screen.watch(console, iter([running(50, "half of it"), DONE]))

    assert "100%" in terminal.getvalue()
    assert terminal.getvalue().rindex("\x1b[?25h") > terminal.getvalue().rindex("\x1b[?25l")


def test_the_summary_shows_every_counter_and_the_speed():
    terminal = io.StringIO()

    screen.show_summary(Console(file=terminal, width=100), DONE, 2.0)

    heads, numbers = (line for line in terminal.getvalue().splitlines() if any(map(str.isalnum, line)))
    assert heads.strip() == "rows read created updated unchanged rejected warnings rows/s seconds"
    assert numbers.split() == ["4,400", "1,990", "3", "7", "2", "1", "2,200", "2.0"]


def test_rejected_rows_are_named_by_line_and_reason_and_a_long_list_is_cut(capsys: pytest.CaptureFixture[str]):
    screen.show_rejected([ReportRow(line=line, message=f"reason {line}") for line in range(2, 60)])

    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "  line      2  reason 2"
    assert len(printed) == screen.ROWS_SHOWN + 1
    assert printed[-1] == "  and 8 more"
