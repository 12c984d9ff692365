"""Descriptions of feeds as safe HTML: formatting, http(s) links and pictures by allow-list, nothing that runs."""

import html
import re

import nh3

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
    """The description with everything removed that is not on the allow-list; plain text stays as it is."""
    if "<" not in text and "&" not in text:
        return text
    if "<" not in text and _ESCAPED_TAG.search(text):
        text = html.unescape(text)  # escaped once too often on its way
    return _cleaner.clean(text).strip()


def clean_own(text: str) -> str:
    """A description that we have exported: the same text where nobody has changed it, and harmless if somebody has."""
    return text if "<" not in text and "&" not in text else _cleaner_of_both.clean(text)
