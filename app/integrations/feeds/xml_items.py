"""The elements of an XML file that stand at a given path, one after the other, in memory bounded by one of them: the
tree that the parser builds is cut off behind it with every portion of text.
"""

import html
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal, cast

from lxml import etree

from app.integrations.feeds.errors import FeedItemTooLarge, FeedTooManyColumns, FeedXmlEntities
from app.integrations.feeds.xml_faults import refusal
from app.integrations.feeds.xml_text import XmlText

Element = etree._Element  # noqa: SLF001 - the class has no public name
Path = tuple[str, ...]
"""Local names from the root to an element."""

MAX_ITEM = 8 << 20
MAX_ATTRIBUTES = 1000
_EXACT_LINES = 65_535


def local_name(tag: str) -> str:
    """The name without its namespace."""
    return tag.rpartition("}")[2]


def new_parser(events: Sequence[Literal["start", "end"]], tags: Sequence[str] | None = None) -> etree.XMLPullParser:
    """A parser that reads only what it is fed: no entity, no DTD, no file, no address, all within libxml2's limits."""
    parser = etree.XMLPullParser(
        events=events,
        tag=tags,
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    parser.resolvers.add(_Nothing())
    return parser


class _Nothing(etree.Resolver):
    """Stands for whatever a file refers to: a DTD is neither opened nor asked for over the network."""

    def resolve(self, system_url: str, public_id: str | None, context: Any) -> Any:  # type: ignore[override]
        """Nothing, whatever it is called."""
        del system_url, public_id
        return self.resolve_string("", context, base_url=None)


def items_of(text: XmlText, root: str, paths: Sequence[Path]) -> Generator[tuple[Path, Element], None, None]:
    """The elements at these paths below one root, each when it has ended, in the order of the file.

    An element is whole until the next one is asked for.
    """
    by_name = {path[-1]: path for path in paths}
    parser = new_parser(("start", "end"), [f"{{*}}{name}" for name in {root, *by_name}])
    parents: dict[Path, Element] = {}
    top: Element | None = None
    begun: int | None = None  # the text in front of the item that is being read
    line: int | None = None
    for length in feed(parser, text):
        for event, found in read(parser):
            top = found if top is None else top
            path = by_name.get(local_name(str(found.tag)))
            if path is None or not _stands_at(found, path, parents):
                continue
            begun, line = (text.characters - length, line_of(found)) if event == "start" else (None, None)
            if event == "end":
                if text.has_doctype:
                    _write_out_entities(found)
                yield path, found
        if top is not None:
            drop_ended(top, paths)
        if begun is not None and text.characters - begun > MAX_ITEM:
            raise FeedItemTooLarge(
                f"The product that begins in line {line} is larger than {MAX_ITEM >> 20} MiB.",
                "Check that it ends where it should, or shorten it.",
            )


def line_of(element: Element) -> int:
    """Where the element begins. Beyond 65,535 the parser knows only where the first text within it ends."""
    line = cast("int", element.sourceline or 1)
    return line if line <= _EXACT_LINES else line - (element.text or "").count("\n")


def attributes_of(element: Element) -> list[tuple[str, str]]:
    """The attributes without those of other vocabularies (xml:lang, xsi:type). Refuses an element with too many: the
    time to read them grows with the square of their number.
    """
    count = len(element.attrib)
    if not count:
        return []
    if count > MAX_ATTRIBUTES:
        raise FeedTooManyColumns(
            f"The element in line {line_of(element)} has {count:,} attributes; {MAX_ATTRIBUTES} are read at most.",
            "Leave out what is not needed.",
        )
    return [(str(name), str(value)) for name, value in element.items() if "{" not in str(name)]


def read(parser: etree.XMLPullParser) -> Iterator[tuple[str, Element]]:
    """What the parser found in what it was fed."""
    return cast("Iterator[tuple[str, Element]]", parser.read_events())


def feed(parser: etree.XMLPullParser, text: XmlText) -> Iterator[int]:
    """Feeds the whole text in portions; pauses after each one, and once more at the end, with its length."""
    for chunk in text.chunks():
        if chunk:
            with suppress(etree.XMLSyntaxError):
                parser.feed(chunk)
            _refuse_faults(parser)
            yield len(chunk)
    if not text.is_head:
        with suppress(etree.XMLSyntaxError):
            parser.close()
        _refuse_faults(parser, is_over=True)
    yield 0


def drop_ended(root: Element, kept: Sequence[Path] = ()) -> None:
    """Cuts off everything that the parser has left behind; only the open branch stays, whole from a kept path on.

    Of each level the last element stays even when it has ended: the parser may still be adding text behind it.
    """
    node = root
    path: Path = (local_name(str(root.tag)),)
    while len(node) and path not in kept:
        del node[:-1]
        node = node[-1]
        path = (*path, local_name(str(node.tag)))


def _stands_at(found: Element, path: Path, parents: dict[Path, Element]) -> bool:
    parent = found.getparent()
    if parent is None:
        return len(path) == 1
    if parents.get(path) is parent:
        return True
    names = [local_name(str(node.tag)) for node in found.iterancestors()]
    if tuple(reversed(names)) != path[:-1]:
        return False
    parents[path] = parent
    return True


def _write_out_entities(item: Element) -> None:
    """Replaces the entities of HTML that a DTD would have defined (it is never read); refuses any other."""
    for entity in list(item.iter(etree.Entity)):
        name = str(entity.text)
        character = html.unescape(name)
        if character == name:
            raise FeedXmlEntities(
                f"Line {entity.sourceline} uses the entity {name[:60]}, which is defined nowhere in the file.",
                "Write the characters themselves.",
            )
        parent, before = entity.getparent(), entity.getprevious()
        addition = character + (entity.tail or "")
        if before is not None:
            before.tail = (before.tail or "") + addition
        elif parent is not None:
            parent.text = (parent.text or "") + addition
        if parent is not None:
            parent.remove(entity)


_IS_FAULT = etree.ErrorLevels.ERROR


def _refuse_faults(parser: etree.XMLPullParser, *, is_over: bool = False) -> None:
    """Raises what the parser found wrong. It is asked for after every portion: some faults it tells only when it is
    closed, and then without their place.
    """
    for fault in parser.feed_error_log:
        if fault.level >= _IS_FAULT:
            raise refusal(fault.line, fault.message.strip().rstrip("."), fault.type_name, is_over=is_over)
