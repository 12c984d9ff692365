"""Looking at a file: what is found, what rows would become, and that nothing stays."""

import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.config import Settings
from app.integrations.feeds.heads import cut_behind, cut_to_head
from app.scraping.inspection import KEEP_BYTES
from tests.conftest import Seller
from tests.scraping.feeds import all_products, get, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
ADDRESS = "/api/v1/scraping/feed/inspect"
GERMAN = (
    "Artikelnummer;Bezeichnung;Brutto-VK;Bestand;EAN;Notiz\r\n"
    "A-1;Lampe;1.234,50;3;4006381333931;schön\r\n"
    "A-2;Stuhl;abc;1;;\r\n"
    ";Namenlos;5,00;1;;\r\n"
).encode("cp1252")


async def inspect(api: httpx.AsyncClient, seller: Seller, content: bytes, **fields: str) -> Json:
    answer = await api.post(ADDRESS, headers=seller.headers, files={"file": ("list.csv", content)}, data=fields)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def stored_files(settings: Settings) -> set[Path]:
    return {path for path in Path(settings.storage_dir).rglob("*") if path.is_file()}


async def test_a_file_is_described_and_its_rows_are_shown_beside_what_they_become(
    api: httpx.AsyncClient, seller: Seller, settings: Settings
) -> None:
    before = stored_files(settings)
    found = await inspect(api, seller, GERMAN)

    assert (found["form"], found["layout"], found["encoding"], found["delimiter"]) == (
        "delimited",
        "sheet",
        "cp1252",
        ";",
    )
    assert (found["filename"], found["size"], found["head_only"]) == ("list.csv", len(GERMAN), False)
    assert (found["header_line"], found["rows_estimate"], found["default_currency"]) == (1, 3, "EUR")
    assert found["mapping"] == {
        "Artikelnummer": "sku",
        "Bezeichnung": "title",
        "Brutto-VK": "price",
        "Bestand": "stock",
        "EAN": "gtin",
    }
    price = next(column for column in found["columns"] if column["name"] == "Brutto-VK")
    assert (price["field"], price["confidence"], price["decimal_mark"]) == ("price", 0.8, ",")
    assert price["samples"] == ["1.234,50", "abc", "5,00"]
    lamp, chair, nameless = found["rows"]
    assert lamp["line"] == 2
    assert lamp["raw"]["Brutto-VK"] == "1.234,50"
    assert (
        lamp["product"]["variants"][0] | {"price": "1234.50", "currency": "EUR", "stock": 3}
        == lamp["product"]["variants"][0]
    )
    assert lamp["product"]["attributes"] == {"Notiz": "schön"}
    assert (chair["product"], chair["rejection"]["code"], chair["rejection"]["column"]) == (
        None,
        "price_invalid",
        "Brutto-VK",
    )
    assert nameless["raw"]["Bezeichnung"] == "Namenlos"
    assert (await get(api, seller, "/api/v1/jobs"))["items"] == []
    assert await all_products(api, seller) == []
    assert (await get(api, seller, "/api/v1/scraping/mappings"))["items"] == []
    assert stored_files(settings) == before


