"""AliExpress' answers about goods: an item, the feeds, categories and search. Pure over the shop."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.sandbox.aliexpress.shop import (
    PROPERTY_IDS,
    RATES,
    SHIPS_FROM,
    TAXED,
    Item,
    Shop,
    Sku,
    category_ids,
    value_ids,
)
from app.sandbox.aliexpress.wrapping import Many
from app.sandbox.goods import CENT
from app.sandbox.translations import LANGUAGES, in_language

Json = dict[str, object]
SELLER_CURRENCY = "CNY"
EVERYTHING = "DS_Sandbox_All"
MOST_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom an item is shown: prices and stock depend on it."""

    country: str
    currency: str
    language: str


def language_of(given: str) -> str:
    """`FR`, `fr` and `fr_FR` are one; what there is no text for is told in English."""
    code = given[:2].lower()
    return code if code in LANGUAGES else "en"


def product_answer(shop: Shop, asked: Mapping[str, str]) -> Json:
    """aliexpress.ds.product.get."""
    number, country = asked.get("product_id", ""), asked.get("ship_to_country", "US").upper()
    item = shop.find(int(number)) if number.isdecimal() else None
    if item is None:
        return {"rsp_code": 605, "rsp_msg": "ITEM_ID_NOT_FOUND"}
    if item.is_food and country not in TAXED:
        return {"rsp_code": 482, "rsp_msg": "SHIP_TO_COUNTRY_PROHIBITED", "result": {"has_whole_sale": False}}
    currency = asked.get("target_currency", "USD").upper()
    language = language_of(asked.get("target_language", "EN"))
    shown = _item(shop, item, Asked(country, currency if currency in RATES else "USD", language))
    return {"rsp_code": 200, "rsp_msg": "Call succeeds", "result": shown}


def _item(shop: Shop, item: Item, asked: Asked) -> Json:
    goods = shop.goods(asked.language)[item.index]
    shown_id = item.us_id if asked.country == "US" and item.us_id else item.id
    words: Json = {"type": "text", "data": {"content": goods.title}}
    return {
        "ae_item_base_info_dto": {
            "product_id": shown_id,
            "subject": goods.title,
            "detail": goods.description,
            "mobile_detail": json.dumps({"moduleList": [words]}, ensure_ascii=False),
            "currency_code": SELLER_CURRENCY,
            "product_status_type": "onSelling" if goods.status == "active" else "offline",
            "category_id": category_ids()[item.category],
            "sales_count": str(item.index % 300),
            "evaluation_count": str(item.index % 90),
            "avg_evaluation_rating": f"{3 + item.index % 20 / 10:.1f}",
        },
        "ae_item_sku_info_dtos": Many("ae_item_sku_info_d_t_o", [_sku(shop, item, sku, asked) for sku in item.skus]),
        "ae_multimedia_info_dto": {"image_urls": ";".join(goods.images)},
        "ae_item_properties": Many(
            "ae_item_property",
            [
                {"attr_name_id": 2, "attr_name": "Brand Name", "attr_value_id": item.store, "attr_value": goods.brand},
                {"attr_name_id": 10, "attr_name": "Material", "attr_value": goods.category.rpartition(" > ")[2]},
            ],
        ),
        "package_info_dto": {
            "package_width": 10 + item.index % 30,
            "package_height": 5 + item.index % 20,
            "package_length": 20 + item.index % 40,
            "gross_weight": f"{goods.variants[0].grams / 1000:.3f}",
        },
        "logistics_info_dto": {"delivery_time": 7 + item.index % 8, "ship_to_country": asked.country},
        "ae_store_info": _store(item, goods.brand),
        "product_id_converter_result": {
            "main_product_id": item.id,
            "sub_product_id": json.dumps({"US": item.us_id} if item.us_id else {}),
        },
        "has_whole_sale": False,
    }


def _store(item: Item, brand: str) -> Json:
    return {"store_id": item.store, "store_name": f"{brand} Store", "store_country_code": "CN"}


