"""`python -m app pulse`: the process that relays, sweeps and ticks."""

import asyncio
import signal

from app.core import logging
from app.core.config import get_settings
from app.queue import pulse as engine


def pulse() -> None:
    """Relay the outbox, re-queue jobs of dead workers, start what schedules say. Two may run."""
    settings = get_settings()
    logging.configure(settings, process="pulse")
    asyncio.run(_beat_until_told())


async def _beat_until_told() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await engine.run(get_settings(), stop)
