"""The legs of `python -m app demo` in their order, and what each has to show. A step that fails says why and ends the
journey; the product keeps serving.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from app.cli.journey import farewell, feeds, screen
from app.cli.journey.client import StepFailed, connect
from app.cli.journey.live import JobState, Pause, follow
from app.cli.journey.seller import Seller, kept_seller, sign_in
from app.cli.run import Serving
from app.sandbox.mistakes import KINDS, Mistake

MISTAKES = 2 * len(KINDS)


class Interrupted(Exception):
    """The product is being stopped."""


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


def travel(serving: Serving, *, products: int) -> bool:
    """Go through the product as a new seller; answers whether everything was as promised."""
    began = time.monotonic()
    folder = serving.data / "demo"
    seller = kept_seller(folder)
    with connect(serving.api) as client:
        trip = Trip(client, screen.open_console(), folder, products, _pause_of(serving))
        try:
            _arrive(trip, seller)
            went_well = _walk(trip)
        except Interrupted:
            return False
        except StepFailed as failure:
            if serving.is_stopping():
                return False
            _say(f"\nThe journey cannot go on: {failure}.")
            _say(f"The logs are in {serving.data / 'log'}. Everything keeps serving.")
            went_well = False
        if client.auth:
            farewell.show(serving, seller, trip.feed)
    words = "everything was as promised" if went_well else "not everything was as promised, see above"
    _say(f"\nThe journey took {time.monotonic() - began:.1f} s: {words}. Ctrl-C stops everything.")
    return went_well


def _arrive(trip: Trip, seller: Seller) -> None:
    if sign_in(trip.client, seller):
        _say(f"\nA new seller is registered: {seller.email}")
    else:
        count = feeds.count_products(trip.client)
        _say(f"\nThe seller of the last start is back: {seller.email}, with {count:,} products")


def _walk(trip: Trip) -> bool:
    verdicts = [leg(trip) for leg in (_bring_in, _bring_in_again, _bring_in_mistakes)]
    return all(verdicts)


def _bring_in(trip: Trip) -> bool:
    _say(f"\n1. Upload a feed of {trip.products:,} products with variants")
    job = _import(trip, feeds.write_feed(trip.feed, products=trip.products).file)
    in_catalogue = _check(
        _accepted(job) == trip.products,
        f"all {trip.products:,} products are in the catalogue",
        f"{_accepted(job):,} are",
    )
    return _nothing_rejected(trip, job) and in_catalogue


def _bring_in_again(trip: Trip) -> bool:
    _say("\n2. Upload the same file again")
    job = _import(trip, trip.feed)
    unchanged = job.count("unchanged")
    return _check(unchanged == trip.products == _accepted(job), "nothing was written again", f"{unchanged:,} unchanged")


def _bring_in_mistakes(trip: Trip) -> bool:
    _say(f"\n3. Upload the feed with {MISTAKES} mistakes in it")
    feed = feeds.write_feed(trip.folder / "mistakes.csv", products=trip.products, mistakes=MISTAKES)
    job = _import(trip, feed.file)
    rejected = feeds.list_rejected(trip.client, job.id)
    screen.show_rejected(rejected)
    wrong = {mistake.line: mistake for mistake in feed.mistakes if mistake.outcome == "rejected"}
    lines = {row.line for row in rejected if row.message}
    cleaned = len(feed.mistakes) - len(wrong)
    with_script = feeds.find_scripts(trip.client, "Mistaken article")
    checks = [
        _check(
            not wrong.keys() - lines,
            f"each of the {len(wrong)} planted wrong rows is named with line and reason",
            f"not named: {'; '.join(_planted(wrong[line]) for line in sorted(wrong.keys() - lines))}",
        ),
        _check(
            not lines - wrong.keys(), "no sound row was rejected", f"rejected: lines {sorted(lines - wrong.keys())}"
        ),
        _check(
            _accepted(job) == trip.products + cleaned and not job.count("updated"),
            "the sound products beside them came in",
            f"{_accepted(job):,} of {trip.products + cleaned:,} did",
        ),
        _check(not with_script, f"{cleaned} scripts were removed from descriptions", f"still in: {with_script}"),
    ]
    return all(checks)


def _import(trip: Trip, file: Path) -> JobState:
    began = time.monotonic()
    job_id = feeds.start_import(trip.client, file)
    job = screen.watch(trip.console, follow(trip.client, job_id, pause=trip.pause))
    if job.status != "completed":
        reason = f"{job.error_code or 'no code'}: {job.error_message or 'no message'}"
        raise StepFailed(f"job {job_id} ended as {job.status} ({reason})")
    screen.show_summary(trip.console, job, time.monotonic() - began)
    return job


def _accepted(job: JobState) -> int:
    return job.count("created") + job.count("updated") + job.count("unchanged")


def _nothing_rejected(trip: Trip, job: JobState) -> bool:
    rejected = feeds.list_rejected(trip.client, job.id) if job.count("rejected") else []
    screen.show_rejected(rejected)
    return _check(not rejected, "no row was rejected", f"{len(rejected):,} were")


def _planted(mistake: Mistake) -> str:
    return f"line {mistake.line} ({mistake.kind}, {mistake.column} = {mistake.value!r})"


def _check(is_so: bool, promise: str, found: str) -> bool:
    _say(f"  ok     {promise}" if is_so else f"  WRONG  not so: {promise} ({found})")
    return is_so


def _pause_of(serving: Serving) -> Pause:
    def pause(seconds: float) -> None:
        time.sleep(seconds)
        if serving.is_stopping():
            raise Interrupted

    return pause


def _say(text: str) -> None:
    print(text, flush=True)
