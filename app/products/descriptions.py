"""Making HTML of others harmless before it is stored, so that no reader of a description has to."""

import nh3
from pydantic_core import PydanticCustomError

from app.core.text import MAX_ELEMENTS_INSIDE, is_nested_deeply


def clean_description(html: str) -> str:
    """The same HTML without scripts, styles, handlers, frames and addresses that are not http, https, mailto or tel."""
    if is_nested_deeply(html):
        message = "must not nest more than {limit} elements inside each other"
        raise PydanticCustomError("description_nested", message, {"limit": MAX_ELEMENTS_INSIDE})
    return nh3.clean(html, url_schemes={"http", "https", "mailto", "tel"})
