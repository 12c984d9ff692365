"""The Celery application of this installation, with one Celery task for each name that the registry knows.

`celery -A app.queue.celery_app worker` consumes all queues; `-A app.worker` is the same with the house's logging.
"""

from typing import Any

from celery import Celery, signals

from app.core.config import get_settings
from app.queue import child, registry
from app.queue.transport import make_celery

celery_app = make_celery(get_settings())


def add_tasks(app: Celery) -> None:
    """Seal the registry and give the worker a task for each of its names."""
    registry.load()
    for name in registry.task_names():
        app.task(child.deliver, name=name, bind=True)


def _on_worker_init(**_: Any) -> None:
    add_tasks(celery_app)


signals.worker_init.connect(_on_worker_init)
