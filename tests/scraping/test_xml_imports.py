"""XML and compressed feeds over the API: the name of their job, the report that comes back, what is refused."""

import gzip

import httpx

from tests.conftest import Seller
from tests.scraping.feeds import all_products, counters, report, upload
from tests.support.drain import Drain

FEED = (
    b"<products>\n<product><id>1</id><title>Chair</title><price>5</price></product>\n"
    b"<product><id>2</id><title>Table</title><price>abc</price></product>\n</products>"
)


async def test_a_feed_in_xml_runs_under_its_own_name_and_its_rejected_rows_can_be_corrected(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    job = await upload(api, seller, drain, FEED, "feed.csv", format="xml")

    assert (job["job_type"], job["queue"]) == ("import_xml_feed", "import")
    assert counters(job) == (1, 0, 0, 1)
    rejected = await report(api, seller, job, action="rejected")
    assert [(row["line"], row["code"], row["raw"]["price"]) for row in rejected] == [(3, "price_invalid", "abc")]

    answer = await api.get(
        f"/api/v1/scraping/feed/{job['id']}/report", headers=seller.headers, params={"format": "csv"}
    )
    again = await upload(api, seller, drain, answer.content.replace(b'"abc"', b'"7"'), "rejected.csv")

    assert counters(again) == (1, 0, 0, 0)
    assert sorted(product["title"] for product in await all_products(api, seller)) == ["Chair", "Table"]


async def test_a_compressed_feed_is_unpacked_by_the_job_whatever_is_in_it(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    job = await upload(api, seller, drain, gzip.compress(FEED), "feed.xml.gz")

    assert (job["job_type"], job["result"]["form"]) == ("import_csv_products", "xml")
    assert counters(job) == (1, 0, 0, 1)


async def test_a_hostile_feed_is_refused_and_changes_nothing(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    bomb = b'<!DOCTYPE products [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + FEED.replace(b"Chair", b"&a;")

    for content, code in ((bomb, "feed_xml_entities"), (gzip.compress(FEED)[:-9], "feed_cut_off")):
        job = await upload(api, seller, drain, content)
        assert (job["status"], job["outcome"], job["error_code"]) == ("failed", "rejected", code)

    assert await all_products(api, seller) == []
