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
_ESCAPED_TAG = re.compile(r"&lt;/?[a-zA-Z][^<>]{0,200}?&gt;")


def to_html(text: str) -> str:
    """The description with everything removed that is not on the allow-list; plain text stays as it is."""
    if "<" not in text and "&" not in text:
        return text
    if "<" not in text and _ESCAPED_TAG.search(text):
        text = html.unescape(text)  # escaped once too often on its way
    return _cleaner.clean(text).strip()
