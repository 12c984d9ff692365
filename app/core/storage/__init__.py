"""Files: uploads, reports, exports. Bytes stream through here into local disk or an S3-compatible bucket."""

from app.core.config import Settings
from app.core.storage.contract import ObjectMissing, ObjectStore, StorageAway, StoredObject, new_key
from app.core.storage.local import LocalStore
from app.core.storage.s3 import S3Store

__all__ = [
    "LocalStore",
    "ObjectMissing",
    "ObjectStore",
    "S3Store",
    "StorageAway",
    "StoredObject",
    "new_key",
    "open_store",
]


def open_store(settings: Settings) -> ObjectStore:
    """The store that the settings name. Opening touches neither disk nor network."""
    return S3Store(settings) if settings.storage_backend == "s3" else LocalStore(settings)
