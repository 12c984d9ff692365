"""Imports over the API: what a second file does, what is refused and how, and the way back from the report."""

import csv
import io

import httpx
import pytest

from tests.conftest import MakeSeller, Seller
from tests.scraping.feeds import all_products, counters, get, report, sheet, upload
from tests.support.drain import Drain

HEADER = ("sku", "title", "price", "stock")
LAMP, CHAIR = ("LAMP-1", "Desk lamp", "19.90", 5), ("CHAIR-1", "Oak chair", "89.00", 2)


async def test_a_second_file_updates_what_differs_and_leaves_what_it_does_not_name(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))

    job = await upload(api, seller, drain, sheet(HEADER, ("LAMP-1", "Desk lamp", "17.50", 4), ("VASE-1", "Vase", 5, 1)))

    assert counters(job) == (1, 1, 0, 0)
    found = {product["sku"]: (product["price"], product["stock"]) for product in await all_products(api, seller)}
    assert found == {"LAMP-1": ("17.50", 4), "CHAIR-1": ("89.00", 2), "VASE-1": ("5.00", 1)}


async def test_an_edited_field_is_kept_and_the_report_says_so(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP))
    (lamp,) = await all_products(api, seller)
    edited = await api.patch(f"/api/v1/products/{lamp['id']}", headers=seller.headers, json={"title": "My lamp"})
    assert edited.status_code == 200, edited.text

    job = await upload(api, seller, drain, sheet(HEADER, ("LAMP-1", "Their lamp", "18.00", 5)))

    (lamp,) = await all_products(api, seller)
    assert (lamp["title"], lamp["price"]) == ("My lamp", "18.00")
    assert counters(job) == (0, 1, 0, 0)
    (warning,) = await report(api, seller, job, action="warning")
    assert (warning["code"], "title" in warning["message"]) == ("locked_field_kept", True)


async def test_a_deleted_product_stays_deleted_and_its_row_is_rejected(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))
    lamp = next(product for product in await all_products(api, seller) if product["sku"] == "LAMP-1")
    await api.delete(f"/api/v1/products/{lamp['id']}", headers=seller.headers)

    job = await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))

    assert counters(job) == (0, 0, 1, 1)
    (rejected,) = await report(api, seller, job, action="rejected")
    assert (rejected["line"], rejected["code"]) == (2, "product_deleted")
    assert [product["sku"] for product in await all_products(api, seller)] == ["CHAIR-1"]


