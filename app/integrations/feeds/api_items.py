"""What the items of product APIs need in the same way: shown to a person as named cells, and addresses judged."""

import json
from collections.abc import Mapping
from decimal import Decimal

from app.integrations.feeds import fields

MAX_RAW = 2000
_MAX_CELLS = 200


def raw_of(item: object) -> Mapping[str, str]:
    """The item as it came, a cell per field, long ones cut."""
    cells = item if isinstance(item, Mapping) else {"item": item}
    return {str(name)[:100]: cell_of(value) for name, value in list(cells.items())[:_MAX_CELLS]}


def cell_of(value: object) -> str:
    """A value as the text of a cell; lists and objects as JSON."""
    is_plain = isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    text = str(value) if is_plain else json.dumps(value, ensure_ascii=False, default=float)
    return text.replace("\0", "")[:MAX_RAW]


def is_web_address(url: str) -> bool:
    """Whether a text is an http(s) address that can be kept."""
    return (
        url[:8].lower().startswith(("http://", "https://"))
        and len(url) <= fields.MAX_LENGTH["url"]
        and not any(map(str.isspace, url))
    )
