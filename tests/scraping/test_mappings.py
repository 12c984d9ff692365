"""Saved mappings over the API: keeping them, importing by them, and sources that remember theirs."""

from typing import Any

import httpx
import pytest

from app.integrations.feeds import fields
from app.integrations.feeds.layout import Layout
from app.integrations.feeds.layouts import LAYOUTS
from app.scraping import wordings
from tests.conftest import MakeSeller, Seller
from tests.scraping.feeds import all_products, counters, get, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
MAPPINGS = "/api/v1/scraping/mappings"
HEADER = ("Ours", "What", "Gross", "Net")
ODD = sheet(HEADER, ("A-1", "Lamp", "1.234", "9"), ("A-2", "Chair", "2.500", "8"))
COLUMNS = {"Ours": "sku", "What": "title", "Gross": "price", "Net": "cost"}


async def save(api: httpx.AsyncClient, seller: Seller, **fields_of_it: Any) -> Json:
    answer = await api.post(
        MAPPINGS, headers=seller.headers, json={"name": "Odd list", "columns": COLUMNS, **fields_of_it}
    )
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def prices(api: httpx.AsyncClient, seller: Seller) -> dict[str, tuple[str | None, ...]]:
    return {
        product["sku"]: (product["price"], product["cost"], product["currency"])
        for product in await all_products(api, seller)
    }


def test_every_field_of_a_mapping_is_put_into_words() -> None:
    assert wordings.WORDS.keys() == fields.KINDS.keys() - fields.OF_OUR_EXPORT


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_what_any_layout_proposes_can_be_sent_back(layout: Layout) -> None:
    assert set(layout.names.values()) <= fields.KINDS.keys()


async def test_the_fields_are_listed_with_their_kinds(api: httpx.AsyncClient, seller: Seller) -> None:
    listed = await get(api, seller, "/api/v1/scraping/fields")
    price = next(field for field in listed["items"] if field["name"] == "price")
    assert (price["kind"], price["repeatable"], price["spellings"]) == ("price", False, ["regular_price"])


async def test_a_mapping_is_kept_changed_and_deleted(api: httpx.AsyncClient, seller: Seller) -> None:
    made = await save(api, seller, default_currency="chf", decimal_mark=".")
    address = f"{MAPPINGS}/{made['id']}"
    assert (made["default_currency"], made["version"], made["sources"]) == ("CHF", 1, [])
    first = await api.get(address, headers=seller.headers)
    assert first.json() == made
    again = await api.get(address, headers={**seller.headers, "If-None-Match": first.headers["etag"]})
    assert again.status_code == 304

    changed = await api.patch(
        address, headers={**seller.headers, "If-Match": first.headers["etag"]}, json={"name": "Better"}
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["columns"], changed.json()["version"]) == ("Better", COLUMNS, 2)
    stale = {**seller.headers, "If-Match": first.headers["etag"]}
    for refused in (
        await api.put(address, headers=stale, json={"name": "Worse"}),
        await api.delete(address, headers=stale),
    ):
        assert refused.status_code == 412
    assert (await get(api, seller, MAPPINGS))["items"] == [changed.json()]

    gone = await api.delete(address, headers=seller.headers)
    assert gone.json() == {"id": made["id"], "deleted": True}
    assert (await api.get(address, headers=seller.headers)).status_code == 404


async def test_a_name_is_given_once_in_a_tenant(
    api: httpx.AsyncClient, seller: Seller, make_seller: MakeSeller
) -> None:
    await save(api, seller)
    other = await save(api, seller, name="Other")
    refused = await api.post(MAPPINGS, headers=seller.headers, json={"name": "ODD LIST", "columns": COLUMNS})
    assert (refused.status_code, refused.json()["code"]) == (409, "mapping_name_taken")
    renamed = await api.patch(f"{MAPPINGS}/{other['id']}", headers=seller.headers, json={"name": "odd list"})
    assert (renamed.status_code, renamed.json()["code"]) == (409, "mapping_name_taken")
    stranger = await make_seller()
    await save(api, stranger)
    assert len((await get(api, stranger, MAPPINGS))["items"]) == 1
    hidden = await api.get(f"{MAPPINGS}/{other['id']}", headers=stranger.headers)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "mapping_not_found")


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        ({"columns": {"Ours": "sku", "What": "tittle"}}, "field_unknown", "'What'"),
        ({"columns": {"Ours": "price", "What": "regular_price"}}, "field_twice", "'Ours'"),
        ({"columns": {}}, "too_short", ""),
        ({"columns": COLUMNS, "default_currency": "EURO"}, "currency_unknown", "EURO"),
        ({"columns": COLUMNS, "decimal_mark": ";"}, "literal_error", ""),
        ({"columns": COLUMNS, "header_hash": "abc"}, "string_pattern_mismatch", ""),
        ({"columns": COLUMNS, "name": " "}, "too_short", ""),
    ],
)
async def test_a_mapping_that_cannot_be_meant_is_refused(
    body: Json, code: str, word: str, api: httpx.AsyncClient, seller: Seller
) -> None:
    refused = await api.post(MAPPINGS, headers=seller.headers, json={"name": "Odd list", **body})
    assert refused.status_code == 422
    assert [error["code"] for error in refused.json()["errors"]] == [code]
    assert word in refused.json()["errors"][0]["message"]
    assert (await get(api, seller, MAPPINGS))["items"] == []


