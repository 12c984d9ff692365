"""Full imports: what vanishes is archived and comes back; too much of it, or of price moves, waits for a person."""

from typing import Any

import httpx
import pytest

from app.core.database import Database
from tests.conftest import Seller
from tests.intake.states import checksums
from tests.intake.test_undo import undo
from tests.scraping.feeds import all_products, counters, get, report, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
HEADER = ("sku", "title", "price", "stock")
NAMES = ("created", "updated", "unchanged", "rejected", "archived")


def rows(count: int, price: str = "10.00") -> list[tuple[object, ...]]:
    return [(f"S-{number}", f"Thing {number}", price, 1) for number in range(count)]


async def statuses(api: httpx.AsyncClient, seller: Seller) -> dict[str, tuple[str, str | None]]:
    return {p["sku"]: (p["status"], p["archived_reason"]) for p in await all_products(api, seller)}


async def steer(api: httpx.AsyncClient, seller: Seller, drain: Drain, job: Json, verb: str) -> Json:
    answer = await api.post(f"/api/v1/jobs/{job['id']}/{verb}", headers=seller.headers)
    assert answer.status_code in {200, 202}, answer.text
    await drain(seller.tenant_id)
    return await get(api, seller, f"/api/v1/jobs/{job['id']}")


async def test_what_a_full_file_does_not_name_is_archived_and_comes_back_as_it_was(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(9), ("DRAFT", "No price", "", 1)))
    await upload(api, seller, drain, sheet(HEADER, ("OTHER", "Of another source", "1.00", 1)), source="Supplier B")

    job = await upload(api, seller, drain, sheet(HEADER, *rows(8)), mode="full")

    assert counters(job, NAMES) == (0, 0, 8, 0, 2)
    assert job["counters"]["archived"] == 2
    now = await statuses(api, seller)
    assert now["S-8"] == now["DRAFT"] == ("archived", "gone_from_source")
    assert now["S-0"] == now["OTHER"] == ("published", None)
    back = await upload(api, seller, drain, sheet(HEADER, *rows(9), ("DRAFT", "No price", "", 1)))
    assert counters(back, NAMES) == (0, 2, 8, 0, 0)
    now = await statuses(api, seller)
    assert (now["S-8"], now["DRAFT"]) == (("published", None), ("draft", None))


async def test_an_undo_brings_back_what_a_full_import_archived(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(9)))
    before = await statuses(api, seller)
    job = await upload(api, seller, drain, sheet(HEADER, *rows(8)), mode="full")

    assert (await undo(api, seller, drain, job))["outcome"] == "ok"

    assert await statuses(api, seller) == before
    again = await upload(api, seller, drain, sheet(HEADER, *rows(8)), mode="full")
    assert counters(again, NAMES) == (0, 0, 8, 0, 1)


async def test_goods_on_rejected_rows_do_not_count_as_vanished(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(9)))
    bad = [("S-7", "Thing 7", "abc", 1), (" S-8 ", "Thing 8", "-1", 1)]

    job = await upload(api, seller, drain, sheet(HEADER, *rows(7), *bad), mode="full")

    assert counters(job, NAMES) == (0, 0, 7, 2, 0)
    assert {status for status, _ in (await statuses(api, seller)).values()} == {"published"}


async def test_what_a_person_archived_stays_archived_though_the_file_names_it(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(2)))
    product = (await all_products(api, seller))[0]
    path = f"/api/v1/products/{product['id']}/status"
    assert (await api.post(path, headers=seller.headers, json={"status": "archived"})).status_code == 200

    job = await upload(api, seller, drain, sheet(HEADER, *rows(2)), mode="full")

    assert counters(job, NAMES) == (0, 0, 2, 0, 0)
    assert (await statuses(api, seller))[product["sku"]] == ("archived", None)


async def test_a_read_that_breaks_off_archives_nothing(api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(5)))
    cut = sheet(HEADER, *rows(4)) + b'"S-4","Thing'

    job = await upload(api, seller, drain, cut, mode="full")

    assert {status for status, _ in (await statuses(api, seller)).values()} == {"published"}, job


