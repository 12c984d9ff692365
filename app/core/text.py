"""Text that may enter the system. What PostgreSQL or UTF-8 cannot hold (U+0000, lone surrogates) is refused here, at
the edge, with 422.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, JsonValue
from pydantic_core import PydanticCustomError

NUL = "\x00"
MAX_ELEMENTS_INSIDE = 500
"""Elements of HTML inside each other; the time of sanitisers grows with their square."""

_TAG = re.compile(r"<(/?)(?!(?:br|img|hr|input|meta|link|wbr|col)\b)[a-zA-Z]", re.IGNORECASE)


def _refuse_unstorable(text: str) -> str:
    if NUL in text:
        raise PydanticCustomError("nul_character", "must not contain the NUL character (U+0000)")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise PydanticCustomError("lone_surrogate", "must not contain half of a surrogate pair") from None
    return text


def _refuse_unstorable_inside(value: JsonValue) -> JsonValue:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            _refuse_unstorable(part)
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            waiting.extend(part.keys())
            waiting.extend(part.values())
    return value


CleanStr = Annotated[str, AfterValidator(_refuse_unstorable)]
"""The type of every text field of a request: a string that PostgreSQL can store."""

CleanJson = Annotated[JsonValue, AfterValidator(_refuse_unstorable_inside)]
"""The type of every free-form JSON field of a request; its keys and texts are clean to any depth."""


def is_nested_deeply(html: str) -> bool:
    """Whether elements stand inside each other beyond reason."""
    if html.count("<") <= MAX_ELEMENTS_INSIDE:
        return False
    depth = 0
    for closing in _TAG.findall(html):
        depth += -1 if closing else 1
        if depth > MAX_ELEMENTS_INSIDE:
            return True
    return False
