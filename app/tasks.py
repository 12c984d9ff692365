"""The index of all kinds of job: importing this module registers what the worker knows. One import per feature."""

from app.intake import tasks as intake
from app.products import tasks as products
from app.scraping import tasks as scraping
from app.sync import tasks as sync

__all__ = ["intake", "products", "scraping", "sync"]
