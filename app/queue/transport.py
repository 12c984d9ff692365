"""How Celery carries messages between our processes. No application is made at import, so that a command can still
say what is wrong with the settings.
"""

from celery import Celery
from kombu.entity import Queue as BrokerQueue

from app.core.config import Settings
from app.queue.names import Queue

INCLUDE = ["app.tasks", "app.listeners"]


def make_celery(settings: Settings) -> Celery:
    """A Celery application on the installation's broker. Its messages are JSON and carry ids only."""
    app = Celery("crossdock", broker=settings.redis_url, include=INCLUDE)
    app.conf.update(
        broker_transport_options=_transport_options(settings),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_queues=[BrokerQueue(queue.value) for queue in Queue],  # type: ignore[no-untyped-call]
        task_default_queue=Queue.MAINTENANCE.value,
        task_serializer="json",
        accept_content=["json"],
        event_serializer="json",
        task_ignore_result=True,
        # PostgreSQL knows which attempt counts, so a message may come twice but must never be lost with its worker.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # A soft limit raises inside the event loop; steps use asyncio.timeout. The hard one ends what hangs for good.
        task_time_limit=settings.worker_task_time_limit,
        worker_soft_shutdown_timeout=settings.worker_soft_shutdown_seconds,
        worker_max_tasks_per_child=settings.worker_max_tasks_per_child,
        worker_max_memory_per_child=settings.worker_max_memory_mb * 1024,
        # The job's truth is not in the broker: losing the connection is no reason to kill the job.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_consumer="app.queue.dead_letters:Consumer",
        timezone="UTC",
    )
    return app


def _transport_options(settings: Settings) -> dict[str, object]:
    if settings.broker_visibility_seconds <= settings.worker_task_time_limit:
        raise ValueError("BROKER_VISIBILITY_SECONDS must be longer than WORKER_TASK_TIME_LIMIT")
    return {
        "visibility_timeout": settings.broker_visibility_seconds,
        "global_keyprefix": settings.redis_key_prefix,
        # We give no priorities; with the default steps a worker asks for four lists for each queue, each time.
        "priority_steps": [0],
        "socket_keepalive": True,
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "health_check_interval": 20,
    }
