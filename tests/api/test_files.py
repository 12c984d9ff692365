"""Links to local files open exactly one file, for a while, as an attachment."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import time_machine

from app.core import clock
from app.core.config import Settings
from app.core.storage import LocalStore, new_key


async def stream(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
def store(settings: Settings) -> LocalStore:
    return LocalStore(settings)


@pytest.fixture
async def key(store: LocalStore) -> str:
    made = new_key(7, "uploads", ".html")
    await store.put_stream(made, stream(b"<script>alert(1)</script>"))
    return made


def local_part(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return f"{parts.path}?{urlencode(query)}"


async def test_downloads_as_an_attachment_that_no_browser_runs(
    probe: httpx.AsyncClient, store: LocalStore, key: str
) -> None:
    answer = await probe.get(local_part(store.signed_url(key, filename='a "b"\r\nX: y é.html')))
    assert (answer.status_code, answer.content) == (200, b"<script>alert(1)</script>")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (
        answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20%22b%22%0D%0AX%3A%20y%20%C3%A9.html"
    )
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "x" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"filename": "other"},
        {"expires": "9999999999"},
        {"signature": "00"},
        {"signature": ""},
        {"signature": "not hex"},
        {"signature": "00" * 16},
    ],
)
async def test_a_changed_link_opens_nothing(
    probe: httpx.AsyncClient, store: LocalStore, key: str, changes: dict[str, str]
) -> None:
    answer = await probe.get(local_part(store.signed_url(key, filename="a.csv"), **changes))
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")


async def test_a_link_opens_no_other_file(probe: httpx.AsyncClient, store: LocalStore, key: str) -> None:
    url = local_part(store.signed_url(new_key(7, "uploads"), filename="a.csv"))
    other = url.replace(url.split("?")[0], f"/api/v1/files/{key}")
    assert (await probe.get(other)).status_code == 404


async def test_a_link_ends(probe: httpx.AsyncClient, store: LocalStore, key: str) -> None:
    with time_machine.travel(clock.now() - timedelta(seconds=299), tick=False):
        fresh = local_part(store.signed_url(key, filename="a.csv"))
    with time_machine.travel(clock.now() - timedelta(seconds=301), tick=False):
        ended = local_part(store.signed_url(key, filename="a.csv"))
    assert (await probe.get(fresh)).status_code == 200
    assert (await probe.get(ended)).status_code == 404


async def test_a_deleted_file_is_missing(probe: httpx.AsyncClient, store: LocalStore, key: str) -> None:
    url = local_part(store.signed_url(key, filename="a.csv"))
    await store.delete(key)
    answer = await probe.get(url)
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")
