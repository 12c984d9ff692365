"""The wire: a page as it came, and reading places (`meta.barcode`) in it. Nothing is believed about a product here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.integrations.contracts.errors import Broken

MOST_DIGITS = 40  # 1e999999999 written out would fill the memory


@dataclass(frozen=True, slots=True)
class ProductPage:
    """The items of one answer, unread, and how many the API says there are in all (None: it does not say)."""

    items: Sequence[object]
    total: int | None


def page_of(answer: object, *, items: str, total: str | None, host: str) -> ProductPage:
    """The page in an answer; raises Broken when there is none where the settings say."""
    found = at(answer, items)
    if not isinstance(found, list):
        place = f"under “{items}”" if items else "as a whole"
        raise Broken(f"{host} answers JSON without a list of products {place}: check the setting `items`.")
    count = at(answer, total) if total else None
    if total and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise Broken(f"{host} answers no number of products under “{total}”: check the setting `total`.")
    return ProductPage(found, count if isinstance(count, int) else None)


def at(value: object, place: str) -> object:
    """What lies at a dotted place; None where there is nothing. Numbers step into lists."""
    for name in place.split(".") if place else ():
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and len(name) < 6:
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def text_of(value: object) -> str | None:
    """A text, number or truth value as trimmed text; None for nothing, lists and objects."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < MOST_DIGITS else str(value)
    if isinstance(value, int):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def texts_of(value: object) -> list[str]:
    """The texts in a list, or the one text that is there; a list of objects gives their `url`, `src` or `name`."""
    values: list[Any] = value if isinstance(value, list) else [value]
    found = (_named(item) if isinstance(item, Mapping) else text_of(item) for item in values)
    return [text for text in found if text]


def _named(item: Mapping[str, object]) -> str | None:
    return next((text for name in ("url", "src", "name") if (text := text_of(item.get(name)))), None)
