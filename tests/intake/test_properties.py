"""Whatever the catalogue and whatever the file: a preview tells what the import does, and an undo takes it back."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import MakeSeller, Seller
from tests.intake.states import visible
from tests.intake.test_full import steer
from tests.intake.test_preview import comparable
from tests.intake.test_undo import undo
from tests.scraping.feeds import report, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
T = TypeVar("T")
HEADER = ("sku", "title", "price", "stock", "category", "image_url", "tags", "gtin")
GTINS = ("4006381333931", "9780306406157", "5901234123457")

rows = st.tuples(
    st.sampled_from([f"S-{number}" for number in range(6)] + [""]),
    st.sampled_from(["Lamp", "Chair", "Vase", ""]),
    st.sampled_from(["1.00", "1.10", "20", "0", "", "abc"]),
    st.sampled_from([0, 1, 7, ""]),
    st.sampled_from(["", "Home", "Home > Light", "Garden > Pots"]),
    st.sampled_from(["", "https://x.example/1.jpg", "https://x.example/2.jpg"]),
    st.sampled_from(["", "a", "b,a"]),
    st.sampled_from(["", "", *GTINS]),
)
files = st.lists(rows, min_size=1, max_size=8)
uploads = st.tuples(files, st.sampled_from(["upload", "Supplier B"]), st.sampled_from(["partial", "full"]))


async def test_a_preview_equals_its_import_and_an_undo_restores_what_was_before(
    api: httpx.AsyncClient, make_seller: MakeSeller, drain: Drain
) -> None:
    loop = asyncio.get_running_loop()

    def wait_for(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(catalogue=st.lists(uploads, min_size=1, max_size=2), then=uploads)
    def check(catalogue: list[Any], then: Any) -> None:
        seller = wait_for(make_seller())
        for earlier in catalogue:
            wait_for(bring_in(api, seller, drain, earlier))
        wait_for(preview_import_and_undo(api, seller, drain, then))

    await asyncio.to_thread(check)


async def bring_in(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, given_file: Any, **more: str
) -> dict[str, Any]:
    content, source, mode = given_file
    job = await upload(api, seller, drain, sheet(HEADER, *content), source=source, mode=mode, **more)
    return await steer(api, seller, drain, job, "confirm") if job["status"] == "waiting" else job


async def preview_import_and_undo(api: httpx.AsyncClient, seller: Seller, drain: Drain, given_file: Any) -> None:
    before = await visible(api, seller)
    preview = await bring_in(api, seller, drain, given_file, dry_run="true")
    assert await visible(api, seller) == before

    job = await bring_in(api, seller, drain, given_file)
    shown, done = await report(api, seller, preview), await report(api, seller, job)
    assert comparable(shown) == comparable(done)

    undone = await undo(api, seller, drain, job)
    assert undone["outcome"] == "ok", undone
    assert await visible(api, seller) == before
