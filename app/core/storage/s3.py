"""Files in an S3-compatible bucket (AWS, R2, MinIO, GCS by interop keys), by boto3 in threads of their own."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.core.config import Settings
from app.core.storage.contract import (
    PIECE_BYTES,
    THREADS,
    ObjectMissing,
    StorageAway,
    StoredObject,
    checked,
    in_pieces,
)

PART_BYTES: Final = 8 * 1024 * 1024  # at least 5 MiB by S3's rules; times 10,000 parts = 80 GB
MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})

T = TypeVar("T")

# R2 and GCS refuse the checksums that newer SDKs add by default.
CONFIG: Final = Config(
    signature_version="s3v4",
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    s3={"addressing_style": "path"},
    retries={"mode": "standard", "max_attempts": 3},
    connect_timeout=3,
    read_timeout=20,
    max_pool_connections=8,
)


class S3Store:
    """The ObjectStore of installations with more than one machine. Memory per upload: one part."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bucket = settings.s3_bucket

    @cached_property
    def _client(self) -> Any:  # boto3 makes its clients at run time, without types
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self._settings.s3_endpoint_url or None,
            region_name=self._settings.s3_region,
            aws_access_key_id=self._settings.s3_access_key_id or None,
            aws_secret_access_key=self._settings.s3_secret_access_key.get_secret_value() or None,
            config=CONFIG,
        )

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> StoredObject:
        upload = _MultipartUpload(self._client, self._bucket, checked(key))
        digest, size = hashlib.sha256(), 0
        try:
            async for part in in_pieces(chunks, PART_BYTES):
                digest.update(part)
                size += len(part)
                await _in_thread(partial(upload.add, part))
            await _in_thread(upload.finish)
        except BaseException:
            await asyncio.shield(_in_thread(upload.abort))
            raise
        return StoredObject(key, size, digest.hexdigest())

    async def open_stream(self, key: str) -> AsyncIterator[bytes]:
        checked(key)
        answer = await _in_thread(lambda: self._client.get_object(Bucket=self._bucket, Key=key))
        body = answer["Body"]
        try:
            while piece := await _in_thread(lambda: body.read(PIECE_BYTES)):
                yield piece
        finally:
            body.close()

    async def fetch_to_file(self, key: str, path: Path) -> None:
        with path.open("wb") as target:
            async for piece in self.open_stream(key):
                await _in_thread(partial(target.write, piece))

    async def delete(self, key: str) -> None:
        # Singly: DeleteObjects always sends a checksum, which R2 has refused.
        checked(key)
        await _in_thread(lambda: self._client.delete_object(Bucket=self._bucket, Key=key))

    def signed_url(self, key: str, *, filename: str, expires_seconds: int = 300) -> str:
        url: str = self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": checked(key),
                "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
                "ResponseContentType": "application/octet-stream",
            },
            ExpiresIn=expires_seconds,
        )
        return url


class _MultipartUpload:
    """One upload; a single small part is sent as a plain object."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._target = {"Bucket": bucket, "Key": key}
        self._held: bytes | None = b""
        self._upload_id: str | None = None
        self._etags: list[str] = []

    def add(self, part: bytes) -> None:
        if self._held:
            self._send(self._held)
        self._held = part

    def finish(self) -> None:
        held = self._held or b""
        if self._upload_id is None:
            self._client.put_object(**self._target, Body=held)
            return
        if held:
            self._send(held)
        parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(self._etags, 1)]
        self._client.complete_multipart_upload(
            **self._target, UploadId=self._upload_id, MultipartUpload={"Parts": parts}
        )

    def abort(self) -> None:
        if self._upload_id is not None:
            self._client.abort_multipart_upload(**self._target, UploadId=self._upload_id)

    def _send(self, part: bytes) -> None:
        if self._upload_id is None:
            self._upload_id = self._client.create_multipart_upload(**self._target)["UploadId"]
        answer = self._client.upload_part(
            **self._target, UploadId=self._upload_id, PartNumber=len(self._etags) + 1, Body=part
        )
        self._etags.append(answer["ETag"])


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.get_running_loop().run_in_executor(THREADS, work)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in MISSING:
            raise ObjectMissing from None
        raise StorageAway from error
    except (BotoCoreError, OSError) as error:
        raise StorageAway from error
