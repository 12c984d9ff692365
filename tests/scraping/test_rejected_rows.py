"""The rejected rows of a file of any form: downloaded as CSV, corrected, uploaded, and then all of it is in."""

import csv
import io
import json
from collections.abc import Callable

import httpx
import pytest
from openpyxl import Workbook

from tests.conftest import Seller
from tests.scraping.feeds import all_products, counters, report, upload
from tests.support.drain import Drain

GOODS = (
    {"sku": "A-1", "title": '=Lamp, "red"\nand blue', "price": "5.00", "note": "07"},
    {"sku": "A-2", "title": "Chair", "price": "cheap", "note": "'tis"},
    {"sku": "A-3", "title": "-Table; <b>oak</b> & ash", "price": "-1", "note": "ä 日本"},
    {"sku": "", "title": "Nameless", "price": "7.5", "note": "x"},
    {"sku": "A-1", "title": "Lamp again", "price": "8", "note": ""},
)
SOUND = {"cheap": "6.00", "-1": "7.00"}


def _json() -> bytes:
    return json.dumps({"products": GOODS}, ensure_ascii=False, indent=1).encode()


def _ndjson() -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in GOODS)


def _xml() -> bytes:
    items = "".join(
        "<product>" + "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in row.items()) + "</product>\n"
        for row in GOODS
    )
    return f"<products>\n{items}</products>".encode()


def _xlsx() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(GOODS[0]))
    for row in GOODS:
        sheet.append(list(row.values()))
    for cells in sheet.iter_rows():
        for cell in cells:
            cell.data_type = "s"
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


@pytest.mark.parametrize("write", [_json, _ndjson, _xml, _xlsx])
async def test_rejected_rows_corrected_and_uploaded_end_clean(
    write: Callable[[], bytes], api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    first = await upload(api, seller, drain, write(), "goods")
    assert counters(first) == (1, 0, 0, 4), await report(api, seller, first)
    path = f"/api/v1/scraping/feed/{first['id']}/report"
    answer = await api.get(path, headers=seller.headers, params={"format": "csv"})
    assert answer.status_code == 200, answer.text

    untouched = await upload(api, seller, drain, answer.content, "rejected.csv")
    assert counters(untouched)[3] == 3, "what is not corrected is rejected again"

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["note"] for row in rows] == ["''tis", *(good["note"] for good in GOODS[2:])]
    for number, row in enumerate(rows, start=2):
        row["sku"] = f"A-{number}"
        row["price"] = SOUND.get(row["price"].removeprefix("'"), row["price"])
    corrected = io.StringIO(newline="")
    writer = csv.DictWriter(corrected, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    second = await upload(api, seller, drain, corrected.getvalue().encode("utf-8-sig"), "rejected.csv")

    assert second["result"]["rejected"] == 0, await report(api, seller, second)
    found = {product["sku"]: (product["title"], product["price"]) for product in await all_products(api, seller)}
    assert found == {
        "A-1": ("Lamp again", "8.00"),
        "A-2": ("Chair", "6.00"),
        "A-3": ("-Table; <b>oak</b> & ash", "7.00"),
        "A-4": ("Nameless", "7.50"),
        "A-5": ("Lamp again", "8.00"),
    }