async def test_an_import_reads_by_a_saved_mapping_and_says_so(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    made = await save(api, seller, default_currency="CHF", decimal_mark=",")

    job = await upload(api, seller, drain, ODD, mapping_id=made["id"])

    assert job["outcome"] == "ok", job
    assert counters(job) == (2, 0, 0, 0)
    assert await prices(api, seller) == {"A-1": ("1234.00", "9.00", "CHF"), "A-2": ("2500.00", "8.00", "CHF")}
    assert job["result"]["mapping_used"] == {"id": made["id"], "name": "Odd list", "remembered": False}
    assert job["result"]["mapping"] == COLUMNS
    learned = await get(api, seller, f"{MAPPINGS}/{made['id']}")
    assert learned["header_hash"] == job["result"]["header_hash"]
    assert (await get(api, seller, MAPPINGS, header_hash=learned["header_hash"]))["items"] == [learned]


async def test_the_mapping_of_the_request_wins_column_by_column(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await save(api, seller, decimal_mark=".")
    job = await upload(api, seller, drain, ODD, mapping_name="odd LIST", mapping='{"Net": "ignore"}')
    assert job["outcome"] == "ok", job
    assert {sku: price[:2] for sku, price in (await prices(api, seller)).items()} == {
        "A-1": ("1.234", None),
        "A-2": ("2.50", None),
    }


async def test_a_source_remembers_its_mapping_until_that_is_deleted(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    made = await save(api, seller)
    await upload(api, seller, drain, ODD, source="Odd", mapping_id=made["id"], remember_mapping="true")
    assert (await get(api, seller, f"{MAPPINGS}/{made['id']}"))["sources"] == ["Odd"]

    dearer = await upload(api, seller, drain, ODD.replace(b"2.500", b"3.50"), source="odd")
    assert dearer["outcome"] == "ok", dearer
    assert dearer["result"]["mapping_used"] == {"id": made["id"], "name": "Odd list", "remembered": True}
    assert counters(dearer)[1] >= 1
    elsewhere = await upload(api, seller, drain, ODD, source="Another")
    assert (elsewhere["status"], elsewhere["error_code"]) == ("failed", "feed_no_usable_column")

    await api.delete(f"{MAPPINGS}/{made['id']}", headers=seller.headers)
    forgotten = await upload(api, seller, drain, ODD, source="Odd")
    assert (forgotten["status"], forgotten["error_code"]) == ("failed", "feed_no_usable_column")


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"mapping_name": "Nobody"}, 404, "mapping_not_found"),
        ({"mapping_id": "0199c6d2-7f1e-7d52-9c3a-3f6a5a1b2c4d"}, 404, "mapping_not_found"),
        ({"remember_mapping": "true"}, 422, "validation_failed"),
        (
            {"mapping_name": "Odd list", "mapping_id": "0199c6d2-7f1e-7d52-9c3a-3f6a5a1b2c4d"},
            422,
            "validation_failed",
        ),
    ],
)
async def test_an_import_by_a_mapping_that_is_not_there_starts_nothing(
    form: dict[str, str], status: int, code: str, api: httpx.AsyncClient, seller: Seller
) -> None:
    answer = await api.post("/api/v1/scraping/feed", headers=seller.headers, files={"file": ODD}, data=form)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await get(api, seller, "/api/v1/jobs"))["items"] == []
