"""The engine's worker with the kind that does nothing: `celery -A bench.jobs.engine_worker worker`."""

from app.worker import celery_app
from bench.jobs import noop

__all__ = ["celery_app", "noop"]
