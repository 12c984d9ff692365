"""One worker child: an event loop and what it holds open, made after the fork, and the way from a message to a job.

Whether the worker is stopping is one byte shared with the parent, because only the parent hears the signal.
"""

import asyncio
import mmap
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

import uvloop
from celery import Task, signals
from celery.exceptions import Reject

from app.core import lanes
from app.core.config import get_settings
from app.core.lanes import Lanes
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.queue import announce, dead_letters, listening, runner
from app.queue.delivery import PoisonMessage, parse
from app.queue.errors import DatabaseAway
from app.queue.means import Means

POOL_SIZE = 2
# How long a thread at work keeps the interpreter from the event loop. At Python's 5 ms every answer of the database
# waited for the thread that reads the file ahead: staging a file took twice as long.
THREAD_TURN_SECONDS = 0.0005

_stopping = mmap.mmap(-1, 1)


@dataclass(slots=True)
class Child:
    """The event loop of this process and what its jobs use."""

    loop: asyncio.Runner
    means: Means


_child: Child | None = None


def is_stopping() -> bool:
    """Whether the worker has been asked to stop; bodies then give their jobs back."""
    return _stopping[0] == 1


def deliver(task: Task, *args: object, **kwargs: object) -> None:
    """Do what a message asks for. It is acknowledged afterwards whatever came of it: the truth is elsewhere."""
    if is_stopping():
        raise Reject("the worker is stopping", requeue=True)
    child = _child or _open()
    try:
        # Not by Runner.run, which takes over SIGINT and gives it back for each message.
        child.loop.get_loop().run_until_complete(_handle(child.means, task.name, args, kwargs))
    except DatabaseAway as away:
        raise Reject(str(away), requeue=True) from away


async def _handle(means: Means, task: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    try:
        delivery = parse(task, args, kwargs)
    except PoisonMessage as poison:
        await dead_letters.bury(means, poison)
        return
    if delivery.job_id is None:
        await listening.hear(means, delivery)
    else:
        await runner.run_attempt(means, delivery)
    await announce.finish()


def _open() -> Child:
    global _child  # noqa: PLW0603 (one per process, made after the fork)
    sys.setswitchinterval(THREAD_TURN_SECONDS)
    settings = get_settings()
    resources = Resources.open(settings, pool_size=POOL_SIZE)
    announce.use(resources.redis)
    lanes.use(Lanes(resources.redis))
    system = SystemDatabase(settings, pool_size=POOL_SIZE)
    _child = Child(asyncio.Runner(loop_factory=uvloop.new_event_loop), Means(resources, system, is_stopping))
    return _child


def _on_process_init(**_: Any) -> None:
    _open()


def _on_process_shutdown(**_: Any) -> None:
    global _child  # noqa: PLW0603
    if _child is not None:
        _child.loop.run(_child.means.close())
        _child.loop.close()
        _child = None


def _on_shutting_down(**_: Any) -> None:
    _stopping[0] = 1


def _hear_first(**_: Any) -> None:
    # On SIGINT and SIGQUIT Celery waits out the soft shutdown before it says that it is shutting down; our jobs use
    # that time to give themselves back, so they must know at once.
    for number in (signal.SIGINT, signal.SIGQUIT):
        then = signal.getsignal(number)
        if callable(then):
            signal.signal(number, partial(_stop_and_then, then))


def _stop_and_then(then: Callable[[int, FrameType | None], object], number: int, frame: FrameType | None) -> None:
    _stopping[0] = 1
    then(number, frame)


signals.worker_process_init.connect(_on_process_init)
signals.worker_process_shutdown.connect(_on_process_shutdown)
signals.worker_shutting_down.connect(_on_shutting_down)
signals.worker_ready.connect(_hear_first)