def _sku(shop: Shop, item: Item, sku: Sku, asked: Asked) -> Json:
    price, stock = shop.price(sku, asked.country, asked.currency), shop.stock(sku, asked.country)
    english = shop.goods("en")[item.index]
    variant = english.variants[sku.place]
    properties: list[Json] = [
        {
            "sku_property_id": PROPERTY_IDS[name],
            "sku_property_name": in_language(name, asked.language),
            "sku_property_value": in_language(label, asked.language),
            "property_value_id": value_ids()[name, label],
            **({"property_value_definition_name": label, "sku_image": english.images[0]} if name == "Color" else {}),
        }
        for name, label in zip(english.option_names, variant.options, strict=True)
    ]
    if sku.warehouse is not None:
        value, _country, words = sku.warehouse
        ships: Json = {"sku_property_id": SHIPS_FROM, "sku_property_name": "Ships From", "sku_property_value": words}
        properties.append({**ships, "property_value_id": value})
    return {
        "sku_id": str(sku.id),
        "id": ";".join(part.partition("#")[0] for part in sku.attr.split(";")),
        "sku_attr": sku.attr,
        "sku_code": "",
        "barcode": variant.gtin if item.index % 2 == 0 else "",
        "sku_price": str((price * Decimal("1.40")).quantize(CENT)),
        "offer_sale_price": str(price),
        "offer_bulk_sale_price": str(price),
        "sku_bulk_order": 0,
        "currency_code": asked.currency,
        **({} if stock is None else {"sku_available_stock": stock}),
        "price_include_tax": asked.country in TAXED,
        "ae_sku_property_dtos": Many("ae_sku_property_d_t_o", properties),
    }


def feeds(shop: Shop) -> dict[str, list[Item]]:
    """The goods of every feed: all of them, and those of each root of the categories."""
    found: dict[str, list[Item]] = {EVERYTHING: shop.all_items()}
    for item in shop.all_items():
        found.setdefault(f"DS_Sandbox_{item.category.partition(' > ')[0]}", []).append(item)
    return found


def feed_names_answer(shop: Shop) -> Json:
    """aliexpress.ds.feedname.get."""
    promos = [
        {"promo_name": name, "promo_desc": name, "product_num": len(items)} for name, items in feeds(shop).items()
    ]
    result: Json = {"current_record_count": len(promos), "promos": Many("promo", promos)}
    return {"resp_result": {"resp_code": 200, "resp_msg": "Call succeeds", "result": result}}


