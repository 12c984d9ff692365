"""The web entrance: `uvicorn main:app`. Everything is assembled in app/api/app.py."""

from app.api.app import create_app
from app.core import logging
from app.core.config import get_settings

settings = get_settings()
logging.configure(settings)
app = create_app(settings)
