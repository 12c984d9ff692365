"""The first legs: a supplier's file goes in, goes in again, and goes in with mistakes."""

from collections.abc import Iterable

from app.cli.journey import feeds, screen
from app.cli.journey.live import JobState
from app.cli.journey.trip import Trip, check, say
from app.sandbox.mistakes import KINDS, Mistake

MISTAKES = 2 * len(KINDS)


def bring_in(trip: Trip, number: int) -> bool:
    """A feed of products with variants, as a shop exports it."""
    say(f"\n{number}. Upload a feed of {trip.products:,} products with variants")
    job = trip.bring(feeds.start_import(trip.client, feeds.write_feed(trip.feed, products=trip.products).file))
    in_catalogue = check(
        _accepted(job) == trip.products,
        f"all {trip.products:,} products are in the catalogue",
        f"{_accepted(job):,} are",
    )
    return _nothing_rejected(trip, job) and in_catalogue


def bring_in_again(trip: Trip, number: int) -> bool:
    """The same file changes nothing."""
    say(f"\n{number}. Upload the same file again")
    job = trip.bring(feeds.start_import(trip.client, trip.feed))
    unchanged = job.count("unchanged")
    return check(unchanged == trip.products == _accepted(job), "nothing was written again", f"{unchanged:,} unchanged")


def bring_in_mistakes(trip: Trip, number: int) -> bool:
    """Rows that are wrong are named, and the others come in."""
    say(f"\n{number}. Upload the feed with {MISTAKES} mistakes in it")
    feed = feeds.write_feed(trip.folder / "mistakes.csv", products=trip.products, mistakes=MISTAKES)
    job = trip.bring(feeds.start_import(trip.client, feed.file))
    rejected = feeds.list_rejected(trip.client, job.id)
    screen.show_rejected(rejected)
    wrong = {mistake.line: mistake for mistake in feed.mistakes if mistake.outcome == "rejected"}
    lines = {row.line for row in rejected if row.message}
    drafted, cleaned = (_count(feed.mistakes, outcome) for outcome in ("drafted", "cleaned"))
    with_script = feeds.find_scripts(trip.client, "Mistaken article")
    checks = [
        check(
            not wrong.keys() - lines,
            f"each of the {len(wrong)} planted wrong rows is named with line and reason",
            f"not named: {'; '.join(_planted(wrong[line]) for line in sorted(wrong.keys() - lines))}",
        ),
        check(not lines - wrong.keys(), "no sound row was rejected", f"rejected: lines {sorted(lines - wrong.keys())}"),
        check(
            _accepted(job) == trip.products + cleaned + drafted and not job.count("updated"),
            "the sound products beside them came in",
            f"{_accepted(job):,} of {trip.products + cleaned + drafted:,} did",
        ),
        check(
            job.count("warnings") >= drafted,
            f"{drafted} products without a title came in as drafts, and the report says so",
            f"{job.count('warnings')} warnings",
        ),
        check(not with_script, f"{cleaned} scripts were removed from descriptions", f"still in: {with_script}"),
    ]
    return all(checks)


def _count(mistakes: Iterable[Mistake], outcome: str) -> int:
    return sum(mistake.outcome == outcome for mistake in mistakes)


def _accepted(job: JobState) -> int:
    return job.count("created") + job.count("updated") + job.count("unchanged")


def _nothing_rejected(trip: Trip, job: JobState) -> bool:
    rejected = feeds.list_rejected(trip.client, job.id) if job.count("rejected") else []
    screen.show_rejected(rejected)
    return check(not rejected, "no row was rejected", f"{len(rejected):,} were")


def _planted(mistake: Mistake) -> str:
    return f"line {mistake.line} ({mistake.kind}, {mistake.column} = {mistake.value!r})"
