"""Suppliers over the API: connecting by a real call, how one stands, changing, disconnecting, and syncs of goods."""

import logging

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.integrations.contracts.errors import AuthExpired, RateLimited, Unavailable
from tests.conftest import MakeSeller
from tests.suppliers.conftest import Desk, Json
from tests.suppliers.warehouse import Warehouse


async def rows(database: Database, desk: Desk, query: str) -> list[tuple[object, ...]]:
    async with database.session(desk.seller.scope) as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def test_an_account_is_connected_after_a_real_call_and_its_secret_is_never_shown(
    desk: Desk, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = await desk.connect(settings={"language": "de"})
    assert (made["vendor"], made["name"], made["environment"]) == ("warehouse", "Warehouse", "sandbox")
    assert (made["status"], made["account"], made["settings"]) == ("connected", "Account 1", {"language": "de"})
    assert made["credentials"] == {"api_key": "[redacted]"}
    (call,) = warehouse.calls
    assert call.credentials == {"api_key": "key-one"}
    assert call.settings.model_dump()["base_url"].endswith("/warehouse")
    shown = [await desk.ask("GET", "/list"), await desk.ask("GET", f"/{made['id']}/status"), made, caplog.text]
    assert "key-one" not in str(shown)
    schedules = (await desk.ask("GET", "/api/v1/sync/schedules"))["items"]
    assert {(each["kind"], each["every_minutes"]) for each in schedules} >= {("products", 1440)}


async def test_texts_come_in_the_language_of_the_tenant_unless_told_otherwise(desk: Desk, warehouse: Warehouse) -> None:
    await desk.connect()
    assert warehouse.calls[0].settings.model_dump()["language"] == "en"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"api_key": "wrong"}, "credentials_rejected"),
        ({"credentials": {"user": "x"}, "api_key": None}, "credentials_incomplete"),
        ({"api_key": None}, "credentials_incomplete"),
        ({"credentials": {"api_key": "key-one"}}, "validation_failed"),
        ({"settings": {"nonsense": 1}}, "connection_settings_invalid"),
        ({"vendor": "nobody"}, "supplier_unknown"),
        ({"api_key": "key\r\none"}, "validation_failed"),
    ],
)
async def test_a_refusal_stores_nothing_and_repeats_no_secret(
    desk: Desk, warehouse: Warehouse, database: Database, body: Json, code: str
) -> None:
    refused = await desk.connect(422, **body)
    assert refused["code"] == code
    assert "key-one" not in str(refused)
    assert "wrong" not in str(refused).replace("are wrong", "")
    for table in ("connections", "connection_secrets", "schedules"):
        assert await rows(database, desk, f"SELECT 1 FROM {table}") == []


async def test_a_vendor_that_is_away_is_not_connected(desk: Desk, warehouse: Warehouse) -> None:
    warehouse.fault = Unavailable("away")
    assert (await desk.connect(503))["code"] == "vendor_unavailable"
    assert (await desk.ask("GET", "/list"))["items"] == []


async def test_one_account_is_connected_once(desk: Desk, warehouse: Warehouse) -> None:
    made = await desk.connect()
    warehouse.accounts["key-new"] = "1"
    for key in ("key-one", "key-new"):
        refused = await desk.connect(409, api_key=key)
        assert (refused["code"], refused["connection_id"]) == ("already_connected", made["id"])
    second = await desk.ask("POST", "/connect", {"supplier_type": "warehouse", "api_key": "key-two"}, 201)
    assert second["name"] == "Warehouse 2"


async def test_the_vendors_say_what_they_want_to_know(desk: Desk, warehouse: Warehouse) -> None:
    vendors = {each["vendor"]: each for each in (await desk.ask("GET", "/vendors"))["items"]}
    mine = vendors["warehouse"]
    assert (mine["auth"], mine["credentials"], mine["sandbox_credentials"]) == (
        "key",
        ["api_key"],
        {"api_key": "key-one"},
    )
    assert set(mine["settings_schema"]["properties"]) == {"language", "base_url"}
    assert vendors["dummyjson"]["kinds"] == ["products"]


async def test_goods_come_in_and_the_status_tells_it(desk: Desk, warehouse: Warehouse) -> None:
    made = await desk.connect()
    assert (await desk.ask("GET", f"/{made['id']}/status"))["health"] == "never_synced"
    (job,) = await desk.sync(made)
    assert (job["job_type"], job["outcome"]) == ("sync_supplier_products", "ok"), job
    assert len(await desk.products()) == 5

    status = await desk.ask("GET", f"/{made['id']}/status")
    assert (status["health"], status["is_running"]) == ("ok", False)
    assert status["counts"] == {"products": 5, "offers": 5, "in_stock": 5, "unknown_stock": 0}
    assert status["last_run"]["id"] == status["runs"][0]["id"] == job["id"]
    assert status["freshness"]["products_read_at"] == job["completed_at"]
    assert status["next_run_at"] is not None


async def test_refused_credentials_wait_for_a_person_and_connecting_again_goes_on(
    desk: Desk, warehouse: Warehouse
) -> None:
    made = await desk.connect()
    warehouse.accounts = {"key-new": "1", "key-two": "2"}
    (job,) = await desk.sync(made)
    assert (job["status"], job["error_code"]) == ("failed", "credentials_rejected")
    assert (await desk.ask("GET", f"/{made['id']}/status"))["health"] == "waits_for_person"
    calls = len(warehouse.calls)
    (job,) = await desk.sync(made)
    assert job["error_code"] == "connection_needs_reauth"
    assert len(warehouse.calls) == calls, "a key that was refused is not tried again and again"

    refused = await desk.ask("PATCH", f"/{made['id']}", {"api_key": "key-one"}, 422)
    assert refused["code"] == "credentials_rejected"
    differs = await desk.ask("PATCH", f"/{made['id']}", {"api_key": "key-two"}, 409)
    assert differs["code"] == "account_differs"
    assert (await desk.ask("PATCH", f"/{made['id']}", {"api_key": "key-new"}))["status"] == "connected"
    assert (await desk.sync(made))[0]["outcome"] == "ok"


