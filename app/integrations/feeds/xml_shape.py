"""Where the products stand in an XML file: at the path of a known kind of feed, else at the element that repeats and
holds the most names a layout knows.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from app.integrations.feeds.errors import FeedFormatUnsupported
from app.integrations.feeds.headers import normalised
from app.integrations.feeds.xml_items import (
    Element,
    Path,
    attributes_of,
    drop_ended,
    feed,
    local_name,
    new_parser,
    read,
)
from app.integrations.feeds.xml_text import XmlText

_KNOWN: dict[str, Path] = {
    path[0]: path
    for path in (
        ("rss", "channel", "item"),
        ("RDF", "item"),
        ("feed", "entry"),
        ("SHOP", "SHOPITEM"),
        ("yml_catalog", "shop", "offers", "offer"),
    )
}
"""Paths of products by the name of the root."""

_LOOKED_AT = 4 << 20
_SURE = 3  # known names, for taking another element than the usual one
_MAX_PATHS = 5000
_MAX_NAMES = 300


class Shape(NamedTuple):
    """The root's name, the path of the products, and that of categories where products name them by number."""

    root: str
    items: Path
    categories: Path | None


@dataclass(slots=True)
class _Seen:
    count: int = 0
    names: set[str] = field(default_factory=set)


def find_shape(text: XmlText, known: frozenset[str]) -> Shape | None:
    """Looks at the beginning of a file; None where no element could be a product. In a known kind of feed they may
    stand behind a long list of something else, so there its path is taken for granted.
    """
    parser = new_parser(("start",))
    seen: dict[Path, _Seen] = {}
    root: Element | None = None
    usual: Path | None = None
    for _ in feed(parser, text):
        for _event, found in read(parser):
            if root is None:
                root = found
                usual = _KNOWN.get(local_name(str(root.tag)))
                _refuse_pages(root)
            if _note(found, seen) == usual:
                return _shape(usual)
        if root is not None:
            drop_ended(root)
        if text.characters > _LOOKED_AT:
            break
    best = _best(seen, known) if usual is None else _best(seen, known, at_least=_SURE) or usual
    return None if best is None else _shape(best)


def _note(found: Element, seen: dict[Path, _Seen]) -> Path:
    names = [local_name(str(node.tag)) for node in found.iterancestors()]
    own = local_name(str(found.tag))
    path = (*reversed(names), own)
    place = seen.get(path)
    if place is None:
        if len(seen) >= _MAX_PATHS:
            return path
        place = seen[path] = _Seen()
    place.count += 1
    if len(place.names) < _MAX_NAMES:
        place.names.update(normalised(name) for name, _ in attributes_of(found))
    parent = seen.get(path[:-1])
    if parent is not None and len(parent.names) < _MAX_NAMES:
        parent.names.add(normalised(own))
    return path


def _best(seen: dict[Path, _Seen], known: frozenset[str], *, at_least: int = 0) -> Path | None:
    """The element that repeats and holds the most known names; nearer to the root in doubt."""
    best: tuple[tuple[bool, int, int], Path] | None = None
    for path, place in seen.items():
        hits = len(place.names & known)
        if len(path) == 1 or not place.names or hits < at_least:
            continue
        score = (place.count > 1 and hits > 1, hits, -len(path))
        if best is None or score > best[0]:
            best = score, path
    return best[1] if best else None


def _shape(path: Path) -> Shape:
    by_number = path == _KNOWN["yml_catalog"]
    return Shape(path[0], path, (*path[:2], "categories", "category") if by_number else None)


def _refuse_pages(root: Element) -> None:
    name = local_name(str(root.tag)).casefold()
    if name == "html":
        raise FeedFormatUnsupported(
            "The file is a web page, perhaps the login or error page of the shop.", "Download the feed itself."
        )
    if name == "workbook":
        raise FeedFormatUnsupported("The file is an Excel sheet saved as XML.", "Save it as CSV (UTF-8).")
