"""The pulse in this process: it stops when told and when cancelled, whatever its loops are doing."""

import asyncio

import pytest

from app.core.config import Settings
from app.core.ids import new_id
from app.queue import announce, pulse


@pytest.fixture
def calm(settings: Settings) -> Settings:
    """Settings of a pulse with a broker of its own."""
    return settings.model_copy(update={"redis_key_prefix": f"test-{new_id().hex}:"})


async def beat(settings: Settings, seconds: float, *, cancel: bool) -> None:
    stop = asyncio.Event()
    beating = asyncio.create_task(pulse.run(settings, stop))
    await asyncio.sleep(seconds)
    if cancel:
        beating.cancel()
    else:
        stop.set()
    await asyncio.wait({beating}, timeout=4)
    assert beating.done()
    assert beating.cancelled() or beating.exception() is None


@pytest.mark.parametrize("cancel", [True, False])
async def test_a_pulse_stops_at_whatever_moment(calm: Settings, *, cancel: bool):
    try:
        await asyncio.gather(*(beat(calm, 0.03 * number, cancel=cancel) for number in range(10)))
    finally:
        announce.use(None)
