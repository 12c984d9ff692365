"""When a schedule's slots lie: jitter, clocks that are put forward and back, a service that was down, short pauses."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.cron import next_by_cron, parse, shortest_pause
from app.queue.models import Schedule
from app.queue.schedules import ScheduleInvalid, next_slot

UTC_ZONE = ZoneInfo("UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots(schedule: Schedule, after: str, count: int) -> list[datetime]:
    found = [next_slot(schedule, at(after))]
    while len(found) < count:
        schedule.next_slot_at = found[-1]
        found.append(next_slot(schedule, found[-1]))
    return found


def test_jitter_moves_every_slot_by_the_same_and_drops_none() -> None:
    schedule = Schedule(cron="0 * * * *", timezone="UTC", jitter_seconds=90)
    assert slots(schedule, "2026-11-22T10:01:29", 3) == [
        at("2026-11-22T10:01:30"),
        at("2026-11-22T11:01:30"),
        at("2026-11-22T12:01:30"),
    ]


def test_the_days_on_which_the_clock_changes_have_one_slot_each() -> None:
    nightly = Schedule(cron="30 2 * * *", timezone="Europe/Berlin", jitter_seconds=60)
    assert slots(nightly, "2026-03-28T00:00", 3) == [
        at("2026-03-28T01:31"),
        at("2026-03-29T01:31"),
        at("2026-03-30T00:31"),
    ]
    assert slots(nightly, "2026-10-24T12:00", 2) == [at("2026-10-25T00:31"), at("2026-10-26T01:31")]


def test_an_interval_does_not_care_for_the_clock_of_its_zone() -> None:
    schedule = Schedule(every_minutes=30, timezone="Europe/Berlin", jitter_seconds=45)
    found = slots(schedule, "2026-10-24T22:00", 10)
    assert found[0] == at("2026-10-24T22:30:45")
    assert {late - early for early, late in pairwise(found)} == {timedelta(minutes=30)}


def test_a_clock_that_jumps_ahead_leaves_one_slot_and_one_put_back_repeats_none() -> None:
    schedule = Schedule(every_minutes=30, timezone="UTC", next_slot_at=at("2026-11-22T10:00"))
    assert next_slot(schedule, at("2026-11-25T10:10")) == at("2026-11-25T10:30")
    assert next_slot(schedule, at("2026-11-22T09:00")) == at("2026-11-22T10:00")


@pytest.mark.parametrize("schedule", [Schedule(timezone="UTC"), Schedule(cron="0 0 * * *", timezone="Mars/Olympus")])
def test_what_can_never_tick_is_refused(schedule: Schedule) -> None:
    with pytest.raises(ScheduleInvalid):
        next_slot(schedule, at("2026-11-22T10:00"))


@given(
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=6),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=6),
)
def test_the_shortest_pause_is_the_shortest_of_a_day(minutes: set[int], hours: set[int]) -> None:
    cron = parse(f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *")
    moments = [at("2026-11-22T00:00") - timedelta(seconds=1)]
    while moments[-1] < at("2026-11-24T00:00"):
        moments.append(next_by_cron(cron, UTC_ZONE, moments[-1]))
    least = min((late - early for early, late in pairwise(moments[1:])), default=timedelta(hours=1))
    assert shortest_pause(cron) == min(60, least // timedelta(minutes=1))
