"""What the element of one product says, as cells by column name: its children's text, attributes, and one more level
(a list of name and value, prices by country). The same names come back as the header of a report, so that it is read
the same way.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from app.integrations.feeds.xml_items import Element, attributes_of, local_name

GOOGLE = re.compile(r"\{https?://base\.google\.com/(c?)ns/1\.0/?\}")
_NAME_KEYS = frozenset({"param_name", "name", "attribute_name", "key"})
_VALUE_KEYS = frozenset({"val", "value", "attribute_value"})
_MARKUP = frozenset(
    {
        *("p", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li", "div", "span", "h1", "h2", "h3", "h4", "h5"),
        *("table", "tr", "td", "a", "img", "hr", "small", "sub", "sup"),
    }
)
_MAX_NAME = 100


CellTuple = tuple[str, str, bool]


class Cell(NamedTuple):
    """`column` may come several times from one product; `is_named`: the file gives the name beside the value."""

    column: str
    text: str
    is_named: bool = False


class CellReader:
    """Reads the elements of one file."""

    def __init__(self) -> None:
        self._columns: dict[str, str] = {}

    def cells(self, item: Element) -> list[CellTuple]:
        """The cells of one product in the order of the file, empty ones too. Plain tuples, made in one loop: most of
        the time of reading XML passes here.
        """
        found: list[CellTuple] = [Cell(key, value) for key, value in attributes_of(item)]
        names = self._columns
        for child in item:
            tag = child.tag
            column = names.get(tag) or self._name(str(tag), child, item)
            if len(child):
                found += _nested(child, column)
            elif child.keys() and (attributes := attributes_of(child)):
                found += _with_attributes(child, column, attributes)
            else:
                found.append((column, child.text or "", False))
        return found

    def _name(self, tag: str, child: Element, item: Element) -> str:
        """The column of a child: its local name, behind the prefix where it is of another vocabulary than the item."""
        name = local_name(tag)
        if found := GOOGLE.match(tag):
            name = f"{found[1] or 'g'}:{name}"
        elif child.prefix and child.nsmap.get(child.prefix) != item.nsmap.get(item.prefix):
            name = f"{child.prefix}:{name}"
        if len(self._columns) < 10_000:
            self._columns[tag] = name
        return name


def _with_attributes(child: Element, column: str, attributes: list[tuple[str, str]]) -> Iterator[Cell]:
    """A value that an attribute names is a column of that name, with its unit; other attributes are cells beside it."""
    text = child.text or ""
    plain = dict(attributes)
    named = next((key for key in plain if key.casefold() in _NAME_KEYS), None)
    if named is not None:
        value = plain.get("value", "") if not text.strip() else text.strip()
        unit = plain.get("unit", "").strip()
        yield _named(column, plain[named], f"{value} {unit}" if unit and value else value)
        return
    if not text.strip() and (address := plain.get("href", "").strip()):
        # Atom: <link href="…"/> is the product's page, unless `rel` says what else.
        rel = plain.get("rel", "alternate").strip()
        yield Cell(column if rel == "alternate" else f"{column} {rel}"[:_MAX_NAME], address)
        return
    yield Cell(column, text)
    for key, value in plain.items():
        yield Cell(f"{column} {key}", value)


def _nested(child: Element, column: str) -> Iterator[Cell]:
    if _is_markup(child):
        yield Cell(column, _markup_in(child))
        return
    parts = [(local_name(str(part.tag)), "".join(map(str, part.itertext()))) for part in child]
    name = next((text for key, text in parts if key.casefold() in _NAME_KEYS), "")
    values = [text for key, text in parts if key.casefold() in _VALUE_KEYS]
    if name.strip() and values:
        yield _named(column, name, ", ".join(filter(None, map(str.strip, values))))
        return
    for key, text in parts:
        yield Cell(f"{column} {key}", text)


def _named(column: str, name: str, value: str) -> Cell:
    return Cell(f"{column} {' '.join(name.split())[:_MAX_NAME]}".rstrip(), value, is_named=True)


def _is_markup(child: Element) -> bool:
    return all(local_name(str(part.tag)).casefold() in _MARKUP for part in child)


def _markup_in(child: Element) -> str:
    """The inside of an element that holds HTML as elements, as text."""
    for part in child.iter():
        part.tag = local_name(str(part.tag))
    etree.cleanup_namespaces(child)
    inside = [child.text or "", *(etree.tostring(part, encoding="unicode", method="html") for part in child)]
    return "".join(inside)
