"""The web entrance: `uvicorn main:app`. Everything is assembled in app/api/app.py."""

from app.api.app import create_app

app = create_app()
