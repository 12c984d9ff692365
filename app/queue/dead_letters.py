"""Messages that nobody can work on: counted, logged, and, where one names a job, shown as that job's failure.

The queue moves on in every case. A person may retry such a job once the cause is mended.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from celery import signals
from celery.worker.consumer import Consumer as CeleryConsumer
from kombu.message import Message
from prometheus_client import Counter
from sqlalchemy import func, update

from app.core.config import get_settings
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.queue.delivery import PoisonMessage
from app.queue.means import Means
from app.queue.models import Job
from app.queue.names import JobStatus

CODE = "message_undeliverable"

log = structlog.get_logger(__name__)
_dead = Counter("crossdock_dead_letters", "Broker messages that could not be worked on.", ("reason",))


async def bury(means: Means, poison: PoisonMessage) -> None:
    """Count and log a poison message, and fail the pending job that it names."""
    _count("unreadable", poison.task, poison.reason)
    if poison.job_id is not None:
        await _fail_job(means, poison)


class Consumer(CeleryConsumer):  # type: ignore[misc]
    """Celery's consumer, which also counts bodies that are not even JSON."""

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        _count("undecodable", "unknown", str(exc))
        super().on_decode_error(message, exc)


def _count(kind: str, task: str, reason: str) -> None:
    _dead.labels(kind).inc()
    log.error("message_buried", kind=kind, task=task, reason=reason)


async def _fail_job(means: Means, poison: PoisonMessage) -> None:
    async with means.sessions(poison.scope).begin() as session:
        failed = {
            "status": JobStatus.FAILED.value,
            "error_code": CODE,
            "error_message": f"The broker's message could not be worked on: {poison.reason}.",
            "completed_at": func.now(),
            "revision": Job.revision + 1,
        }
        pending = update(Job).where(Job.id == poison.job_id, Job.status == JobStatus.PENDING.value)
        await session.execute(pending.values(failed))


def _on_unknown_task(*, message: Message, name: str, **_: Any) -> None:
    # Sent in the worker's parent, which has no event loop of its own: this is rare, so it opens one and closes it.
    poison = PoisonMessage("no such task in this version", name, _ids_of(message))
    asyncio.run(_bury_alone(poison))


async def _bury_alone(poison: PoisonMessage) -> None:
    settings = get_settings()
    means = Means(Resources.open(settings, pool_size=1), SystemDatabase(settings, pool_size=1), lambda: False)
    try:
        await bury(means, poison)
    finally:
        await means.close()


def _ids_of(message: Message) -> Mapping[str, object]:
    body = message.payload
    ids = body[1] if isinstance(body, list) and len(body) == 3 else None
    return ids if isinstance(ids, dict) else {}


signals.task_unknown.connect(_on_unknown_task)