async def test_a_mapping_can_be_tried_saved_and_is_then_proposed(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    odd = sheet(("Ours", "What", "Gross"), ("A-1", "Lamp", "1.234"))
    refused = await api.post(ADDRESS, headers=seller.headers, files={"file": odd})
    assert (refused.status_code, refused.json()["code"]) == (422, "feed_no_usable_column")
    columns = {"Ours": "sku", "What": "title", "Gross": "price"}
    tried = await inspect(api, seller, odd, mapping=json.dumps(columns))
    assert tried["mapping"] == columns
    assert tried["rows"][0]["product"]["title"] == "Lamp"

    body = {"name": "Odd", "columns": tried["mapping"], "header_hash": tried["header_hash"], "decimal_mark": ","}
    saved = await api.post("/api/v1/scraping/mappings", headers=seller.headers, json=body)
    assert saved.status_code == 201, saved.text
    again = await inspect(api, seller, odd, mapping_name="odd")
    assert [each["name"] for each in again["saved_mappings"]] == ["Odd"]
    assert again["mapping_used"] == {"id": saved.json()["id"], "name": "Odd", "remembered": False}
    assert again["rows"][0]["product"]["variants"][0]["price"] == "1234.00"

    await upload(api, seller, drain, odd, source="Odd ones", mapping_id=saved.json()["id"], remember_mapping="true")
    by_source = await inspect(api, seller, odd, source="Odd ones")
    assert by_source["mapping_used"]["remembered"] is True


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (b"", {}, "feed_empty"),
        (b"%PDF-1.7", {}, "feed_binary"),
        (b"sku,title\nA,B\n", {"mapping": '{"nope": "sku"}'}, "feed_mapping_invalid"),
        (b"sku,title\nA,B\n", {"mapping": '{"sku": "nope"}'}, "feed_mapping_invalid"),
        (b"sku,title\nA,B\n", {"mapping": "["}, "validation_failed"),
        (b"sku,title\nA,B\n", {"unheard": "of"}, "validation_failed"),
        (b"sku,title\nA,B\n", {"mapping_name": "Nobody"}, "mapping_not_found"),
    ],
)
async def test_what_cannot_be_looked_at_is_refused_in_words(
    content: bytes, fields: dict[str, str], code: str, api: httpx.AsyncClient, seller: Seller
) -> None:
    answer = await api.post(ADDRESS, headers=seller.headers, files={"file": content}, data=fields)
    assert answer.json()["code"] == code
    assert answer.status_code == (404 if code == "mapping_not_found" else 422)


def _zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


async def test_an_archive_that_imports_refuse_is_refused_when_looked_at(api: httpx.AsyncClient, seller: Seller) -> None:
    bomb = gzip.compress(b"sku,title\n" + b"A,B\n" * (20 << 20))
    for content, code in (
        (_zipped("../../feed.csv", GERMAN), "feed_archive_unsafe"),
        (gzip.compress(GERMAN)[:-9], "feed_cut_off"),
        (bomb, "feed_archive_too_large"),
    ):
        answer = await api.post(ADDRESS, headers=seller.headers, files={"file": content})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_of_a_large_file_only_the_beginning_is_looked_at(api: httpx.AsyncClient, seller: Seller) -> None:
    rows = 300_000
    content = b"sku,title,price\n" + b"".join(
        b'S-%06d,"A lamp, with a\nshade ""x""",%d.50\n' % (n, n) for n in range(rows)
    )
    assert len(content) > 9 << 20
    began = time.monotonic()
    found = await inspect(api, seller, content)
    assert time.monotonic() - began < 10
    assert found["head_only"] is True
    assert found["looked_at_bytes"] <= 8 << 20 < found["size"] == len(content)
    assert abs(found["rows_estimate"] - rows) < rows * 0.05
    assert found["rows"][9]["product"]["title"] == 'A lamp, with a shade "x"'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_file_is_cut_where_a_row_ends(encoding: str, tmp_path: Path) -> None:
    row = 'ä;"two\nlines, ""quoted"""\n'
    path = tmp_path / "feed"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path.write_bytes((mark + row * 100).encode(encoding))
    for size in range(300, 360):
        whole = path.read_bytes()
        cut_to_head(path, size)
        text = path.read_bytes().decode(encoding).removeprefix("\ufeff")
        assert len(path.read_bytes()) <= size
        assert text
        assert text.replace(row, "") == ""
        path.write_bytes(whole)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_xml_is_cut_behind_a_tag(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "feed"
    whole = ("\ufeff" if encoding == "utf-16-be" else "") + "<a><b>ä㸀</b></a>" * 30
    for size in range(100, 140):
        path.write_bytes(whole.encode(encoding))
        cut_behind(path, b">", size)
        text = path.read_bytes().decode(encoding)
        assert whole.removeprefix("\ufeff").startswith(text.removeprefix("\ufeff"))
        assert text.endswith(">")
        assert size - 24 < len(path.read_bytes()) <= size


def _rows(count: int) -> list[dict[str, str]]:
    return [
        {"sku": f"S-{n:06d}", "title": f"Lämp <{n}> }} ]", "price": f"{n}.50", "note": "x" * 40} for n in range(count)
    ]


def _xml(count: int) -> bytes:
    items = "".join(
        "<item>" + "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in row.items()) + "</item>\n"
        for row in _rows(count)
    )
    return f'<?xml version="1.0"?><rss><channel><title>Shop</title>{items}</channel></rss>'.encode()


def _csv(count: int) -> bytes:
    return sheet(("sku", "title", "price", "note"), *(tuple(row.values()) for row in _rows(count)))


def _json(count: int) -> bytes:
    return json.dumps({"count": count, "products": _rows(count)}, ensure_ascii=False).encode()


def _ndjson(count: int) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in _rows(count))


