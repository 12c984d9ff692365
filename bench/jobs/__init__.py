"""No-op jobs through the engine, against plain Celery tasks that write the same milestones."""
