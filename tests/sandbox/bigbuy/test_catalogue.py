"""The sandbox's BigBuy tells its goods as the vendor does: lists, joins, languages, pages, stock, keys, limits."""

import time

import httpx
import pytest

from app.sandbox.bigbuy.catalogue import Catalogue
from app.sandbox.goods import product_at
from tests.sandbox.bigbuy.conftest import stock
from tests.support.contracts import responses, validator
from tests.support.sandbox import GOODS, Sandbox

SPEC = "specs/bigbuy/bigbuy-openapi-derived-2026.json"


def test_every_catalogue_answer_is_as_the_contract_says(vendor: httpx.Client) -> None:
    first = {
        name: vendor.get(f"/catalog/{name}.json").json()[0]["id"]
        for name in ("products", "productsvariations", "taxonomies", "manufacturers", "productsstockbyhandlingdays")
    }
    stocked = vendor.get("/catalog/productsvariationsstockbyhandlingdays.json").json()[0]["id"]
    parent = vendor.get("/catalog/productsvariations.json").json()[0]["product"]
    ids = {
        "productvariations": parent,
        "variation": first["productsvariations"],
        "taxonomyalllanguages": first["taxonomies"],
        "manufacturer": first["manufacturers"],
        "productinformationbysku": "S1000000",
        "productstockbyhandlingdays": first["productsstockbyhandlingdays"],
        "productvariationsstockbyhandlingdays": stocked,
    }
    held = [(path, schema) for method, path, schema in responses(SPEC) if method == "get" and "/catalog/" in path]
    assert len(held) > 30
    for path, schema in held:
        name = path.split("/")[3]
        value = str(ids.get(name, first["products"]))
        answer = vendor.get(path.removeprefix("/rest").replace("{id}", value).replace("{sku}", value))
        assert answer.status_code == 200, path
        assert answer.json(), path
        validator(SPEC, schema).validate(answer.json())


def test_lists_join_by_ids_and_products_and_variations_are_numbered_apart(vendor: httpx.Client) -> None:
    products = {item["id"]: item for item in vendor.get("/catalog/products.json").json()}
    variations = vendor.get("/catalog/productsvariations.json").json()
    attributes = {item["id"]: item for item in vendor.get("/catalog/attributes.json?isoCode=en").json()}
    groups = {item["id"]: item["name"] for item in vendor.get("/catalog/attributegroups.json?isoCode=en").json()}
    assert len(products) == GOODS
    assert {item["product"] for item in variations} == {item["id"] for item in products.values() if item["attributes"]}
    assert {item["id"] for item in variations} & set(products)
    assert not {item["sku"] for item in variations} & {item["sku"] for item in products.values()}
    of_variation = {item["id"]: item["attributes"] for item in vendor.get("/catalog/variations.json").json()}
    assert set(of_variation) == {item["id"] for item in variations}
    for variation in variations[:40]:
        goods = product_at(variation["product"] - 1001, seed=1)
        sold = next(item for item in goods.variants if item.gtin == variation["ean13"])
        told = [attributes[item["id"]] for item in of_variation[variation["id"]]]
        assert tuple(item["name"] for item in told) == sold.options
        assert tuple(groups[item["attributeGroup"]] for item in told) == goods.option_names
        assert variation["wholesalePrice"] == float(sold.cost)
    assert any(item["ean13"] is None and not item["attributes"] for item in products.values())
    assert {item["active"] for item in products.values()} == {0, 1}


def test_words_are_in_the_language_that_is_asked_for(vendor: httpx.Client) -> None:
    told = {
        language: [
            tuple(sorted(item["name"] for item in vendor.get(f"/catalog/{path}.json?isoCode={language}").json()))
            for path in ("productsinformation", "taxonomies", "attributes", "attributegroups")
        ]
        for language in ("en", "de", "fr", "es")
    }
    for place in range(4):
        assert len({told[language][place] for language in told}) == 4
    refused = vendor.get("/catalog/taxonomies.json?isoCode=xx")
    assert (refused.status_code, refused.json()["message"]) == (400, "Validation Failed")
    assert "isoCode" in refused.json()["errors"]["children"]


