"""The sandbox's own time: that of the machine, put forward when told, so that parcels travel and tokens expire at once.
Rate limits go by the machine's time, since callers wait by it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core import clock


@dataclass(slots=True)
class SandboxClock:
    """What time it is in the sandbox."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """The sandbox's time, UTC."""
        return clock.now() + self.ahead

    def advance(self, by: timedelta) -> None:
        """Put it forward."""
        self.ahead += by
