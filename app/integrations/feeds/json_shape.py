"""What a JSON object means as rows of a table: nested objects become dotted columns, lists become cells of several
values, variants become rows of one group. Shapes that are known (prices in minor units, images, options, translations)
become the columns that sheets have for them.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from app.integrations.feeds.json_records import Json

Object = dict[str, Json]
Flat = dict[str, str]

MAX_DEPTH = 5
MAX_VARIANTS = 2000
OPTION_COLUMNS = 3

_VARIANTS = ("variants", "variations", "offers", "skus", "children")
_SELLABLE = frozenset({"sku", "price", "barcode", "gtin", "ean", "stock", "inventory_quantity", "quantity"})
_OF_ONE = frozenset(
    ("sku", "gtin", "ean", "upc", "barcode", "mpn", "stock", "quantity", "inventory_quantity", "weight")
)
"""What a product with several variants says of itself is none of theirs."""
_OF_PRODUCT = frozenset(("title", "name", "description", "description_html", "body_html", "brand", "vendor", "handle"))
_PARENT_IDS = ("id", "product_id", "group_id", "handle", "slug", "external_id", "sku", "url")
_NAMES = ("name", "title", "label", "value")
_URLS = ("src", "url", "href", "image_url", "original", "link")
_BAGS = frozenset(("attributes", "specs", "specifications", "properties", "features", "meta_data", "metafields"))
_FIRST_ONLY = frozenset(("categories", "category", "collections"))
_LANGUAGES = frozenset(("de", "en", "fr", "it", "es", "nl", "pl", "cs", "pt", "sv", "da", "hu", "ro", "sk", "fi", "el"))


def rows_of(record: Object, left_out: set[str]) -> list[Flat]:
    """The rows of one object: one, or one for each variant. Notes the lists that no column can hold in `left_out`."""
    record = {name: _unwrapped(value) for name, value in record.items()}
    name = next((name for name in _VARIANTS if _are_variants(record.get(name))), None)
    if name is None:
        return [_flat(_without_names(record), left_out)]
    variants = record[name]
    assert isinstance(variants, list)  # noqa: S101 - _are_variants says so
    option_names = _option_names(record.get("options"))
    product = {key: value for key, value in record.items() if key not in {name, "options"}}
    return _variant_rows(product, [part for part in variants if isinstance(part, dict)], option_names, left_out)


def _variant_rows(product: Object, variants: list[Object], names: list[str], left_out: set[str]) -> list[Flat]:
    own = _flat(product, left_out)
    parent = next((own[key] for key in _PARENT_IDS if own.get(key)), "")
    if len(variants) > 1:
        own = {key: value for key, value in own.items() if key not in _OF_ONE}
    own.pop("id", None)
    rows = []
    for variant in variants[:MAX_VARIANTS]:
        options = _options_of(variant, names)
        plain = {key: value for key, value in variant.items() if not _is_option(key)}
        cells = _flat(plain, left_out)
        for key in _OF_PRODUCT & cells.keys():
            if own.get(key):
                cells[f"variant {key}"] = cells.pop(key)
        for number, (option, value) in enumerate(options[:OPTION_COLUMNS], start=1):
            cells[f"option{number} name"], cells[f"option{number} value"] = option, value
        rows.append({"group_id": parent, **own, **cells})
    return rows


def _flat(record: Object, left_out: set[str]) -> Flat:
    if "handle" in record and "id" in record:  # a column `handle` is the mark of Shopify's CSV, whose rows differ
        record = {"slug" if key == "handle" else key: value for key, value in record.items()}
    flat: Flat = {}
    _flatten("", _with_money(record), flat, left_out, MAX_DEPTH)
    return flat


def _flatten(prefix: str, record: Object, flat: Flat, left_out: set[str], depth: int) -> None:
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, str):
            flat[name] = value
        elif isinstance(value, bool):
            flat[name] = "true" if value else "false"
        elif isinstance(value, list):
            cell = _cell_of_list(key, value)
            if cell is None:
                left_out.add(name)
            elif cell:
                flat[name] = cell
        elif isinstance(value, dict) and value:
            text = _text_of(key, value)
            if text is not None:
                flat[name] = text
            elif depth:
                _flatten(f"{name}.", value, flat, left_out, depth - 1)
            else:
                flat[name] = _dumped(value)


def _text_of(key: str, value: Object) -> str | None:
    """The one text that an object stands for, if it does: a price, a picture, a name, a translation, a bag."""
    if key in _BAGS:
        return _dumped(value)
    amount = next((value[name] for name in ("amount", "value") if isinstance(value.get(name), str)), None)
    unit = next((value[name] for name in ("currency", "currency_code", "currencyCode") if value.get(name)), None)
    if amount is not None and isinstance(unit, str):
        return f"{amount} {unit}"
    for names in (_URLS, _NAMES):
        for name in names:
            if isinstance(text := value.get(name), str) and (names is _NAMES or text.startswith(("http", "//"))):
                return text
    if value.keys() <= _LANGUAGES:
        return next((text for text in value.values() if isinstance(text, str) and text.strip()), "")
    return None


def _cell_of_list(key: str, values: list[Json]) -> str | None:
    """One cell for a list; None where its objects say nothing that a cell can hold."""
    if key in _BAGS:
        pairs = _pairs(values)
        return _dumped(pairs) if pairs else None if values else ""
    texts: list[str] = []
    for value in values:
        text = _text_of(key, value) if isinstance(value, dict) else value
        if isinstance(text, bool):
            text = str(text).lower()
        if isinstance(text, str):
            texts.append(text)
        elif value is not None:
            return None
    if key in _FIRST_ONLY:
        return texts[0] if texts else ""
    return _dumped(texts) if any("," in text for text in texts) else ", ".join(texts)


def _pairs(values: Iterable[Json]) -> dict[str, str]:
    """Names and values of a list of attributes, as shops write them."""
    pairs = {}
    for part in values:
        if not isinstance(part, dict):
            continue
        name = next((part[key] for key in ("name", "key", "attribute") if isinstance(part.get(key), str)), None)
        value = next((part[key] for key in ("value", "option", "options", "terms", "values") if part.get(key)), None)
        text = _cell_of_list("", value) if isinstance(value, list) else value
        if isinstance(name, str) and isinstance(text, str) and not name.startswith("_"):
            pairs[name] = text
    return pairs


def _with_money(record: Object) -> Object:
    """Prices in minor units (WooCommerce's Store API: "1105" and 2 for 11.05) as amounts."""
    prices = record.get("prices")
    if not isinstance(prices, dict) or not isinstance(minor := prices.get("currency_minor_unit"), str):
        return record
    now, regular = (_major(prices.get(name), minor) for name in ("price", "regular_price"))
    money: Object = {"price": now, "compare_at_price": regular, "currency": prices.get("currency_code")}
    return {key: value for key, value in record.items() if key != "prices"} | money


def _major(text: Json, minor: str) -> str | None:
    try:
        amount = Decimal(text).scaleb(-int(minor)) if isinstance(text, str) and len(minor) < 3 else None
    except (InvalidOperation, ValueError):
        return text if isinstance(text, str) else None
    return None if amount is None else f"{amount:f}"


def _are_variants(value: Json) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(part, dict) for part in value)
        and any(isinstance(part, dict) and bool(part.keys() & _SELLABLE) and len(part) > 1 for part in value)
    )