def test_a_list_comes_whole_or_in_pages_and_below_a_taxonomy(vendor: httpx.Client) -> None:
    whole = vendor.get("/catalog/products.json").json()
    pages = [vendor.get(f"/catalog/products.json?pageSize=100&page={page}").json() for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [100, 100, 50, 0]
    assert [item for page in pages for item in page] == whole
    tree = vendor.get("/catalog/taxonomies.json").json()
    roots = [item["id"] for item in tree if item["parentTaxonomy"] == 0]
    parts = [vendor.get(f"/catalog/products.json?parentTaxonomy={root}").json() for root in roots]
    assert 0 < len(parts[0]) < len(whole)
    assert sorted(item["id"] for part in parts for item in part) == [item["id"] for item in whole]
    assert vendor.get("/catalog/categories.json").json() == []


def test_stock_lies_in_warehouses_by_handling_days_and_what_is_out_may_be_missing(vendor: httpx.Client) -> None:
    known = stock(vendor)
    articles = Catalogue(1, GOODS).articles
    assert {line["warehouse"] for lines in known.values() for line in lines} == {1, 3}
    assert any(len(lines) == 2 for lines in known.values())
    assert [] in known.values()
    missing = set(articles) - set(known)
    assert missing
    assert all(not articles[sku].stock for sku in missing)
    for sku, lines in known.items():
        assert sum(line["quantity"] for line in lines) == sum(line.quantity for line in articles[sku].stock)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer live-key", "Bearer sandboxer", "Basic sandbox"])
def test_other_keys_are_refused(vendor: httpx.Client, header: str) -> None:
    for path in ("/user/auth/status.json", "/catalog/products.json", "/order/check.json"):
        refused = vendor.get(path, headers={"Authorization": header})
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_grant")


def test_each_key_is_an_account_of_its_own(sandbox: Sandbox, vendor: httpx.Client) -> None:
    other = {"Authorization": "Bearer sandbox-two"}
    sandbox.world.bigbuy.account("sandbox").vanish({1001})
    assert len(vendor.get("/catalog/products.json").json()) == GOODS - 1
    assert len(vendor.get("/catalog/products.json", headers=other).json()) == GOODS
    assert vendor.get("/user/auth/status.json", headers=other).status_code == 200


def test_what_is_gone_or_misspelt_is_not_there(vendor: httpx.Client) -> None:
    for path in ("/catalog/productsstock.json", "/catalog/products", "/catalog/product/7.json", "/nonsense.json"):
        missing = vendor.get(path)
        assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, 34)
    empty = vendor.get("/catalog/productinformation/7.json")
    assert (empty.status_code, empty.content) == (200, b"")


def test_too_many_calls_of_one_endpoint_are_refused_until_the_reset(sandbox: Sandbox, vendor: httpx.Client) -> None:
    sandbox.world.reset(rate_limits=True)
    answers = [vendor.get("/catalog/languages.json") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    refused = answers[-1]
    assert (refused.text, refused.headers["content-type"]) == (
        "You exceeded the rate limit",
        "text/plain; charset=utf-8",
    )
    assert 0 <= int(refused.headers["x-ratelimit-reset"]) - time.time() <= 11
    assert vendor.get("/catalog/manufacturers.json").status_code == 200
    other = {"Authorization": "Bearer sandbox-two"}
    assert vendor.get("/catalog/languages.json", headers=other).status_code == 200


def test_a_full_read_stays_below_the_default_limits(sandbox: Sandbox, vendor: httpx.Client) -> None:
    sandbox.world.reset(products=500, rate_limits=True)
    began = time.monotonic()
    for _ in range(3):
        for name in ("products", "productsinformation", "productsimages", "productsvariations", "variations"):
            assert vendor.get(f"/catalog/{name}.json").status_code == 200
    assert time.monotonic() - began < 60