async def test_a_pause_holds_syncs_until_it_ends(desk: Desk, warehouse: Warehouse) -> None:
    made = await desk.connect()
    paused = await desk.ask("PATCH", f"/{made['id']}", {"paused": True, "name": "Shelf"})
    assert (paused["status"], paused["name"]) == ("paused", "Shelf")
    refused = await desk.ask("POST", "/sync", {"supplier_id": made["id"]}, 409)
    assert refused["code"] == "connection_paused"
    assert (await desk.ask("PATCH", f"/{made['id']}", {"paused": False}))["status"] == "connected"
    assert (await desk.sync(made))[0]["outcome"] == "ok"


async def test_settings_are_tried_before_they_count(desk: Desk, warehouse: Warehouse) -> None:
    made = await desk.connect(settings={"language": "de"})
    warehouse.fault = AuthExpired("not in this language")
    await desk.ask("PATCH", f"/{made['id']}", {"settings": {"language": "fr"}}, 422)
    warehouse.fault = None
    assert (await desk.ask("GET", f"/{made['id']}/status"))["settings"] == {"language": "de"}
    changed = await desk.ask("PATCH", f"/{made['id']}", {"settings": {"language": "fr"}})
    assert changed["settings"] == {"language": "fr"}
    assert (await desk.ask("PATCH", f"/{made['id']}", {"settings": {"language": None}}))["settings"] == {}
    assert (await desk.sync(made))[0]["outcome"] == "ok"


async def test_a_disconnected_supplier_leaves_its_goods_and_nothing_else(
    desk: Desk, warehouse: Warehouse, database: Database
) -> None:
    made = await desk.connect()
    await desk.sync(made)
    waiting = await desk.ask("POST", "/sync", {"supplier_id": made["id"]}, 202)
    gone = await desk.ask("DELETE", f"/{made['id']}")
    assert gone == {"id": made["id"], "deleted": True, "offers_removed": 5, "products_kept": 5}
    await desk.work()
    assert (await desk.ask("GET", f"/api/v1/jobs/{waiting['id']}"))["status"] == "cancelled"
    for table in ("connections", "connection_secrets", "schedules", "offers"):
        assert await rows(database, desk, f"SELECT 1 FROM {table}") == []
    assert {product["stock"] for product in (await desk.products()).values()} == {3}
    await desk.ask("GET", f"/{made['id']}/status", status=404)


async def test_the_same_account_connected_again_goes_on_with_its_goods(desk: Desk, warehouse: Warehouse) -> None:
    made = await desk.connect()
    await desk.sync(made)
    before = {title: product["id"] for title, product in (await desk.products()).items()}
    await desk.ask("DELETE", f"/{made['id']}")
    again = await desk.connect(name="The same")
    (job,) = await desk.sync(again)
    assert (job["outcome"], job["counters"]["created"]) == ("ok", 0), job
    assert {title: product["id"] for title, product in (await desk.products()).items()} == before
    assert (await desk.ask("GET", f"/{again['id']}/status"))["counts"]["offers"] == 5


async def test_goods_that_a_broken_read_did_not_reach_are_not_archived(desk: Desk, warehouse: Warehouse) -> None:
    made = await desk.connect()
    await desk.sync(made)
    warehouse.fault, warehouse.fault_after = Unavailable("cut"), 1
    (job,) = await desk.sync(made)
    assert job["status"] == "failed"
    assert {product["status"] for product in (await desk.products()).values()} == {"published"}
    assert (await desk.ask("GET", f"/{made['id']}/status"))["health"] == "failing"


async def test_a_limit_that_was_met_puts_the_sync_off(desk: Desk, warehouse: Warehouse) -> None:
    made = await desk.connect()
    warehouse.fault = RateLimited("slow down", retry_after=120)
    started = await desk.ask("POST", "/sync", {"supplier_id": "warehouse"}, 202)
    await desk.worker.drain(desk.seller.tenant_id)
    job = await desk.ask("GET", f"/api/v1/jobs/{started['id']}")
    assert (job["status"], job["error_code"]) == ("pending", "waiting_for_turn"), job
    warehouse.fault = None
    await desk.work()
    assert (await desk.ask("GET", f"/api/v1/jobs/{started['id']}"))["outcome"] == "ok"
    assert (await desk.ask("GET", f"/{made['id']}/status"))["health"] == "ok"


async def test_suppliers_of_others_are_not_there(desk: Desk, warehouse: Warehouse, make_seller: MakeSeller) -> None:
    made = await desk.connect()
    stranger = Desk(desk.api, await make_seller(), desk.worker)
    assert (await stranger.ask("GET", "/list"))["items"] == []
    await stranger.ask("GET", f"/{made['id']}/status", status=404)
    await stranger.ask("PATCH", f"/{made['id']}", {"name": "x"}, 404)
    await stranger.ask("DELETE", f"/{made['id']}", status=404)
    await stranger.ask("POST", "/sync", {"supplier_id": made["id"]}, 404)
    assert (await stranger.connect())["status"] == "connected"
