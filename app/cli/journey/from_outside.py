"""The leg in which goods come from an external product API, on request and by schedule; the sandbox plays that API."""

from datetime import datetime

from app.cli.journey import feeds
from app.cli.journey.client import StepFailed, ask, tell_and_read
from app.cli.journey.trip import Trip, check, say


def sync_external(trip: Trip, number: int) -> bool:
    """The default provider: its connection and its schedule are made by the first sync."""
    say(f"\n{number}. Sync the products of an external API")
    job = trip.bring(feeds.job_of(tell_and_read(trip.client, "/sync/trigger")))
    came_in = job.count("created") + job.count("unchanged") + job.count("updated")
    status = _status(trip, str(job.params.get("connection_id")))
    planned = status.get("next_run_at")
    due = f" at {datetime.fromisoformat(planned).astimezone():%H:%M}" if isinstance(planned, str) else ""
    return all(
        (
            check(
                came_in > 0 and not job.count("rejected"),
                f"{came_in} products of “{status['name']}” ({status['environment']}) are in the catalogue",
                f"{came_in} came, {job.count('rejected')} were rejected",
            ),
            check(bool(due), f"the next sync is planned by itself{due}", "no sync is planned"),
        )
    )


def _status(trip: Trip, connection_id: str) -> dict[str, object]:
    items = ask(trip.client, "/sync/status", connection_id=connection_id).get("items")
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        raise StepFailed("GET /sync/status does not know the connection that was synced")
    return dict(items[0])
