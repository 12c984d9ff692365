"""Goods of the sandbox's AliExpress: an item by country, feeds in pages, categories, search, shapes of lists."""

import json
from typing import Any

from tests.sandbox.aliexpress.conftest import Caller, product, skus
from tests.support.sandbox import GOODS, Sandbox
from tests.support.shared import shared

FIRST, SUB = 1_005_006_000_000_001, 3_256_806_000_000_001
FEED = "aliexpress.ds.recommend.feed.get"


def sample(name: str) -> Any:
    return next(iter(json.loads(shared(f"specs/aliexpress/samples/{name}.json").read_text(encoding="utf-8")).values()))


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def lacks(wanted: Any, found: Any, place: str = "") -> list[str]:
    """Where an answer has not what a captured one has, or of another type."""
    if isinstance(wanted, list) and wanted:
        first = found[0] if isinstance(found, list) and found else found
        return lacks(wanted[0], first, f"{place}[]")
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return [place]
        return [
            fault
            for name, inner in wanted.items()
            for fault in (lacks(inner, found[name], f"{place}.{name}") if name in found else [f"{place}.{name}"])
        ]
    return [] if wanted == found else [f"{place}: {wanted} is {found}"]


def in_feed(caller: Caller, page: int, **asked: str) -> Any:
    given = {"feed_name": "DS_Sandbox_All", "country": "FR", "target_currency": "EUR", "page_size": "50", **asked}
    return caller.call(FEED, page_no=str(page), **given)["result"]


def test_an_item_has_all_that_captured_ones_have(caller: Caller) -> None:
    for number in range(FIRST, FIRST + 60):
        shown = product(caller, number)
        if len(skus(shown)) > 1 and "Couleur" in str(shown) and "sku_available_stock" in str(shown):
            break
    shown["result"]["ae_item_sku_info_dtos"]["ae_item_sku_info_d_t_o"] = skus(shown)
    assert lacks(shape(sample("product_get_ok")), shape(shown)) == []
    sku = skus(shown)[0]
    assert sku["currency_code"] == "EUR"
    assert shown["result"]["ae_item_base_info_dto"]["currency_code"] == "CNY"
    assert float(sku["sku_price"]) > float(sku["offer_sale_price"])


def test_prices_stock_and_numbers_depend_on_the_country(caller: Caller) -> None:
    here, there = product(caller, FIRST), product(caller, FIRST, "US", target_currency="USD", target_language="EN")
    assert here["result"]["ae_item_base_info_dto"]["product_id"] == FIRST
    assert there["result"]["ae_item_base_info_dto"]["product_id"] == SUB
    assert json.loads(there["result"]["product_id_converter_result"]["sub_product_id"]) == {"US": SUB}
    again = product(caller, SUB, "US", target_currency="USD", target_language="EN")
    assert {**again, "request_id": ""} == {**there, "request_id": ""}
    subjects = {shown["result"]["ae_item_base_info_dto"]["subject"] for shown in (here, there)}
    assert len(subjects) == 2
    assert skus(here)[0]["offer_sale_price"] != skus(there)[0]["offer_sale_price"]
    assert "7763" in skus(here)[0]["sku_attr"]
    assert any("sku_available_stock" not in sku for number in range(9) for sku in skus(product(caller, FIRST + number)))


def test_what_is_not_there_or_not_for_a_country_says_so(caller: Caller) -> None:
    missing = product(caller, 7)
    assert {name: missing[name] for name in ("rsp_code", "rsp_msg")} == {
        name: sample("product_get_not_found")[name] for name in ("rsp_code", "rsp_msg")
    }
    assert "result" not in missing
    codes = {product(caller, FIRST + number, "BR")["rsp_code"] for number in range(40)}
    assert codes == {200, 482}


def test_a_feed_is_read_in_pages_and_a_wrong_name_is_empty(caller: Caller) -> None:
    pages = [in_feed(caller, page) for page in range(1, 7)]
    listed = [page["products"].get("traffic_product_d_t_o", []) for page in pages]
    assert [len(page) for page in listed] == [50] * 5 + [0]
    assert {page["total_record_count"] for page in pages} == {GOODS}
    assert pages[5]["products"] == {}
    assert len({item["product_id"] for page in listed for item in page}) == GOODS
    empty = caller.call(FEED, feed_name="nonsense")
    assert {name: empty[name] for name in ("rsp_code", "result")} == sample("recommend_feed_empty")
    names = caller.call("aliexpress.ds.feedname.get")["resp_result"]["result"]["promos"]["promo"]
    counts = [caller.call(FEED, feed_name=item["promo_name"])["result"]["total_record_count"] for item in names]
    assert counts == [item["product_num"] for item in names]
    assert counts[0] == sum(counts[1:]) == GOODS


def test_lists_are_wrapped_one_alone_is_bare_and_simplified_ones_are_plain(caller: Caller) -> None:
    wrapped, plain = in_feed(caller, 1), in_feed(caller, 1, simplify="true")
    assert wrapped["products"]["traffic_product_d_t_o"][0]["product_small_image_urls"]["string"]
    assert plain["products"][0]["product_small_image_urls"][0].startswith("https://")
    alone = in_feed(caller, 1, page_size="1")
    assert alone["products"]["traffic_product_d_t_o"]["product_id"] == FIRST
    assert in_feed(caller, 1, page_size="1", simplify="true")["products"][0]["product_id"] == FIRST


def test_feeds_repeat_loop_shrink_double_and_drift(sandbox: Sandbox, caller: Caller) -> None:
    def ids(page: int) -> list[int]:
        return [item["product_id"] for item in in_feed(caller, page)["products"]["traffic_product_d_t_o"]]

    def under(kind: str, **values: object) -> None:
        sandbox.world.faults.all.clear()
        sandbox.fault(kind, vendor="aliexpress", path="/sync/aliexpress.ds.recommend.feed.get", **values)

    under("repeat")
    assert ids(1) == ids(9)
    under("loop")
    assert ids(6) == ids(1)
    under("duplicate")
    assert ids(1)[:2] == [FIRST, FIRST]
    under("shrink", amount=2, times=1)
    assert ids(1)[0] == FIRST + 2
    assert product(caller, FIRST)["rsp_code"] == 605
    under("drift", amount=GOODS, times=1)
    before = skus(product(caller, FIRST + 5))
    ids(1)
    assert skus(product(caller, FIRST + 5)) != before


def test_categories_are_a_tree_and_search_finds_words(caller: Caller) -> None:
    result = caller.call("aliexpress.ds.category.get")["resp_result"]["result"]
    numbers = {item["category_id"] for item in result["categories"]["category"]}
    above = {item["parent_category_id"] for item in result["categories"]["category"] if "parent_category_id" in item}
    assert above < numbers
    assert product(caller, FIRST)["result"]["ae_item_base_info_dto"]["category_id"] in numbers
    asked = {"keyWord": "by", "countryCode": "FR", "currency": "EUR", "local": "en_US", "pageSize": "5"}
    found = caller.call("aliexpress.ds.text.search", pageIndex="1", **asked)
    assert found["data"]["totalCount"] == GOODS
    assert lacks(shape(sample("text_search_ok")), shape(found)) == []
