"""How work leaves the request: PostgreSQL holds the truth about jobs, Celery carries their ids. Knows no feature."""
