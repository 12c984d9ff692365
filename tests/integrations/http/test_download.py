# ruff: noqa: ASYNC240 (a look at a small file of the test)
"""Files come whole or not at all, under a cap, and once: an unchanged one is not sent again."""

import gzip
import hashlib
from pathlib import Path

import pytest

from app.integrations.contracts.errors import AddressRefused, AnswerTooLarge, NotFound, Unavailable
from app.integrations.http import Client, download
from tests.integrations.http.conftest import MakeClient
from tests.integrations.http.stage import Asked, Stage, answer

BODY = b"sku,title\r\n" + b"a-1,A mug\r\n" * 300_000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "feed"


async def test_a_file_is_streamed_to_disk_and_described(stage: Stage, client: Client, target: Path) -> None:
    stage.plays("/old.csv", answer(301, location="/feeds/goods.csv?key=1"))
    stage.plays(
        "/feeds/goods.csv",
        answer(
            200, BODY, content_type="Text/CSV; charset=utf-8", etag='"7"', last_modified="Sun, 22 Nov 2026 10:00:00 GMT"
        ),
    )
    told: list[tuple[int, int | None]] = []

    async def tell(done: int, total: int | None) -> None:
        told.append((done, total))

    got = await download(client, f"{stage.origin}/old.csv", target, max_bytes=10_000_000, told=tell)

    assert target.read_bytes() == BODY
    assert (got.size, got.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())
    assert (got.content_type, got.filename, got.etag) == ("text/csv", "goods.csv", '"7"')
    assert got.last_modified == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert got.url == f"{stage.origin}/feeds/goods.csv?key=1"
    assert not got.unchanged
    assert len(told) == 3
    assert all(total == len(BODY) for _, total in told)


async def test_an_unchanged_file_is_not_sent_again(stage: Stage, client: Client, target: Path) -> None:
    async def conditional(asked: Asked, writer) -> None:
        is_same = asked.headers.get("if-none-match") == '"7"'
        writer.write(answer(304) if is_same else answer(200, BODY, etag='"7"'))
        await writer.drain()

    stage.scenes["/feed"] = conditional
    first = await download(client, f"{stage.origin}/feed", target, max_bytes=10_000_000)
    second = await download(
        client, f"{stage.origin}/feed", target, max_bytes=10_000_000, etag=first.etag, last_modified="yesterday"
    )
    assert second.unchanged
    assert second.etag == '"7"'
    assert stage.asked[1].headers["if-modified-since"] == "yesterday"
    assert target.read_bytes() == BODY


async def test_a_packed_transfer_is_unpacked_and_the_cap_counts_what_comes_out(
    stage: Stage, client: Client, target: Path
) -> None:
    stage.plays("/feed", answer(200, gzip.compress(BODY), content_encoding="gzip"))
    got = await download(client, f"{stage.origin}/feed", target, max_bytes=len(BODY))
    assert got.size == len(BODY)
    with pytest.raises(AnswerTooLarge):
        await download(client, f"{stage.origin}/feed", target, max_bytes=len(BODY) - 1)
    assert not target.exists()


async def test_a_compressed_file_stays_as_it_is(stage: Stage, client: Client, target: Path) -> None:
    stage.plays("/feed.csv.gz", answer(200, gzip.compress(BODY), content_type="application/gzip"))
    await download(client, f"{stage.origin}/feed.csv.gz", target, max_bytes=10_000_000)
    assert gzip.decompress(target.read_bytes()) == BODY


async def test_a_file_that_broke_off_is_begun_anew(stage: Stage, client: Client, target: Path) -> None:
    stage.plays("/feed", answer(200, BODY)[:-100_000], answer(200, BODY))
    got = await download(client, f"{stage.origin}/feed", target, max_bytes=10_000_000)
    assert got.sha256 == hashlib.sha256(BODY).hexdigest()
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    ("said", "error"), [(answer(404), NotFound), (answer(503), Unavailable), (answer(200, BODY)[:-5], Unavailable)]
)
async def test_a_failure_leaves_no_file(
    said: bytes, error: type[Exception], stage: Stage, client: Client, target: Path
) -> None:
    stage.plays("/feed", said)
    with pytest.raises(error):
        await download(client, f"{stage.origin}/feed", target, max_bytes=10_000_000)
    assert not target.exists()


async def test_an_address_that_is_not_called_leaves_no_file(client: Client, target: Path) -> None:
    with pytest.raises(AddressRefused, match="user name or password"):
        await download(client, "https://me:secret@feeds.example/x.csv", target, max_bytes=1000)
    assert not target.exists()


async def test_whoever_is_told_may_stop_it(stage: Stage, client: Client, target: Path) -> None:
    class Stopped(Exception):
        pass

    async def stop(_done: int, _total: int | None) -> None:
        raise Stopped

    stage.plays("/feed", answer(200, BODY))
    with pytest.raises(Stopped):
        await download(client, f"{stage.origin}/feed", target, max_bytes=10_000_000, told=stop)
    assert not target.exists()
    assert len(stage.asked) == 1


@pytest.mark.parametrize(
    ("disposition", "path", "filename"),
    [
        ('attachment; filename="goods of may.csv"', "/x", "goods of may.csv"),
        ("attachment; filename=../../etc/passwd", "/x", "passwd"),
        ('attachment; filename="..\\\\evil.csv"; size=3', "/x", "evil.csv"),
        (None, "/a/b.xml", "b.xml"),
        (None, "/a/", None),
    ],
)
async def test_a_name_is_only_ever_a_name(  # noqa: PLR0917 - cases and fixtures
    disposition: str | None, path: str, filename: str | None, stage: Stage, make_client: MakeClient, tmp_path: Path
) -> None:
    stage.plays(path, answer(200, b"x", **({"content_disposition": disposition} if disposition else {})))
    got = await download(make_client(), f"{stage.origin}{path}", tmp_path / "feed", max_bytes=10)
    assert got.filename == filename