def _option_names(options: Json) -> list[str]:
    """The names of a product's options, whether they are a list of names or of objects."""
    if not isinstance(options, list):
        return []
    names = [part.get("name") if isinstance(part, dict) else part for part in options]
    return [name for name in names if isinstance(name, str)]


def _options_of(variant: Object, names: list[str]) -> list[tuple[str, str]]:
    """A variant's options: {name: value}, [{name, value}], or option1 to option3 under the product's names."""
    options = variant.get("options") or variant.get("selectedOptions") or variant.get("option_values")
    if isinstance(options, dict):
        return [(name, value) for name, value in options.items() if isinstance(value, str)]
    if isinstance(options, list):
        return list(_pairs(options).items())
    numbered = [variant.get(f"option{number}") for number in range(1, OPTION_COLUMNS + 1)]
    found = [
        (names[place] if place < len(names) else f"Option {place + 1}", value)
        for place, value in enumerate(numbered)
        if isinstance(value, str) and value
    ]
    return [] if found and found[0][1] == "Default Title" else found


def _is_option(key: str) -> bool:
    return key in {"options", "selectedOptions", "option_values", "option1", "option2", "option3"}


def _without_names(record: Object) -> Object:
    """A product without variants needs no names of options."""
    return {key: value for key, value in record.items() if key != "options"}


def _unwrapped(value: Json) -> Json:
    """The list inside GraphQL's {edges: [{node}]} and {nodes: []}."""
    if isinstance(value, dict):
        if isinstance(nodes := value.get("nodes"), list):
            return nodes
        if isinstance(edges := value.get("edges"), list):
            return [edge.get("node") if isinstance(edge, dict) else edge for edge in edges]
    return value


def _dumped(value: Mapping[str, object] | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)