@pytest.mark.parametrize("write", [_csv, _xml, _json, _ndjson])
async def test_of_a_large_file_of_any_form_only_the_beginning_is_looked_at_packed_or_not(
    write: Callable[[int], bytes], api: httpx.AsyncClient, seller: Seller
) -> None:
    rows = 130_000
    content = write(rows)
    assert len(content) > 9 << 20
    small = await inspect(api, seller, write(20))
    for sent, compression in ((content, None), (gzip.compress(content, 1), "gzip"), (_zipped("goods", content), "zip")):
        found = await inspect(api, seller, sent)
        assert (found["compression"], found["size"]) == (compression, len(sent))
        assert found["head_only"] is True
        assert 7 << 20 < found["looked_at_bytes"] <= 8 << 20
        assert abs(found["rows_estimate"] - rows) < rows * 0.05
        assert [found[name] for name in ("rows", "columns", "form")] == [
            small[name] for name in ("rows", "columns", "form")
        ]


@pytest.mark.parametrize("write", [_csv, _ndjson])
async def test_a_file_beyond_what_is_held_is_looked_at_too(
    write: Callable[[int], bytes], api: httpx.AsyncClient, seller: Seller
) -> None:
    portion = write(100_000)
    sent = portion * (KEEP_BYTES // len(portion) + 1)
    found = await inspect(api, seller, sent)
    assert (found["size"], found["head_only"]) == (len(sent), True)
    assert found["rows"][9]["product"]["variants"][0]["price"] == "9.50"


async def test_packed_files_are_looked_at_like_their_content(api: httpx.AsyncClient, seller: Seller) -> None:
    plain = await inspect(api, seller, GERMAN)
    assert plain["compression"] is None
    for packed, compression in ((gzip.compress(GERMAN), "gzip"), (_zipped("list", GERMAN), "zip")):
        found = await inspect(api, seller, packed)
        differing = {name for name in found if found[name] != plain[name]}
        assert (found["compression"], differing) == (compression, {"compression", "size"})
    for wrong, code in (
        (gzip.compress(GERMAN)[:-9], "feed_cut_off"),
        (_zipped("inner.zip", _zipped("list", GERMAN)), "feed_archive_unsafe"),
    ):
        answer = await api.post(ADDRESS, headers=seller.headers, files={"file": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_zip_whose_end_is_not_held_is_refused_in_words(api: httpx.AsyncClient, seller: Seller) -> None:
    answer = await api.post(ADDRESS, headers=seller.headers, files={"file": b"PK\x03\x04" + b"x" * KEEP_BYTES})
    assert (answer.status_code, answer.json()["code"]) == (422, "file_not_inspectable")


async def test_our_own_export_is_recognised(api: httpx.AsyncClient, seller: Seller, drain: Drain) -> None:
    await upload(api, seller, drain, sheet(("sku", "title", "price"), ("A", "=1+1", "5")))
    exported = await api.get("/api/v1/products/export", headers=seller.headers)
    found = await inspect(api, seller, exported.content)
    assert found["layout"] == "crossdock"
    assert found["rows"][0]["raw"]["title"] == found["rows"][0]["product"]["title"] == "=1+1"