@pytest.mark.parametrize("what", ["shrinks", "prices"])
async def test_too_much_at_once_waits_before_anything_is_written_and_goes_on_when_confirmed(
    what: str, api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(10)))
    staging = {"staged_products", "staged_variants", "staged_vanished", "sources"}
    before = await checksums(database, seller)
    content, mode = (
        (sheet(HEADER, *rows(4)), "full") if what == "shrinks" else (sheet(HEADER, *rows(10, "99")), "partial")
    )

    job = await upload(api, seller, drain, content, mode=mode)

    assert (job["status"], job["outcome"]) == ("waiting", "needs_confirmation"), job
    changed = {name for name, value in (await checksums(database, seller)).items() if value != before[name]}
    assert changed <= staging
    asked = job["result"]["confirmation"]
    if what == "shrinks":
        assert (asked["reasons"], asked["known"], asked["vanished"]) == (["source_shrinks"], 10, 6)
        assert {sample["external_id"] for sample in asked["vanished_samples"]} == {f"S-{n}" for n in range(4, 10)}
    else:
        assert (asked["reasons"], asked["prices_compared"], asked["prices_moved"]) == (["prices_move"], 10, 10)
        assert (asked["price_samples"][0]["before"], asked["price_samples"][0]["after"]) == ("10.0000", "99.0000")
    assert await report(api, seller, job) == []

    done = await steer(api, seller, drain, job, "confirm")

    assert (done["status"], done["outcome"]) == ("completed", "ok"), done
    expected = (0, 0, 4, 0, 6) if what == "shrinks" else (0, 10, 0, 0, 0)
    assert counters(done, NAMES) == expected


async def test_a_discarded_import_changes_nothing_and_leaves_no_staging(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(10)))
    before = await checksums(database, seller)
    job = await upload(api, seller, drain, sheet(HEADER, *rows(2)), mode="full")

    assert (await steer(api, seller, drain, job, "discard"))["outcome"] == "discarded"

    after = await checksums(database, seller)
    assert {name for name in after if after[name] != before[name]} <= {"sources"}


async def test_a_newer_import_discards_the_one_that_waits_and_both_say_so(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(10)))
    waiting = await upload(api, seller, drain, sheet(HEADER, *rows(2)), mode="full")
    assert waiting["status"] == "waiting"

    newer = await upload(api, seller, drain, sheet(HEADER, *rows(9)), mode="full")

    assert counters(newer, NAMES) == (0, 0, 9, 0, 1)
    assert newer["result"]["discarded_import"] == waiting["id"]
    old = await get(api, seller, f"/api/v1/jobs/{waiting['id']}")
    assert (old["status"], old["outcome"], newer["id"] in old["error_message"]) == ("cancelled", "discarded", True)
    answer = await api.post(f"/api/v1/jobs/{waiting['id']}/confirm", headers=seller.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_waiting")
    assert newer["id"] in answer.json()["detail"]


async def test_the_rejected_rows_of_a_waiting_import_can_be_downloaded(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(10)))
    job = await upload(api, seller, drain, sheet(HEADER, *rows(2), ("X", "Bad", "abc", 1)), mode="full")
    assert job["status"] == "waiting"

    answer = await api.get(
        f"/api/v1/scraping/feed/{job['id']}/report", headers=seller.headers, params={"format": "csv"}
    )

    assert (answer.status_code, b"price_invalid" in answer.content) == (200, True)


async def test_a_source_has_limits_of_its_own(api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(10)))
    (source,) = (await get(api, seller, "/api/v1/scraping/sources"))["items"]
    assert (source["name"], source["kind"], source["limits"]["shrink_share"]) == ("upload", "upload", 0.25)
    path = f"/api/v1/scraping/sources/{source['id']}"

    answer = await api.patch(path, headers=seller.headers, json={"shrink_share": 1, "price_share": 1})

    assert (answer.status_code, answer.json()["own_limits"]) == (200, {"shrink_share": 1.0, "price_share": 1.0})
    job = await upload(api, seller, drain, sheet(HEADER, *rows(2, "99")), mode="full")
    assert counters(job, NAMES) == (0, 2, 0, 0, 8)
    back = await api.patch(path, headers=seller.headers, json={"shrink_share": None})
    assert (back.json()["limits"]["shrink_share"], back.json()["own_limits"]) == (0.25, {"price_share": 1.0})
    assert (await get(api, seller, path))["limits"]["price_share"] == 1.0


@pytest.mark.parametrize("body", [{"shrink_share": 2}, {"price_move": -1}, {"colour": 1}])
async def test_wrong_limits_are_refused(body: Json, api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(1)))
    (source,) = (await get(api, seller, "/api/v1/scraping/sources"))["items"]

    answer = await api.patch(f"/api/v1/scraping/sources/{source['id']}", headers=seller.headers, json=body)

    assert answer.status_code == 422
    assert (await get(api, seller, "/api/v1/scraping/sources"))["items"] == [source]


async def test_sources_of_others_are_not_found(
    api: httpx.AsyncClient, seller: Seller, make_seller: Any, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, *rows(1)))
    (source,) = (await get(api, seller, "/api/v1/scraping/sources"))["items"]
    stranger = await make_seller()

    for method in ("GET", "PATCH"):
        answer = await api.request(
            method, f"/api/v1/scraping/sources/{source['id']}", headers=stranger.headers, json={"shrink_share": 1}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "source_not_found")
