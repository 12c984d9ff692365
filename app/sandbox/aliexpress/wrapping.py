"""How AliExpress shapes lists: in a wrapper named after the item, one struct alone as a bare object; with `simplify`
as plain lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Many:
    """A list, and the name that its wrapper gives the items."""

    item: str
    items: Sequence[object]


def shaped(value: object, *, simplify: bool) -> object:
    """An answer with its lists as the caller asked for them."""
    if isinstance(value, Many):
        items = [shaped(item, simplify=simplify) for item in value.items]
        if simplify:
            return items
        if not items:
            return {}
        return {value.item: items[0] if len(items) == 1 and isinstance(items[0], dict) else items}
    if isinstance(value, dict):
        return {name: shaped(inner, simplify=simplify) for name, inner in value.items()}
    return value
