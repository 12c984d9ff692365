"""An uploaded file that is only looked at: it lives in a temporary folder for one request and is in no store."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from app.core.storage import StoredObject
from app.core.storage.contract import in_pieces


class HeldFile:
    """Takes an upload like a store would. What goes beyond `keep` bytes is counted and let go."""

    def __init__(self, path: Path, keep: int) -> None:
        self._path = path
        self._keep = keep

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> StoredObject:
        """Write the beginning of the file; the size is that of all of it."""
        digest, size = hashlib.sha256(), 0
        with self._path.open("wb") as file:
            async for piece in in_pieces(chunks):
                if size < self._keep:
                    await asyncio.to_thread(file.write, piece[: self._keep - size])
                await asyncio.to_thread(digest.update, piece)
                size += len(piece)
        return StoredObject(key, size, digest.hexdigest())

    async def delete(self, key: str) -> None:
        """The folder goes with the request."""
