"""Attacks through descriptions: what comes out of both sanitisers runs nothing, and costs little whatever goes in."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from html.parser import HTMLParser

import pytest
from pydantic_core import PydanticCustomError

from app.integrations.feeds.descriptions import to_html
from app.integrations.feeds.errors import RowRefused
from app.products.descriptions import clean_description
from tests.support.shared import SHARED, shared

SANITISERS = (to_html, clean_description)
FILES = sorted(path.name for path in (SHARED / "abuse/xss").glob("*")) or ["absent"]
LIVE_TAGS = {
    *("script", "style", "iframe", "object", "embed", "form", "input", "svg", "math", "meta", "link", "base"),
    "frame",
}
SCHEME = re.compile(r"[\x00-\x20]*([a-z][a-z0-9+.-]*)\s*:", re.IGNORECASE)


class Alive(HTMLParser):
    """Collects what would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in LIVE_TAGS:
            self.found.append(tag)
        for name, value in attrs:
            scheme = SCHEME.match(value or "") if name in {"href", "src", "action", "cite"} else None
            if name.startswith("on") or name in {"style", "srcdoc", "formaction", "xlink:href", "background"}:
                self.found.append(name)
            if scheme and scheme[1].lower() not in {"http", "https", "mailto", "tel"}:
                self.found.append(f"{name}={value}")

    handle_startendtag = handle_starttag


def alive(html: str) -> list[str]:
    parser = Alive()
    parser.feed(html)
    parser.close()
    return parser.found


def test_the_parser_of_this_test_sees_what_runs() -> None:
    for attack in ("<script>", "<a href=' javascript:x'>", "<p onclick=x>", "<p style=x>", "<svg/onload=x>"):
        assert alive(attack)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("clean", SANITISERS)
def test_no_vector_stays_alive(name: str, clean: Callable[[str], str]) -> None:
    text = shared(f"abuse/xss/{name}").read_text(encoding="utf-8", errors="replace")
    vectors = [text, *text.splitlines()]

    for vector in vectors:
        assert alive(clean(vector[:100_000])) == [], vector


LONGEST = 100_000
"""No longer text reaches a sanitiser: bounds of the API and of feeds are checked before."""

BOMBS = {
    "nested": "<div>" * 20_000,
    "nested 100,000": "<b>" * 100_000,
    "tables": "<table><tr><td>" * 6_600,
    "attributes": "<p " + " ".join(f"a{number}=1" for number in range(500_000)) + ">x",
    "one attribute": "<a href='" + "x" * 5_000_000 + "'>x</a>",
    "open brackets": "<" * 100_000,
    "entities": "&lt;" * 25_000,
    "misnested": "<b><p></b>" * 10_000,
    "comments": "<!--" * 25_000,
    "formatting": "<a><b><i><u>" * 8_000,
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("clean", SANITISERS)
def test_markup_beyond_reason_is_refused_or_cleaned_soon(name: str, clean: Callable[[str], str]) -> None:
    cleaned = ""
    began = time.process_time()
    with suppress(RowRefused, PydanticCustomError):
        cleaned = clean(BOMBS[name][:LONGEST])

    assert alive(cleaned) == []
    assert time.process_time() - began < 2


@pytest.mark.parametrize("clean", SANITISERS)
def test_deep_nesting_is_refused(clean: Callable[[str], str]) -> None:
    with pytest.raises((RowRefused, PydanticCustomError), match="500 elements"):
        clean(BOMBS["nested"][:LONGEST])


def test_a_text_beyond_the_limit_never_reaches_the_sanitiser() -> None:
    with pytest.raises(RowRefused, match="Shorten"):
        to_html(BOMBS["attributes"])


def test_a_description_that_grows_beyond_its_limit_as_html_is_refused() -> None:
    with pytest.raises(RowRefused, match="400,000 characters"):
        to_html("<" * 100_000)
