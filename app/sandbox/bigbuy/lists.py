"""BigBuy's lists and the single entries behind them: which path gives what of an account. Paging is routes.py's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from app.sandbox.bigbuy import catalogue
from app.sandbox.bigbuy.account import Account, stock_json
from app.sandbox.bigbuy.catalogue import FIRST_ID, Json
from app.sandbox.bigbuy.refusals import invalid
from app.sandbox.translations import LANGUAGES

DEFAULT_LANGUAGE = "en"
PRICES = ("id", "sku", "wholesalePrice", "retailPrice", "inShopsPrice")
Builder = Callable[[Account, str], list[Json]]


@dataclass(frozen=True, slots=True)
class Single:
    """The entries of a list whose `key` is the number in the path: the first one, or all of them."""

    of: str
    key: str = "id"
    many: bool = False


LISTS: dict[str, Builder] = {
    "products": lambda account, _language: account.products(),
    # The last tenth is what is new.
    "new-products": lambda account, _language: account.products()[-max(1, len(account.products()) // 10) :],
    "productsinformation": lambda account, language: account.there(account.catalogue.information(language)),
    "productsimages": lambda account, _language: account.there(account.catalogue.images),
    "productsvariations": lambda account, _language: account.variations(),
    "variations": lambda account, _language: _variation_attributes(account),
    "attributes": lambda _account, language: catalogue.attributes(language),
    "attributegroups": lambda _account, language: catalogue.attribute_groups(language),
    "productsstockbyhandlingdays": lambda account, _language: account.stock_list(of_variations=False),
    "productsvariationsstockbyhandlingdays": lambda account, _language: account.stock_list(of_variations=True),
    "productprices": lambda account, _language: _prices(account.products()),
    "productvariationprices": lambda account, _language: _prices(account.variations()),
    "taxonomies": lambda _account, language: catalogue.taxonomies(language),
    "productstaxonomies": lambda account, _language: account.there(account.catalogue.product_taxonomies, "product"),
    "manufacturers": lambda _account, _language: catalogue.manufacturers(),
    "productstags": lambda account, _language: account.there(account.catalogue.product_tags),
    "tags": lambda _account, _language: [catalogue.tag(name) for name in catalogue.tag_ids()],
    "languages": lambda _account, _language: catalogue.languages(),
    # Dead since 2025: they answer, with nothing.
    "categories": lambda _account, _language: [],
    "productscategories": lambda _account, _language: [],
}
SINGLES = {
    "product": Single("products"),
    "productinformation": Single("productsinformation"),
    "productinformationbysku": Single("productsinformation", key="sku"),
    "productimages": Single("productsimages"),
    "productvariations": Single("productsvariations", key="product", many=True),
    "variation": Single("variations"),
    "producttaxonomies": Single("productstaxonomies", key="product", many=True),
    "manufacturer": Single("manufacturers"),
}


def language_of(query: Mapping[str, str]) -> str:
    """The language that is asked for; raises for one that there is not."""
    code = query.get("isoCode", DEFAULT_LANGUAGE).lower()
    if code not in LANGUAGES:
        raise invalid({"isoCode": {"errors": ["This value is not valid."]}})
    return code


def find_single(account: Account, name: str, number: str, language: str) -> Json | list[Json] | None:
    """catalog/{name}/{number}; None where there is nothing."""
    if name in SPECIAL:
        return SPECIAL[name](account, number)
    single = SINGLES[name]
    found = _of(account, single.of, single.key, number, language)
    if single.many:
        return list(found)
    return found[0] if found else None


def within_taxonomy(account: Account, name: str, items: list[Json], taxonomy: int) -> list[Json]:
    """The entries of products that stand in a category or below it; lists that are not of products stay whole."""
    children = {int(str(item["id"])): item["parentTaxonomy"] for item in catalogue.taxonomies(DEFAULT_LANGUAGE)}
    below, before = {taxonomy}, 0
    while len(below) > before:
        before = len(below)
        below |= {number for number, parent in children.items() if parent in below}
    inside = {product["id"] for product in account.catalogue.products if product["taxonomy"] in below}
    if name == "productsvariations":
        return [item for item in items if item["product"] in inside]
    if name.startswith("products") and "variations" not in name:
        return [item for item in items if item.get("product", item["id"]) in inside]
    return items


def _of(account: Account, name: str, key: str, value: str, language: str) -> list[Json]:
    return [item for item in LISTS[name](account, language) if str(item[key]) == value]


def _variation_attributes(account: Account) -> list[Json]:
    there = {variation["id"] for variation in account.variations()}
    return [item for item in account.catalogue.variation_attributes if item["id"] in there]


def _prices(items: list[Json]) -> list[Json]:
    return [{name: item[name] for name in PRICES} for item in items]


def _stock(account: Account, number: str, *, of_variations: bool) -> Json | None:
    return next(
        (
            stock_json(article, account.stock_of(article))
            for article in account.catalogue.articles.values()
            if article.is_variation is of_variations and str(article.id) == number
        ),
        None,
    )


def _compliance(account: Account, number: str) -> Json | None:
    for item in account.products():
        if str(item["id"]) == number:
            goods = account.catalogue.goods("en")[int(number) - FIRST_ID]
            maker: Json = {"manufacturerName": goods.brand, "manufacturerEmail": "safety@goods.example"}
            told: Json = {"generalProductSafetyRegulations": [maker], "productComplianceDocuments": []}
            return {"id": item["id"], "sku": item["sku"], **told}
    return None


def _in_all_languages(name: str, account: Account, number: str) -> list[Json] | None:
    return [item for language in LANGUAGES for item in _of(account, name, "id", number, language)] or None


def _tags(account: Account, number: str) -> list[Json]:
    tagged = [item["tag"] for item in _of(account, "productstags", "id", number, DEFAULT_LANGUAGE)]
    return [tag for tag in tagged if isinstance(tag, dict)]


SPECIAL: dict[str, Callable[[Account, str], Json | list[Json] | None]] = {
    "productinformationalllanguages": partial(_in_all_languages, "productsinformation"),
    "taxonomyalllanguages": partial(_in_all_languages, "taxonomies"),
    "producttags": _tags,
    "productcompliance": _compliance,
    "productstockbyhandlingdays": partial(_stock, of_variations=False),
    "productvariationsstockbyhandlingdays": partial(_stock, of_variations=True),
}
SINGLE_NAMES = (*SINGLES, *SPECIAL)
