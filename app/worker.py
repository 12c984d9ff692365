"""The worker's main: `celery -A app.worker worker`. Celery's application with the house's logging; no logic."""

import logging as stdlib_logging
from typing import Any

from celery import signals

from app.core import logging
from app.core.config import get_settings
from app.queue.celery_app import celery_app

__all__ = ["celery_app"]


def _configure_logging(**_: Any) -> None:
    # Being connected is what keeps Celery from setting up its own.
    logging.configure(get_settings(), process="worker")
    # Two lines for every message would drown what the runner says about jobs.
    for name in ("celery.app.trace", "celery.worker.strategy"):
        stdlib_logging.getLogger(name).setLevel(stdlib_logging.WARNING)


signals.setup_logging.connect(_configure_logging)
