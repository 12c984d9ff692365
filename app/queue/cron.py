"""When a schedule is due next: five-field cron or every so many minutes, on the clock of its timezone. Pure.

Fields are read by Celery's parser; day of month and day of week, both given, mean either (as cron has it). An hour that
the clock skips runs right after the gap, an hour that it repeats runs once unless the schedule runs every hour.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from celery.schedules import ParseException, crontab_parser

# Eight years without a 29 February lie around 2100.
FARTHEST = timedelta(days=9 * 366)


class CronInvalid(ValueError):
    """A cron expression that cannot be read, or that never comes due."""


@dataclass(frozen=True, slots=True)
class Cron:
    """The sets of numbers that the five fields stand for (weekdays count from Sunday = 0)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def falls_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def parse(text: str) -> Cron:
    """Read `minute hour day month weekday`."""
    fields = text.split()
    if len(fields) != 5:
        raise CronInvalid(f"{text!r} must have five fields: minute hour day month weekday")
    bounds = ((60, 0), (24, 0), (31, 1), (12, 1), (7, 0))
    # Sunday is 0 or 7.
    fields[4] = ",".join("0" if part == "7" else part for part in fields[4].split(","))
    try:
        minutes, hours, days, months, weekdays = (
            frozenset(crontab_parser(size, first).parse(field.lower()))
            for field, (size, first) in zip(fields, bounds, strict=True)
        )
    except (ParseException, ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise CronInvalid(f"{text!r} is not a cron expression: {error}") from error
    cron = Cron(minutes, hours, days, months, weekdays, any_day=fields[2] == "*", any_weekday=fields[4] == "*")
    next_by_cron(cron, ZoneInfo("UTC"), datetime(2024, 1, 1, tzinfo=UTC))
    return cron


def shortest_pause(cron: Cron) -> int:
    """The fewest minutes that can lie between two slots of an expression."""
    minutes = sorted(cron.minutes)
    pauses = [late - early for early, late in pairwise(minutes)]
    if any((hour + 1) % 24 in cron.hours for hour in cron.hours):
        pauses.append(minutes[0] + 60 - minutes[-1])
    return min(pauses, default=60)


def next_by_cron(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime:
    """The first moment after `after` (UTC) at which the expression is due on the zone's clock."""
    # A day earlier, because a clock that is put back repeats an hour across midnight in some zones.
    day = after.astimezone(zone).date() - timedelta(days=1)
    last = day + FARTHEST
    while day <= last:
        if cron.falls_on(day):
            due = [moment for moment in _moments(cron, zone, day) if moment > after]
            if due:
                return min(due)
        day += timedelta(days=1)
    raise CronInvalid("this expression never comes due")


def next_by_interval(slot: datetime, minutes: int, after: datetime) -> datetime:
    """The first moment after `after` on the grid of `minutes` that runs through `slot`."""
    step = timedelta(minutes=minutes)
    missed = max(0, (after - slot) // step)
    return slot + step * (missed + 1) if slot <= after else slot


def _moments(cron: Cron, zone: ZoneInfo, day: date) -> list[datetime]:
    folds = (0, 1) if len(cron.hours) == 24 else (0,)
    return [
        datetime.combine(day, time(hour, minute, fold=fold), zone).astimezone(UTC)
        for hour in cron.hours
        for minute in cron.minutes
        for fold in folds
    ]
