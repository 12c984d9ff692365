"""Descriptions of feeds as safe HTML: formatting, http(s) links and pictures by allow-list, nothing that runs."""

import html
import re

import nh3

from app.core.text import MAX_ELEMENTS_INSIDE, is_nested_deeply
from app.integrations.feeds import fields
from app.integrations.feeds.errors import RowRefused

MAX_HTML = 2 * fields.MAX_LENGTH["description"]
"""What cleaning may make of the longest text: a lone < becomes &lt;, open elements are closed."""
_TAGS = {
    *("p", "br", "b", "strong", "i", "em", "u", "s", "small", "sub", "sup", "span", "div", "hr", "a", "img"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "code"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_cleaner = nh3.Cleaner(tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto"})
# What is stored was made harmless by one of two allow-lists: this one, or that of the product API.
_cleaner_of_both = nh3.Cleaner(
    tags=_TAGS | nh3.ALLOWED_TAGS,
    attributes={
        tag: _ATTRIBUTES.get(tag, set()) | nh3.ALLOWED_ATTRIBUTES.get(tag, set())
        for tag in _ATTRIBUTES.keys() | nh3.ALLOWED_ATTRIBUTES.keys()
    },
    url_schemes={"http", "https", "mailto", "tel"},
)
_ESCAPED_TAG = re.compile(r"&lt;/?[a-zA-Z][^<>]{0,200}?&gt;")


def to_html(text: str) -> str:
    """The description with everything removed that is not on the allow-list; plain text stays as it is.

    Raises RowRefused where the markup is beyond reason.
    """
    if "<" not in text and "&" not in text:
        return text
    if "<" not in text and _ESCAPED_TAG.search(text):
        text = html.unescape(text)  # escaped once too often on its way
    return _checked(text, _cleaner).strip()


def clean_own(text: str) -> str:
    """A description that we have exported: the same text where nobody has changed it, and harmless if somebody has."""
    return text if "<" not in text and "&" not in text else _checked(text, _cleaner_of_both)


def _checked(text: str, cleaner: nh3.Cleaner) -> str:
    if len(text) > fields.MAX_LENGTH["description"]:  # the sanitiser's time grows with the square of attributes
        raise RowRefused("text_too_long", f"The description has {len(text):,} characters. Shorten it.")
    if is_nested_deeply(text):
        raise RowRefused(
            "description_nested",
            f"The description nests more than {MAX_ELEMENTS_INSIDE} elements. Shorten or simplify it.",
        )
    clean = cleaner.clean(text)
    if len(clean) > MAX_HTML:
        raise RowRefused(
            "text_too_long", f"As HTML the description takes {len(clean):,} characters. Shorten it, or mend its markup."
        )
    return clean
