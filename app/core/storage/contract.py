"""What every store promises, and how its keys look. Knows no disk and no bucket."""

import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from app.core.errors import NotFound, Unavailable
from app.core.ids import new_id

PIECE_BYTES: Final = 1024 * 1024
KEY: Final = re.compile(
    r"tenants/[1-9]\d{0,18}/[a-z][a-z0-9-]{0,39}/[A-Za-z0-9][\w-]{0,79}(\.[a-z0-9]{1,10})?", re.ASCII
)
SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,10}")

# Slow storage must not starve the threads of everything else, so its calls have a pool of their own.
THREADS: Final = ThreadPoolExecutor(max_workers=8, thread_name_prefix="storage")


class ObjectMissing(NotFound):
    """The file was deleted, or was never there."""

    code, title = "file_missing", "There is no such file"


class StorageAway(Unavailable):
    """The storage of files does not answer or has no room."""

    code, title = "storage_away", "The storage of files does not answer; try again shortly"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What was stored: its key, its size in bytes, the SHA-256 of its content in hex."""

    key: str
    size: int
    sha256: str


class ObjectStore(Protocol):
    """A store of files. Keys come from `new_key`; a key is written once and never changed."""

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> StoredObject:
        """Store chunks as they come, hashed on the way. When the stream or the store fails, nothing is left under the
        key. Raises StorageAway.
        """
        ...

    def open_stream(self, key: str) -> AsyncIterator[bytes]:
        """The content in pieces of about 1 MiB. Raises ObjectMissing or StorageAway at the first piece. Repeatable."""
        ...

    async def fetch_to_file(self, key: str, path: Path) -> None:
        """Write the content to a local file, replacing it. Raises ObjectMissing, StorageAway. Repeatable."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the object; a missing one is fine. Repeatable."""
        ...

    def signed_url(self, key: str, *, filename: str, expires_seconds: int = 300) -> str:
        """An address that downloads the object as an attachment of this name, without a token, until it expires. Makes
        no call.
        """
        ...


def new_key(tenant_id: int, purpose: str, suffix: str = "") -> str:
    """A fresh key in a tenant's prefix. Names of uploaded files never become part of a key."""
    safe = suffix.lower() if SUFFIX.fullmatch(suffix.lower()) else ""
    return checked(f"tenants/{tenant_id}/{purpose}/{new_id()}{safe}")


def checked(key: str) -> str:
    """The key itself, if it is one that `new_key` can make; otherwise ObjectMissing, so that nothing can be probed."""
    if not KEY.fullmatch(key):
        raise ObjectMissing
    return key


def belongs_to(key: str, tenant_id: int) -> bool:
    """Whether a key lies in a tenant's prefix."""
    return KEY.fullmatch(key) is not None and key.startswith(f"tenants/{tenant_id}/")


async def in_pieces(chunks: AsyncIterator[bytes], size: int = PIECE_BYTES) -> AsyncIterator[bytes]:
    """The same bytes in pieces of at least `size`, the last one excepted: one thread hop per piece, not per chunk."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        if len(buffer) >= size:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
