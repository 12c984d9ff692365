"""The pulse in Celery's clothes: `celery -A app.worker beat -S app.queue.beat:PulseScheduler` runs the same loops."""

import asyncio
import threading
from typing import Any

from celery.beat import Scheduler

from app.core.config import get_settings
from app.queue import pulse

LOOK_SECONDS = 1.0


class PulseScheduler(Scheduler):  # type: ignore[misc]
    """Beat's loop only watches over the pulse, which has an event loop and a thread of its own."""

    def setup_schedule(self) -> None:
        """Start the pulse."""
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
        self._thread.start()

    def tick(self, **_: Any) -> float:
        """Fail loudly if the pulse has died, so that whoever runs beat starts it again."""
        if not self._thread.is_alive():
            raise SystemExit("the pulse has stopped")
        return LOOK_SECONDS

    def close(self) -> None:
        """Stop the pulse and wait for it; beat asks twice."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _beat(self) -> None:
        try:
            self._loop.run_until_complete(pulse.run(get_settings(), self._stop))
        finally:
            self._loop.close()
