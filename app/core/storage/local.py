"""Files on local disk: written beside their place, synced, then renamed into it. Links are signed and served by us."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar
from urllib.parse import urlencode

from app.core import clock
from app.core.config import Settings
from app.core.ids import new_id
from app.core.signing import is_signed, sign
from app.core.storage.contract import (
    PIECE_BYTES,
    THREADS,
    ObjectMissing,
    StorageAway,
    StoredObject,
    checked,
    in_pieces,
)

PURPOSE: Final = "file"
INCOMING: Final = ".incoming"

T = TypeVar("T")

if TYPE_CHECKING:
    from hashlib import _Hash


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.get_running_loop().run_in_executor(THREADS, work)
    except FileNotFoundError:
        raise ObjectMissing from None
    except OSError as error:
        raise StorageAway from error


class LocalStore:
    """The ObjectStore of one machine; its root is on a volume that API and worker share."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = Path(settings.storage_dir).resolve()

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> StoredObject:
        final = self._path(key)
        incoming = self._root / INCOMING / str(new_id())
        file = await _in_thread(lambda: _create(incoming))
        digest, size = hashlib.sha256(), 0
        try:
            async for piece in in_pieces(chunks):
                await _in_thread(partial(_append, file, digest, piece))
                size += len(piece)
            await _in_thread(lambda: _settle(file, incoming, final))
        finally:
            file.close()
            incoming.unlink(missing_ok=True)
        return StoredObject(key, size, digest.hexdigest())

    async def open_stream(self, key: str) -> AsyncIterator[bytes]:
        path = self._path(key)
        file = await _in_thread(lambda: path.open("rb"))
        try:
            while piece := await _in_thread(lambda: file.read(PIECE_BYTES)):
                yield piece
        finally:
            file.close()

    async def fetch_to_file(self, key: str, path: Path) -> None:
        with path.open("wb") as target:
            async for piece in self.open_stream(key):
                await _in_thread(partial(target.write, piece))

    async def delete(self, key: str) -> None:
        path = self._path(key)
        await _in_thread(lambda: path.unlink(missing_ok=True))

    def signed_url(self, key: str, *, filename: str, expires_seconds: int = 300) -> str:
        expires = int(clock.now().timestamp()) + expires_seconds
        signature = sign(PURPOSE, _message(checked(key), filename, expires), self._settings).hex()
        query = urlencode({"filename": filename, "expires": expires, "signature": signature})
        return f"{self._settings.public_url.rstrip('/')}/api/v1/files/{key}?{query}"

    def is_link_valid(self, key: str, filename: str, expires: int, signature: str) -> bool:
        """Whether a link was signed by us for this key and name and has not expired."""
        try:
            given = bytes.fromhex(signature)
        except ValueError:
            return False
        return expires > clock.now().timestamp() and is_signed(
            PURPOSE, _message(key, filename, expires), given, self._settings
        )

    def _path(self, key: str) -> Path:
        return self._root / checked(key)


def _message(key: str, filename: str, expires: int) -> bytes:
    return f"{key}\n{filename}\n{expires}".encode()


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _append(file: BinaryIO, digest: "_Hash", piece: bytes) -> None:
    file.write(piece)
    digest.update(piece)


def _settle(file: BinaryIO, incoming: Path, final: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    final.parent.mkdir(parents=True, exist_ok=True)
    incoming.replace(final)
    # The rename itself survives a power cut only when the folder is synced too.
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
