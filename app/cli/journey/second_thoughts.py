"""The legs in which a seller looks before leaping: another supplier's XML feed, a preview of its next edition, and an
import that is taken back.
"""

from app.cli.journey import feeds, screen
from app.cli.journey.client import tell_and_read
from app.cli.journey.feeds import Change
from app.cli.journey.trip import Trip, check, say

SOURCE = "Northern Goods"
PRODUCTS = 200
DEARER_EVERY = 10
DEARER = PRODUCTS // DEARER_EVERY
SHOWN = 5


def bring_in_xml(trip: Trip, number: int) -> bool:
    """Goods of another supplier, in another form, beside those that are there."""
    say(f"\n{number}. Upload the Google XML feed of another supplier")
    job = trip.bring(_import(trip, "today.xml"))
    came_in = job.count("created") + job.count("unchanged") + job.count("updated")
    return check(
        came_in == PRODUCTS and not job.count("rejected"),
        f"its {PRODUCTS} products came in beside the others",
        f"{came_in} did, {job.count('rejected')} rows were rejected",
    )


def preview(trip: Trip, number: int) -> bool:
    """What tomorrow's edition of the feed would change."""
    say(f"\n{number}. Preview its next edition, in which {DEARER} products cost more")
    job = trip.bring(_import(trip, "tomorrow.xml", dearer_every=DEARER_EVERY, dry_run="true"))
    dearer = _price_changes(trip, job.id)
    shown = [(feeds.title_of(trip.client, str(change.product_id)), change) for change in dearer[:SHOWN]]
    screen.show_changes(trip.console, shown, more=len(dearer) - len(shown))
    changed = {change.product_id for change in dearer}
    return all(
        (
            check(
                len(changed) == job.count("updated") == DEARER,
                f"{DEARER} products would change, each with its price before and after",
                f"{len(changed)} would, {job.count('updated')} are counted",
            ),
            _prices_stand(trip, dearer, "nothing was changed by looking", after=False),
        )
    )


def import_and_undo(trip: Trip, number: int) -> bool:
    """The same import in earnest, and back."""
    say(f"\n{number}. Import that edition, and take it back")
    job = trip.bring(_import(trip, "tomorrow.xml", dearer_every=DEARER_EVERY))
    dearer = _price_changes(trip, job.id)
    is_dearer = _prices_stand(trip, dearer, "the new prices are in the catalogue", after=True)
    undo = trip.watch(feeds.job_of(tell_and_read(trip.client, f"/jobs/{job.id}/undo")))
    return all(
        (
            is_dearer,
            check(
                undo.count("restored") > 0 and not undo.count("kept"),
                "everything that the import changed was taken back",
                f"{undo.count('restored')} changes were, {undo.count('kept')} were kept",
            ),
            _prices_stand(trip, dearer, "the prices are the old ones again", after=False),
        )
    )


def _import(trip: Trip, name: str, *, dearer_every: int | None = None, **fields: str) -> str:
    file = trip.folder / name
    feeds.write_google_feed(file, products=PRODUCTS, dearer_every=dearer_every)
    return feeds.start_import(trip.client, file, source=SOURCE, **fields)


def _price_changes(trip: Trip, job_id: str) -> list[Change]:
    return feeds.list_changes(trip.client, job_id, kind="variant", field="price")


def _prices_stand(trip: Trip, dearer: list[Change], promise: str, *, after: bool) -> bool:
    wrong = [
        change
        for change in dearer
        if (change.after if after else change.before) not in feeds.prices_of(trip.client, str(change.product_id))
    ]
    return check(bool(dearer) and not wrong, promise, f"{len(wrong)} of {len(dearer)} prices are others")
