"""The only place that asks what time it is. Leases and expiries that several machines compare use the database's
clock.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time, aware, UTC."""
    return datetime.now(UTC)
