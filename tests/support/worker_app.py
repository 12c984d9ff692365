"""The worker's main with the test kinds registered: `celery -A tests.support.worker_app worker`."""

from app.worker import celery_app
from tests.support import job_kinds

__all__ = ["celery_app", "job_kinds"]