def feed_answer(shop: Shop, asked: Mapping[str, str], items: list[Item], page: int) -> Json:
    """aliexpress.ds.recommend.feed.get: one page of a feed."""
    size = min(MOST_ON_A_PAGE, max(1, number_of(asked.get("page_size"), MOST_ON_A_PAGE)))
    category = asked.get("category_id", "")
    wanted = [item for item in items if not category or str(category_ids()[item.category]) == category]
    shown = wanted[(page - 1) * size : page * size]
    if not shown:
        return {"rsp_code": 200, "result": {"total_record_count": len(wanted), "products": {}}}
    pages = -(-len(wanted) // size)
    result: Json = {
        "is_finished": page >= pages,
        "current_page_no": page,
        "total_page_no": pages,
        "current_record_count": len(shown),
        "total_record_count": len(wanted),
        "products": Many("traffic_product_d_t_o", [_listed(shop, item, asked) for item in shown]),
    }
    return {"rsp_code": 200, "rsp_msg": "Call succeeds", "result": result}


def _listed(shop: Shop, item: Item, asked: Mapping[str, str]) -> Json:
    goods = shop.goods(language_of(asked.get("target_language", "EN")))[item.index]
    given = asked.get("target_currency", "USD").upper()
    country, currency = asked.get("country", "US").upper(), given if given in RATES else "USD"
    price, own = (shop.price(item.skus[0], country, code) for code in (currency, SELLER_CURRENCY))
    roots = item.category.split(" > ")
    return {
        "product_id": item.id,
        "product_title": goods.title,
        "product_main_image_url": goods.images[0],
        "product_small_image_urls": Many("string", goods.images),
        "product_detail_url": f"https://www.aliexpress.com/item/{item.id}.html",
        "target_sale_price": str(price),
        "target_sale_price_currency": currency,
        "target_original_price": str((price * Decimal("1.40")).quantize(CENT)),
        "target_original_price_currency": currency,
        "sale_price": str(own),
        "sale_price_currency": SELLER_CURRENCY,
        "original_price": str((own * Decimal("1.40")).quantize(CENT)),
        "original_price_currency": SELLER_CURRENCY,
        "discount": "29%",
        "evaluate_rate": "95.0%",
        "lastest_volume": item.index % 300,
        "first_level_category_id": category_ids()[roots[0]],
        "first_level_category_name": roots[0],
        "second_level_category_id": category_ids()[" > ".join(roots[:2])],
        "second_level_category_name": roots[1],
        "shop_id": item.store,
        "shop_url": f"https://www.aliexpress.com/store/{item.store}",
        "ship_to_days": "7",
    }


def categories_answer(asked: Mapping[str, str]) -> Json:
    """aliexpress.ds.category.get."""
    language = language_of(asked.get("language", "en"))
    told: list[Json] = []
    for path, number in category_ids().items():
        above = category_ids().get(path.rpartition(" > ")[0])
        name = in_language(path.rpartition(" > ")[2], language)
        parent: Json = {} if above is None else {"parent_category_id": above}
        told.append({"category_id": number, "category_name": name, **parent})
    result: Json = {"total_result_count": len(told), "categories": Many("category", told)}
    return {"resp_result": {"resp_code": 200, "resp_msg": "Call succeeds", "result": result}}


def search_answer(shop: Shop, asked: Mapping[str, str]) -> Json:
    """aliexpress.ds.text.search: words in the title, whatever the case."""
    goods = shop.goods(language_of(asked.get("local", "en_US")))
    words = asked.get("keyWord", "").lower()
    found = [item for item in shop.all_items() if words in goods[item.index].title.lower()]
    page = max(1, number_of(asked.get("pageIndex"), 1))
    size = min(MOST_ON_A_PAGE, max(1, number_of(asked.get("pageSize"), 20)))
    shown = found[(page - 1) * size : page * size]
    products = Many("selection_search_product", [_found(shop, item, goods[item.index].title, asked) for item in shown])
    data: Json = {"pageIndex": page, "pageSize": size, "totalCount": len(found), "products": products}
    return {"code": "00", "data": data}


def _found(shop: Shop, item: Item, title: str, asked: Mapping[str, str]) -> Json:
    given = asked.get("currency", "USD").upper()
    country, currency = asked.get("countryCode", "US").upper(), given if given in RATES else "USD"
    price, own = (shop.price(item.skus[0], country, code) for code in (currency, SELLER_CURRENCY))
    shown = f"{price} {currency}"
    parts = item.category.split(" > ")
    return {
        "itemId": str(item.id),
        "title": title,
        "itemUrl": f"//www.aliexpress.com/item/{item.id}.html",
        "itemMainPic": shop.goods("en")[item.index].images[0],
        "score": "4.8",
        "evaluateRate": "96.0",
        "orders": f"{1000 + item.index:,}+",
        "cateId": ",".join(str(category_ids()[" > ".join(parts[:depth])]) for depth in range(1, len(parts) + 1)),
        "targetSalePrice": str(price),
        "targetOriginalPrice": str((price * 2).quantize(CENT)),
        "targetOriginalPriceCurrency": currency,
        "salePriceFormat": shown,
        "originMinPrice": json.dumps({"shipToCountry": country, "currencyCode": currency, "formatPrice": shown}),
        "originalPrice": str((own * 2).quantize(CENT)),
        "salePrice": str(own),
        "salePriceCurrency": SELLER_CURRENCY,
        "discount": "0%",
    }


def number_of(text: str | None, otherwise: int) -> int:
    """A parameter's number; what is none is the default."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else otherwise
