"""Both stores keep one contract: what was streamed in comes out, in the tenant's prefix, and never half."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from app.core.config import Settings
from app.core.storage import LocalStore, ObjectMissing, ObjectStore, S3Store, StorageAway, new_key, open_store
from app.core.storage.contract import belongs_to
from tests.support.shared import shared

MIB = 1024 * 1024


class Cut(Exception):
    """The client went away in the middle."""


async def stream(content: bytes, size: int = 64 * 1024, *, cut: bool = False) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
    if cut:
        raise Cut


async def read(store: ObjectStore, key: str) -> bytes:
    return b"".join([piece async for piece in store.open_stream(key)])


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore(Settings(_env_file=None, storage_local_dir=str(tmp_path / "files")))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="files")
        yield S3Store(Settings(_env_file=None, storage_backend="s3", s3_bucket="files", s3_region="us-east-1"))


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    made: ObjectStore = request.getfixturevalue(request.param)
    return made


@pytest.mark.parametrize("size", [0, 1, MIB, 8 * MIB, 8 * MIB + 1, 20 * MIB + 7])
async def test_gives_back_what_was_streamed_in(store: ObjectStore, tmp_path: Path, size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    content = content[:size]
    key = new_key(7, "uploads", ".csv")
    stored = await store.put_stream(key, stream(content))
    assert (stored.key, stored.size, stored.sha256) == (key, size, hashlib.sha256(content).hexdigest())
    assert await read(store, key) == content
    target = tmp_path / "fetched"
    target.write_bytes(b"what was there before")
    await store.fetch_to_file(key, target)
    assert target.read_bytes() == content


@pytest.mark.parametrize("size", [10, 20 * MIB])
async def test_leaves_nothing_of_an_upload_that_broke_off(store: ObjectStore, size: int) -> None:
    key = new_key(7, "uploads")
    with pytest.raises(Cut):
        await store.put_stream(key, stream(b"x" * size, cut=True))
    with pytest.raises(ObjectMissing):
        await read(store, key)


async def test_leaves_no_open_multipart_upload_behind(s3: S3Store) -> None:
    with pytest.raises(Cut):
        await s3.put_stream(new_key(7, "uploads"), stream(b"x" * 20 * MIB, cut=True))
    uploads = boto3.client("s3", region_name="us-east-1").list_multipart_uploads(Bucket="files")
    assert "Uploads" not in uploads


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_leaves_no_file_behind_on_disk(local: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(Cut):
        await local.put_stream(new_key(7, "uploads"), stream(b"x" * 3 * MIB, cut=True))
    assert files_below(tmp_path) == []


async def test_deletes_and_forgives_what_is_gone_already(store: ObjectStore) -> None:
    key = new_key(7, "uploads")
    await store.put_stream(key, stream(b"x"))
    await store.delete(key)
    await store.delete(key)
    with pytest.raises(ObjectMissing):
        await read(store, key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "tenants/1/uploads/../../2/uploads/a",
        "tenants/1/uploads/..",
        "tenants/1/uploads/.hidden",
        "tenants/0/uploads/a",
        "tenants/1/uploads/a\n",
        "tenants/1/uploads/a\x00b",
        "tenants/1/uploads/a/b",
        "tenants/\u0661/uploads/a",
        "TENANTS/1/uploads/a",
        ".incoming/a",
    ],
)
async def test_reaches_nothing_by_a_key_it_cannot_make(store: ObjectStore, key: str) -> None:
    for attempt in (read(store, key), store.delete(key), store.put_stream(key, stream(b"x"))):
        with pytest.raises(ObjectMissing):
            await attempt
    assert not belongs_to(key, 1)


async def test_stays_in_its_folder_whatever_the_key(local: LocalStore) -> None:
    for line in shared("abuse/traversal/directory_traversal.txt").read_text(errors="replace").splitlines():
        for key in (line, f"tenants/1/uploads/{line}"):
            with pytest.raises(ObjectMissing):
                await read(local, key)


@pytest.mark.parametrize("suffix", ["", ".csv", ".CSV"])
def test_makes_keys_in_the_prefix_of_the_tenant(suffix: str) -> None:
    key = new_key(7, "uploads", suffix)
    assert belongs_to(key, 7)
    assert not belongs_to(key, 70)
    assert key.endswith(suffix.lower())


@pytest.mark.parametrize("suffix", ["/../../x", ".c/sv", ".php\x00", ". sv", ".a" * 20])
def test_drops_a_suffix_that_is_none(suffix: str) -> None:
    assert "." not in new_key(7, "uploads", suffix)


async def test_says_away_when_there_is_no_room(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = LocalStore(Settings(_env_file=None, storage_local_dir=str(tmp_path / "file" / "inside")))
    with pytest.raises(StorageAway):
        await store.put_stream(new_key(7, "uploads"), stream(b"x"))


async def test_says_away_when_the_bucket_does_not_answer() -> None:
    settings = Settings(
        _env_file=None,
        storage_backend="s3",
        s3_endpoint_url="http://127.0.0.1:9",
        s3_bucket="files",
        s3_access_key_id="key",
        s3_secret_access_key="secret",
    )
    with pytest.raises(StorageAway):
        await open_store(settings).delete(new_key(7, "uploads"))


async def test_a_presigned_link_downloads_an_attachment(s3: S3Store) -> None:
    url = s3.signed_url(new_key(7, "uploads"), filename="a b.csv")
    assert "response-content-disposition=attachment" in url
    assert "X-Amz-Expires=300" in url


def test_opening_a_store_touches_nothing(tmp_path: Path) -> None:
    open_store(Settings(_env_file=None, storage_local_dir=str(tmp_path / "files")))
    open_store(Settings(_env_file=None, storage_backend="s3", s3_bucket="files"))
    assert list(tmp_path.iterdir()) == []
