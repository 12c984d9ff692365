"""The wire: what an answer of BigBuy is, whatever it looks like, and reading values in it. Its errors also come with
status 200, as JSON inside a string, as a whole HTTP response inside a body, as plain text or as HTML.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from app.core.redaction import redact_text
from app.integrations.bigbuy.errors import AlreadyOrdered, Refused, SplitNeeded
from app.integrations.contracts.errors import (
    AuthExpired,
    Broken,
    NotFound,
    RateLimited,
    Unavailable,
    VendorError,
)
from app.integrations.feeds.json_records import Json, parse

RATE_LIMIT = "You exceeded the rate limit"
MOST_WORDS = 300
DEEPEST = 10
_INNER = re.compile(r"HTTP/1\.[01] ([0-9]{3})[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n?")
_NUMBER = re.compile(r"ER[0-9]{3}")
# https://github.com/Bixoto/PyBigBuy exceptions.py; the mends are ours.
_WORDS: dict[str, str] = {
    "ER001": "does not have this product: read the goods again",
    "ER002": "does not know this reference: read the goods again",
    "ER003": "has not enough stock: order less, or choose another supplier",
    "ER004": "takes no such postcode: correct it",
    "ER005": "finds too little money in the money box: fill it",
    "ER007": "takes no order below its minimum: order more",
    "ER010": "has no carrier for these goods to this address: choose others",
    "ER011": "does not take this payment: change the setting `payment_method`",
    "ER012": "takes no bank wire below its minimum: change the setting `payment_method`",
    "ER013": "does not export these goods there: choose another address",
    "ER014": "cannot sell this pack: take it out of the order",
}


def answer_of(status: int, body: bytes) -> Json:
    """What an answer says; None for an empty one. Raises a VendorError where it is a failure in disguise."""
    text = body.decode("utf-8", errors="replace").strip()
    if inner := _INNER.match(text):
        status, text = int(inner[1]), text[inner.end() :].strip()
    if text == RATE_LIMIT:
        raise RateLimited(f"BigBuy: {RATE_LIMIT}.")
    try:
        found = parse(text) if text else None
    except (ValueError, RecursionError):
        raise _of_status(status, "" if text.startswith("<") else text) from None
    if isinstance(found, dict) and (status >= 400 or is_error(found)):
        raise error_of(status, found)
    if status >= 400:
        raise _of_status(status, "")
    return found


def is_error(found: Mapping[str, Json]) -> bool:
    """Whether an object is a failure, whatever its status was. Partial answers carry `orders` beside their errors."""
    return ({"code", "message"} <= found.keys() or "error" in found or bool(found.get("errors"))) and not found.get(
        "orders"
    )


def _of_status(status: int, words: str) -> VendorError:
    said = redact_text(" ".join(words.split())[:MOST_WORDS])
    fact = f"BigBuy answers {status}" + (f": {said}" if said else ".")
    if status == 401:
        return AuthExpired(fact)
    if status == 404:
        return NotFound(fact)
    if status == 429:
        return RateLimited(fact)
    if status >= 500:
        return Unavailable(fact)
    return Refused(fact, number=str(status)) if status >= 400 else Broken(f"{fact} That is not JSON.")


def error_of(status: int, found: Mapping[str, Json]) -> VendorError:
    """The error that an object with a code and a message is."""
    number, message = _named(found)
    info, data = _opened(message)
    if number == "ER008":
        return AlreadyOrdered(text_of(data.get("orderId")))
    if "different warehouses" in message.lower() or "warehouses" in _object(found.get("error_detail")):
        return SplitNeeded(f"BigBuy: {message[:MOST_WORDS]}")
    if number == "ER009":
        return Unavailable(f"BigBuy answers {number}: {info or 'a passing error'}.")
    if _NUMBER.fullmatch(number):
        return _refused(number, info, data)
    if fields := list(_flattened(_object(found.get("errors")))):
        return Refused(f"BigBuy refuses the request: {'; '.join(fields)[:1000]}", number=number)
    meant = int(number) if number.isdecimal() and 400 <= int(number[:4]) < 600 else status
    return _of_status(meant if meant >= 400 else 500, message)


def _named(found: Mapping[str, Json]) -> tuple[str, str]:
    """The code and the message, wherever they stand: also swapped, or of the first of several errors."""
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else found
    number = text_of(first.get("code")) or ""
    message = text_of(first.get("message")) or text_of(found.get("error")) or ""
    return (message, number) if message.isdecimal() and not number.isdecimal() else (number, message)


def _opened(message: str) -> tuple[str, Mapping[str, Json]]:
    """The words and the data of a message, which often is JSON inside a string."""
    if not message.startswith("{"):
        return message, {}
    try:
        inner = _object(parse(message))
    except (ValueError, RecursionError):
        return message, {}
    return text_of(inner.get("info")) or "", _object(inner.get("data"))


def _refused(number: str, info: str, data: Mapping[str, Json]) -> Refused:
    skus = [sku for sku in map(text_of, list_of(data.get("skus"))) if sku]
    facts = [f"{name} {text}" for name, value in data.items() if name != "skus" and (text := text_of(value))]
    about = f" ({', '.join([*skus, *facts])})" if skus or facts else ""
    words = _WORDS.get(number, "refuses it")
    said = f" It says: {info}" if info else ""
    return Refused(f"BigBuy {words}{about}; {number}.{said}"[:1000], number=number, skus=skus)


def _flattened(errors: Mapping[str, Json], name: str = "", depth: int = 0) -> Iterator[str]:
    """The fields of a tree of validation errors with what is wrong with them: `shippingAddress.postcode: too long`."""
    if words := [text for text in map(text_of, list_of(errors.get("errors"))) if text]:
        yield f"{name}: {', '.join(words)}" if name else ", ".join(words)
    for child, below in _object(errors.get("children")).items() if depth < DEEPEST else ():
        yield from _flattened(_object(below), f"{name}.{child}".lstrip("."), depth + 1)


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def objects_of(value: Json) -> Sequence[Mapping[str, Json]]:
    """The objects in a list; single objects where a list is meant, and nulls in it, happen."""
    return [item for item in list_of(value) if isinstance(item, dict)]


def list_of(value: Json) -> Sequence[Json]:
    """A list, or what should have been one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def object_of(value: Json, what: str) -> Mapping[str, Json]:
    """The object that an answer is; raises Broken for anything else."""
    if not isinstance(value, dict):
        raise Broken(f"BigBuy answers something else than {what}.")
    return value


def text_of(value: Json) -> str | None:
    """A text or number as trimmed text; None for nothing and everything else."""
    return value.strip() or None if isinstance(value, str) else None


def id_of(value: Json) -> int | None:
    """An id: a positive whole number, also as text; None for anything else."""
    text = text_of(value) or ""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 and int(text) else None
