"""The pulse: a small process that relays the outbox, sweeps silent jobs, ticks schedules and purges. Two may run.

None of this is a Celery task: what keeps the queue alive must not wait in the queue.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core.config import Settings
from app.core.redis import RedisGate
from app.core.system_session import SystemDatabase
from app.queue import announce, registry
from app.queue import broker as broker_module
from app.queue.broker import Broker
from app.queue.purge import purge
from app.queue.relay import relay, resend_lost
from app.queue.schedules import tick
from app.queue.sweep import sweep
from app.queue.transport import make_celery

log = structlog.get_logger(__name__)

PURGE_SECONDS = 3600.0
PAUSE_WITHOUT_BROKER = 1.0
POOL_SIZE = 4


@dataclass(slots=True)
class Pulse:
    """What the loops share: the system role's pool, the broker, and the two events that end or shorten a wait."""

    settings: Settings
    system: SystemDatabase
    broker: Broker
    stop: asyncio.Event
    work: asyncio.Event = field(default_factory=asyncio.Event)
    epoch: str | None = None


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Beat until `stop` is set."""
    registry.load()
    gate = RedisGate(settings)
    announce.use(gate)
    pulse = Pulse(
        settings, SystemDatabase(settings, pool_size=POOL_SIZE), Broker(make_celery(settings), settings), stop
    )
    log.info("pulse_started")
    try:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(_stop_when_cancelled(pulse))
            loops.create_task(_relay_forever(pulse))
            loops.create_task(_listen(pulse))
            loops.create_task(_every(pulse, settings.job_sweep_seconds, lambda: _sweep(pulse)))
            loops.create_task(_every(pulse, settings.schedule_tick_seconds, lambda: _tick(pulse)))
            loops.create_task(_every(pulse, PURGE_SECONDS, lambda: purge(pulse.system, settings.job_retention_days)))
    finally:
        await announce.finish()
        pulse.broker.close()
        await pulse.system.close()
        await gate.close()
    log.info("pulse_stopped")


async def _stop_when_cancelled(pulse: Pulse) -> None:
    # Redis's client may swallow a cancellation, and its loop would go on for ever: the flag reaches every loop.
    try:
        await pulse.stop.wait()
    finally:
        pulse.stop.set()


async def _every(pulse: Pulse, seconds: float, action: Callable[[], Awaitable[object]]) -> None:
    while not pulse.stop.is_set():
        try:
            await action()
        except Exception as error:  # noqa: BLE001 (the pulse outlives every fault of its servers)
            log.warning("pulse_action_failed", error=f"{type(error).__name__}: {error}")
        with suppress(TimeoutError):
            await asyncio.wait_for(pulse.stop.wait(), seconds)


async def _sweep(pulse: Pulse) -> None:
    if found := await sweep(pulse.system, pulse.settings):
        log.warning("silent_jobs_requeued", jobs=[str(job_id) for job_id in found])
        pulse.work.set()


async def _tick(pulse: Pulse) -> None:
    if await tick(pulse.system):
        pulse.work.set()


async def _relay_forever(pulse: Pulse) -> None:
    while not pulse.stop.is_set():
        pulse.work.clear()
        pause = pulse.settings.outbox_poll_seconds
        try:
            sent = await _relay(pulse)
            if sent == pulse.settings.outbox_batch:
                continue
            if sent:
                await asyncio.sleep(announce.LINGER_SECONDS)
                continue
        except broker_module.AWAY as error:
            log.warning("broker_away", error=type(error).__name__)
            pause = PAUSE_WITHOUT_BROKER
        except Exception as error:  # noqa: BLE001 (the pulse outlives every fault of its servers)
            log.warning("relay_failed", error=f"{type(error).__name__}: {error}")
            pause = PAUSE_WITHOUT_BROKER
        await _wait(pulse, pause)


async def _relay(pulse: Pulse) -> int:
    epoch = await asyncio.to_thread(pulse.broker.epoch)
    if epoch != pulse.epoch:
        await resend_lost(pulse.system, epoch)
        pulse.epoch = epoch
    return await relay(pulse.system, pulse.broker, epoch, pulse.settings.outbox_batch)


async def _wait(pulse: Pulse, seconds: float) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (pulse.work, pulse.stop)]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _listen(pulse: Pulse) -> None:
    """Shorten the relay's wait by the wake-ups of others; without Redis the poll does."""
    client: Redis = Redis.from_url(pulse.settings.redis_url, socket_connect_timeout=PAUSE_WITHOUT_BROKER)
    try:
        while not pulse.stop.is_set():
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(pulse.settings.redis_key_prefix + announce.WAKE_UP)
                    while not pulse.stop.is_set():
                        if await channel.get_message(timeout=PAUSE_WITHOUT_BROKER):
                            pulse.work.set()
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(PAUSE_WITHOUT_BROKER)
    finally:
        await client.aclose()
