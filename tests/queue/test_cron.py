"""When a schedule is due: cron fields, clocks that are put forward and back, missed slots."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.cron import CronInvalid, next_by_cron, next_by_interval, parse

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("*/15 * * * *", "2026-11-22T18:01", "2026-11-22T18:15"),
        ("0 3 * * *", "2026-11-22T03:00", "2026-11-23T03:00"),
        ("30 6 1 * *", "2026-11-22T00:00", "2026-12-01T06:30"),
        ("0 9 * * mon-fri", "2026-11-20T09:00", "2026-11-23T09:00"),
        ("0 0 * * 7", "2026-11-20T00:00", "2026-11-22T00:00"),
        ("0 0 13 * fri", "2026-11-14T00:00", "2026-11-20T00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00"),
    ],
)
def test_an_expression_is_due_when_cron_says_so(expression: str, after: str, due: str) -> None:
    assert next_by_cron(parse(expression), UTC_ZONE, at(after)) == at(due)


def test_an_hour_that_the_clock_skips_runs_right_after_the_gap() -> None:
    # On 2026-03-29 the clock of Berlin jumps from 02:00 to 03:00.
    assert next_by_cron(parse("30 2 * * *"), BERLIN, at("2026-03-28T12:00")) == at("2026-03-29T01:30")
    assert next_by_cron(parse("30 2 * * *"), BERLIN, at("2026-03-29T01:30")) == at("2026-03-30T00:30")


def test_an_hour_that_the_clock_repeats_runs_once_unless_it_is_every_hour() -> None:
    # On 2026-10-25 the clock of Berlin is put back from 03:00 to 02:00.
    first = next_by_cron(parse("30 2 * * *"), BERLIN, at("2026-10-24T12:00"))
    assert first == at("2026-10-25T00:30")
    assert next_by_cron(parse("30 2 * * *"), BERLIN, first) == at("2026-10-26T01:30")
    assert next_by_cron(parse("30 * * * *"), BERLIN, first) == at("2026-10-25T01:30")


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "61 * * * *", "* 25 * * *", "a b c d e", "0 0 31 2 *", "*/0 * * * *", "-1 * * * *"]
)
def test_what_cannot_be_read_or_never_comes_due_is_refused(expression: str) -> None:
    with pytest.raises(CronInvalid):
        parse(expression)


@given(minutes=st.integers(1, 10_000), late=st.integers(0, 10_000_000))
def test_missed_slots_run_once_and_the_grid_stays(minutes: int, late: int) -> None:
    slot = at("2026-11-22T00:00")
    now = slot + timedelta(seconds=late)
    following = next_by_interval(slot, minutes, now)
    assert now < following <= now + timedelta(minutes=minutes)
    assert (following - slot) % timedelta(minutes=minutes) == timedelta(0)