async def test_a_product_without_a_title_comes_in_as_a_draft_named_by_its_id_until_it_gets_one(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    job = await upload(api, seller, drain, sheet(HEADER, LAMP, ("VASE-1", "", "5.00", 1)))

    assert (job["status"], counters(job)) == ("completed", (2, 0, 0, 0))
    (warning,) = await report(api, seller, job, action="warning")
    assert (warning["line"], warning["code"]) == (3, "title_missing")
    (vase,) = (product for product in await all_products(api, seller) if product["sku"] == "VASE-1")
    assert (vase["title"], vase["status"], vase["price"]) == ("VASE-1", "draft", "5.00")

    job = await upload(api, seller, drain, sheet(HEADER, LAMP, ("VASE-1", "Vase", "5.00", 1)))

    assert counters(job) == (0, 1, 1, 0)
    (vase,) = (product for product in await all_products(api, seller) if product["sku"] == "VASE-1")
    assert (vase["title"], vase["status"]) == ("Vase", "draft")


@pytest.mark.parametrize(
    ("row", "code_part"),
    [
        (("LAMP-1", "Lamp again", "1.00", 1), "duplicate"),
        (("BAD-1", "Bad", "abc", 1), "price"),
        (("BAD-1", "Bad", "-5", 1), "price"),
        (("BAD-1", "Bad", "1e400", 1), "price"),
        (("", "Nameless", "5.00", 1), "identity"),
    ],
)
async def test_a_bad_row_is_rejected_with_its_reason_and_the_good_ones_go_in(
    row: tuple[object, ...], code_part: str, api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    job = await upload(api, seller, drain, sheet(HEADER, LAMP, row, CHAIR))

    assert (job["status"], job["outcome"]) == ("completed", "partial")
    assert counters(job) == (2, 0, 0, 1)
    assert (job["items_total"], job["items_processed"], job["items_failed"]) == (3, 3, 1)
    assert job["counters"]["rejected"] == 1
    (rejected,) = await report(api, seller, job, action="rejected")
    assert rejected["line"] == 3
    assert code_part in rejected["code"], rejected
    assert rejected["raw"]["title"] == row[1]


async def test_the_rejected_rows_corrected_and_uploaded_end_clean(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    first = await upload(
        api, seller, drain, sheet(HEADER, LAMP, ("LAMP-1", "Lamp again", "1.00", 1), ("VASE-1", "Vase", "abc", 1))
    )
    path = f"/api/v1/scraping/feed/{first['id']}/report"
    answer = await api.get(path, headers=seller.headers, params={"format": "csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["error_line"], row["error_code"]) for row in rows] == [
        ("3", "duplicate_in_file"),
        ("4", "price_invalid"),
    ]

    corrected = answer.content.replace(b'"LAMP-1"', b'"LAMP-2"').replace(b'"abc"', b'"7.00"')
    second = await upload(api, seller, drain, corrected, "rejected-rows.csv")

    assert counters(second) == (2, 0, 0, 0)
    assert {product["sku"] for product in await all_products(api, seller)} == {"LAMP-1", "LAMP-2", "VASE-1"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "feed_empty"),
        (b"sku,title,price\n", "feed_header_only"),
        (b"colour,mood\nred,good\nblue,bad\n", "feed_no_usable_column"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "feed_binary"),
        (b"sku,title,price\nA,a\x00b,1\n", "feed_nul_byte"),
        (b'sku,title,price\nA,Lamp,1\nB,"never closed,2\nC,Vase,3\n', "feed_unbalanced_quotes"),
    ],
)
async def test_a_file_that_is_no_feed_changes_nothing_and_says_why(
    content: bytes, code: str, api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    job = await upload(api, seller, drain, content)

    assert (job["status"], job["outcome"], job["error_code"]) == ("failed", "rejected", code)
    assert len(job["error_message"]) > 30
    assert await all_products(api, seller) == []
    assert await report(api, seller, job) == []


async def test_script_in_a_description_is_taken_out(api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    html = "<p onclick=alert(1)>Fine <script>alert(2)</script><b>lamp</b></p>"
    await upload(api, seller, drain, sheet((*HEADER, "description"), (*LAMP, html)))

    (lamp,) = await all_products(api, seller)
    assert lamp["description"] == "<p>Fine <b>lamp</b></p>"


async def test_the_same_goods_of_another_source_become_an_offer_and_keep_their_content(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    header = ("sku", "title", "price", "gtin")
    await upload(api, seller, drain, sheet(header, ("OURS-1", "Our lamp", "20.00", "4006381333931")))

    job = await upload(
        api, seller, drain, sheet(header, ("THEIRS-9", "Their lamp", "11.00", "4006381333931")), source="Supplier B"
    )

    (lamp,) = await all_products(api, seller)
    assert (lamp["title"], lamp["price"]) == ("Our lamp", "20.00")
    assert {source["source"]: source["external_id"] for source in lamp["sources"]} == {
        "upload": "OURS-1",
        "Supplier B": "THEIRS-9",
    }
    assert counters(job) == (0, 1, 0, 0)


async def test_the_sellers_own_file_finds_hand_made_goods_by_sku(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    made = await api.post(
        "/api/v1/products", headers=seller.headers, json={"title": "Lamp", "sku": "LAMP-1", "price": "10"}
    )
    assert made.status_code == 201, made.text

    job = await upload(api, seller, drain, sheet(HEADER, LAMP))

    (lamp,) = await all_products(api, seller)
    assert (lamp["id"], lamp["price"], lamp["stock"]) == (made.json()["id"], "19.90", 5)
    assert counters(job) == (0, 1, 0, 0)


async def test_a_second_own_file_still_updates_goods_that_were_made_by_hand(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    body = {"title": "Lamp", "sku": "LAMP-1", "price": "10"}
    assert (await api.post("/api/v1/products", headers=seller.headers, json=body)).status_code == 201
    await upload(api, seller, drain, sheet(HEADER, LAMP))

    job = await upload(api, seller, drain, sheet(HEADER, ("LAMP-1", "Desk lamp", "18.00", 4)))

    (lamp,) = await all_products(api, seller)
    assert (lamp["price"], lamp["stock"], counters(job)) == ("18.00", 4, (0, 1, 0, 0))


async def test_an_upload_repeated_under_its_key_is_one_import(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    headers = {**seller.headers, "Idempotency-Key": "import-1"}

    async def send(content: bytes) -> httpx.Response:
        return await api.post("/api/v1/scraping/feed", headers=headers, files={"file": ("feed.csv", content)})

    first, second = await send(sheet(HEADER, LAMP)), await send(sheet(HEADER, LAMP))
    other = await send(sheet(HEADER, CHAIR))

    assert first.status_code == second.status_code == 202
    assert first.json()["job_id"] == second.json()["job_id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    jobs = await get(api, seller, "/api/v1/jobs", job_type="import_csv_products")
    assert len(jobs["items"]) == 1


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"mode": "wild"}, "mode"),
        ({"mapping": "[1]"}, "mapping"),
        ({"mapping": "{"}, "mapping"),
        ({"colour": "x"}, "colour"),
    ],
)
async def test_wrong_fields_beside_the_file_are_named(
    fields: dict[str, str], loc: str, api: httpx.AsyncClient, seller: Seller
) -> None:
    answer = await api.post(
        "/api/v1/scraping/feed", headers=seller.headers, files={"file": ("f.csv", b"sku,title\nA,B\n")}, data=fields
    )

    assert answer.status_code == 422
    assert loc in answer.json()["errors"][0]["loc"]
    jobs = await get(api, seller, "/api/v1/jobs")
    assert jobs["items"] == []


async def test_reports_of_others_are_not_found(
    api: httpx.AsyncClient, seller: Seller, make_seller: MakeSeller, drain: Drain
) -> None:
    job = await upload(api, seller, drain, sheet(HEADER, LAMP))
    stranger = await make_seller()

    answer = await api.get(f"/api/v1/scraping/feed/{job['id']}/report", headers=stranger.headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "import_not_found")
