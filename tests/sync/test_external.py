"""The sync of an external product API: what comes in, what a second one changes, and what its errors lead to."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.intake import sources
from tests.sync.conftest import SYNC, Json, Shop
from tests.sync.product_api import ProductApi

COUNTED = ("created", "updated", "unchanged", "rejected", "archived")


def counters(job: Json) -> tuple[int, ...]:
    return tuple(job["counters"][name] for name in COUNTED)


def versions(products: dict[str, Json]) -> dict[str, tuple[int, str]]:
    return {key: (product["version"], product["updated_at"]) for key, product in products.items()}


async def test_the_194_products_come_in_and_a_second_sync_changes_nothing(shop: Shop, product_api: ProductApi) -> None:
    job = await shop.sync()

    assert (job["status"], job["outcome"], job["job_type"]) == ("completed", "ok", "sync_external_products"), job
    assert counters(job) == (194, 0, 0, 0, 0)
    products = await shop.products()
    for told in product_api.products:
        product = products[str(told["id"])]
        assert product["title"] == " ".join(told["title"].split())
        assert (product["sku"], product["brand"], product["stock"]) == (told["sku"], told.get("brand"), told["stock"])
        assert Decimal(product["price"]) == Decimal(str(told["price"]))
        assert (product["currency"], product["tags"]) == ("USD", told["tags"])
        assert [image["url"] for image in product["images"]] == told["images"]

    assert counters(await shop.sync()) == (0, 0, 194, 0, 0)
    assert versions(await shop.products()) == versions(products)


async def test_only_what_differs_is_changed(shop: Shop, product_api: ProductApi) -> None:
    await shop.sync()
    product_api.products[0] |= {"price": 1.25, "stock": 7}
    product_api.products.append(product_api.products[1] | {"id": 1000, "sku": "NEW-1", "title": "New thing"})

    assert counters(await shop.sync()) == (1, 1, 193, 0, 0)
    products = await shop.products()
    first = products[str(product_api.products[0]["id"])]
    assert (first["price"], first["stock"]) == ("1.25", 7)
    assert products["1000"]["title"] == "New thing"


async def test_the_first_trigger_makes_the_connection_and_its_schedule_and_later_ones_do_not(shop: Shop) -> None:
    for _ in range(2):
        await shop.post("/trigger")
    status = await shop.status()
    assert (status["provider"], status["environment"], status["is_running"]) == ("dummyjson", "sandbox", True)
    (schedule,) = (await shop.get(f"{SYNC}/schedules"))["items"]
    assert (schedule["every_minutes"], schedule["connection_id"]) == (30, status["connection_id"])
    assert schedule["enabled"]
    assert status["next_run_at"] == schedule["next_run_at"]

    deleted = await shop.api.delete(f"{SYNC}/schedule/{schedule['id']}", headers=shop.seller.headers)
    assert deleted.json() == {"id": schedule["id"], "deleted": True}
    await shop.post("/trigger", {"provider": "dummyjson"})
    await shop.post("/trigger", {"connection_id": status["connection_id"]})
    assert (await shop.get(f"{SYNC}/schedules"))["items"] == []
    assert (await shop.status())["next_run_at"] is None


async def test_status_and_history_tell_what_ran(shop: Shop, product_api: ProductApi) -> None:
    good = await shop.sync()
    product_api.fault = lambda _: PlainTextResponse("<html>Sorry</html>")
    bad = await shop.sync()

    status = await shop.status()
    assert (status["last_run"]["id"], status["last_success"]["id"]) == (bad["id"], good["id"])
    assert status["is_running"] is False
    assert status["last_success"]["counters"]["created"] == 194
    assert (status["status"], status["last_error_code"]) == ("failed", bad["error_code"])
    runs = (await shop.get(f"{SYNC}/history?limit=50"))["items"]
    assert [run["id"] for run in runs] == [bad["id"], good["id"]]
    assert (await shop.get(f"{SYNC}/history?status=failed&kind=products"))["items"] == runs[:1]
    assert (await shop.get(f"{SYNC}/history?sync_type=stock"))["items"] == []
    product_api.fault = None
    await shop.sync()
    assert ((await shop.status())["status"], (await shop.status())["last_error"]) == ("connected", None)


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        (JSONResponse({"message": "no"}, 401), "credentials_rejected", "needs_reauth"),
        (PlainTextResponse("<html>Sorry</html>"), "vendor_answer_broken", "failed"),
        (JSONResponse({"items": []}), "vendor_answer_broken", "failed"),
        (JSONResponse({"message": "no"}, 404), "vendor_not_found", "failed"),
    ],
)
async def test_an_answer_that_cannot_be_mended_by_waiting_ends_the_job(
    shop: Shop, product_api: ProductApi, answer: Response, code: str, status: str
) -> None:
    product_api.fault = lambda number: answer if number > 1 else None

    job = await shop.sync()

    if code == "vendor_not_found":
        # Behind the first page it is the end of the list, which is shorter than its total.
        assert job["status"] == "failed"
    else:
        assert (job["status"], job["outcome"], job["error_code"]) == ("failed", "rejected", code), job
        assert (await shop.status())["status"] == status
    assert (await shop.status())["last_error"]
    assert await shop.products() == {}


async def test_a_read_that_breaks_off_in_the_middle_changes_nothing_until_it_is_whole(
    shop: Shop, product_api: ProductApi
) -> None:
    product_api.fault = lambda number: JSONResponse({"message": "down"}, 500) if number > 1 else None

    job = await shop.sync()

    assert (job["status"], job["outcome"], job["error_code"]) == ("failed", "attempts_exhausted", "vendor_unavailable")
    assert await shop.products() == {}
    assert (await shop.status())["last_error_code"] == "vendor_unavailable"

    product_api.fault = None
    again = await shop.api.post(f"/api/v1/jobs/{job['id']}/retry", headers=shop.seller.headers)
    assert again.status_code == 202, again.text
    await shop.work()
    assert counters(await shop.get(f"/api/v1/jobs/{job['id']}")) == (194, 0, 0, 0, 0)
    assert len(await shop.products()) == 194


async def test_what_vanishes_is_archived_and_comes_back_when_it_reappears(shop: Shop, product_api: ProductApi) -> None:
    await shop.sync()
    gone = [product_api.products.pop() for _ in range(3)]

    assert counters(await shop.sync({"mode": "incremental"})) == (0, 0, 191, 0, 0)
    assert {(await shop.products())[str(told["id"])]["status"] for told in gone} == {"published"}
    assert counters(await shop.sync()) == (0, 0, 191, 0, 3)
    products = await shop.products()
    for told in gone:
        product = products[str(told["id"])]
        assert (product["status"], product["archived_reason"]) == ("archived", "gone_from_source")

    product_api.products += gone
    assert counters(await shop.sync())[0] == 0
    products = await shop.products()
    assert {products[str(told["id"])]["status"] for told in gone} == {"published"}


async def test_a_catalogue_that_shrinks_much_waits_for_a_person(shop: Shop, product_api: ProductApi) -> None:
    await shop.sync()
    del product_api.products[50:]

    asked = await shop.sync()

    assert (asked["status"], asked["outcome"]) == ("waiting", "needs_confirmation"), asked
    assert asked["result"]["confirmation"]["vanished"] == 144
    assert {product["status"] for product in (await shop.products()).values()} == {"published"}
    status = await shop.status()
    assert (status["is_running"], status["status"], status["last_run"]["status"]) == (False, "connected", "waiting")

    confirmed = await shop.api.post(f"/api/v1/jobs/{asked['id']}/confirm", headers=shop.seller.headers)
    assert confirmed.status_code == 202, confirmed.text
    await shop.work()
    done = await shop.get(f"/api/v1/jobs/{asked['id']}")
    assert (done["status"], counters(done)) == ("completed", (0, 0, 50, 0, 144)), done
    (run, *_) = (await shop.get(f"{SYNC}/history"))["items"]
    assert (run["id"], run["counters"]["archived"]) == (asked["id"], 144)


async def test_a_newer_sync_discards_one_that_waits_for_a_person(shop: Shop, product_api: ProductApi) -> None:
    await shop.sync()
    whole = list(product_api.products)
    del product_api.products[50:]
    asked = await shop.sync()
    product_api.products[:] = whole

    newer = await shop.sync()

    assert (newer["status"], counters(newer)) == ("completed", (0, 0, 194, 0, 0))
    assert newer["result"]["discarded_import"] == asked["id"]
    assert (await shop.get(f"/api/v1/jobs/{asked['id']}"))["outcome"] == "discarded"


def _repeating(api: ProductApi, number: int) -> Response:
    return JSONResponse({"products": api.products[:100], "total": 194, "skip": 0, "limit": 100})


def _looping(api: ProductApi, number: int) -> Response:
    return JSONResponse({"products": [api.products[number % 3]], "total": 194, "skip": 0, "limit": 1})


def _shrinking(api: ProductApi, number: int) -> Response:
    shown = api.products[: 100 - number]
    return JSONResponse({"products": shown, "total": 194 - number, "skip": 0, "limit": len(shown)})


@pytest.mark.parametrize("answer", [_repeating, _looping, _shrinking])
async def test_pages_that_repeat_loop_or_shrink_are_no_catalogue(
    shop: Shop, product_api: ProductApi, answer: Callable[[ProductApi, int], Response]
) -> None:
    await shop.sync()
    before = versions(await shop.products())
    product_api.fault = lambda number: answer(product_api, number)

    job = await shop.sync()

    assert (job["status"], job["error_code"]) == ("failed", "vendor_unavailable"), job
    assert versions(await shop.products()) == before


async def test_a_sync_can_be_taken_back_and_done_again(shop: Shop, product_api: ProductApi) -> None:
    await shop.sync()
    before = {key: (product["price"], product["stock"]) for key, product in (await shop.products()).items()}
    for told in product_api.products[:20]:
        told["price"], told["stock"] = told["price"] + 1, told["stock"] + 1
    product_api.products.append(product_api.products[1] | {"id": 1000, "sku": "NEW-1", "title": "New thing"})
    changed = await shop.sync()
    assert counters(changed)[:3] == (1, 20, 174)

    undo = await shop.api.post(f"/api/v1/jobs/{changed['id']}/undo", headers=shop.seller.headers)
    assert undo.status_code == 202, undo.text
    await shop.work()

    assert {key: (product["price"], product["stock"]) for key, product in (await shop.products()).items()} == before
    assert counters(await shop.sync())[:3] == (1, 20, 174)


async def test_two_first_triggers_at_once_make_one_connection_and_one_schedule(shop: Shop) -> None:
    jobs = await asyncio.gather(*(shop.post("/trigger") for _ in range(4)))
    assert len({job["params"]["connection_id"] for job in jobs}) == 1
    assert len((await shop.get(f"{SYNC}/schedules"))["items"]) == 1
    assert (await shop.status())["connection_id"] == jobs[0]["params"]["connection_id"]


async def test_no_more_than_a_handful_of_syncs_wait_for_one_connection(shop: Shop) -> None:
    for _ in range(5):
        await shop.post("/trigger")
    refused = await shop.post("/trigger", status=409)
    assert refused["code"] == "too_many_syncs"
    assert len((await shop.get(f"{SYNC}/history"))["items"]) == 5
    await shop.work()
    await shop.post("/trigger")


async def test_a_repeated_trigger_with_its_key_starts_one_sync(shop: Shop) -> None:
    headers = shop.seller.headers | {"Idempotency-Key": "the-first-sync"}
    answers = [await shop.api.post(f"{SYNC}/trigger", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["location"] == f"/api/v1/jobs/{answers[0].json()['id']}"
    assert len((await shop.get(f"{SYNC}/history"))["items"]) == 1


async def test_a_limit_of_calls_puts_the_job_off_and_costs_it_no_attempt(shop: Shop, product_api: ProductApi) -> None:
    headers = {"Retry-After": "600"}
    product_api.fault = lambda number: JSONResponse({"message": "slow down"}, 429, headers) if number == 2 else None

    job = await shop.post("/trigger")
    await shop.worker.drain(shop.seller.tenant_id)

    waiting = await shop.get(f"/api/v1/jobs/{job['id']}")
    assert (waiting["status"], waiting["error_code"]) == ("pending", "waiting_for_turn")
    async with shop.worker.means.system.session() as session:
        due = text(
            "SELECT available_at - now() > interval '9 minutes' FROM outbox WHERE job_id = :id AND sent_at IS NULL"
        )
        assert await session.scalar(due, {"id": UUID(job["id"])})
    await shop.work()
    assert counters(await shop.get(f"/api/v1/jobs/{job['id']}")) == (194, 0, 0, 0, 0)


async def test_a_sync_is_cancelled_within_seconds_while_the_other_side_keeps_silent(
    shop: Shop, product_api: ProductApi
) -> None:
    product_api.is_answering.clear()
    job = await shop.post("/trigger")
    working = asyncio.create_task(shop.worker.drain(shop.seller.tenant_id))
    while not product_api.calls:  # noqa: ASYNC110 (the calls arrive in another thread)
        await asyncio.sleep(0.02)

    cancelled = await shop.api.post(f"/api/v1/jobs/{job['id']}/cancel", headers=shop.seller.headers)
    assert cancelled.status_code == 200
    await asyncio.wait_for(working, 5)

    assert (await shop.get(f"/api/v1/jobs/{job['id']}"))["status"] == "cancelled"
    product_api.is_answering.set()
    assert counters(await shop.sync())[0] == 194


async def test_a_second_sync_of_a_connection_waits_for_the_first(shop: Shop) -> None:
    await shop.sync()
    status = await shop.status()
    first = await shop.post("/trigger")
    async with shop.worker.means.resources.database.session(shop.seller.scope) as session:
        source = await sources.ensure_connection_source(session, UUID(status["connection_id"]), "any")
        assert await sources.take_lease(session, source, UUID(first["id"]))
    second = await shop.post("/trigger")

    delivery = await shop.worker.take(shop.seller.tenant_id)
    assert delivery is not None
    held = await shop.worker.take(shop.seller.tenant_id)
    assert held is not None
    await shop.worker.deliver(held)
    assert (await shop.get(f"/api/v1/jobs/{second['id']}"))["error_code"] == "waiting_for_turn"

    await shop.worker.deliver(delivery)
    await shop.work()
    for job in (first, second):
        assert counters(await shop.get(f"/api/v1/jobs/{job['id']}")) == (0, 0, 194, 0, 0)
