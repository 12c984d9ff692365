"""Identifiers: UUIDv7 everywhere (time-ordered, so primary keys append), made here because PostgreSQL before 18
cannot.
"""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid7()
