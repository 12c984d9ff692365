"""The names behind ids, in the connection's language: categories as paths, manufacturers, attributes by group. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.integrations.bigbuy.payloads import id_of, text_of
from app.integrations.feeds import fields as limits
from app.integrations.feeds.json_records import Json
from app.integrations.feeds.storable import storable

Items = Iterable[tuple[int, Mapping[str, Json]]]
DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in a product mean. `attributes`: {attribute: (name of its group, its name)}."""

    categories: Mapping[int, tuple[str, ...]]
    manufacturers: Mapping[int, str]
    attributes: Mapping[int, tuple[str, str]]


def names_from(*, taxonomies: Items, manufacturers: Items, attributes: Items, groups: Items) -> Names:
    """The names in four lists."""
    group_names = _named(groups)
    return Names(
        categories=_paths(taxonomies),
        manufacturers=_named(manufacturers),
        attributes={
            key: (group_names[group], name)
            for key, item in attributes
            if (name := _name(item)) and (group := id_of(item.get("attributeGroup"))) in group_names
        },
    )


def _paths(taxonomies: Items) -> dict[int, tuple[str, ...]]:
    """Every category with those above it, the root first; a circle is cut where it closes."""
    nodes = {key: (_name(item), id_of(item.get("parentTaxonomy"))) for key, item in taxonomies}
    return {key: _path(nodes, key) for key in nodes}


def _path(nodes: Mapping[int, tuple[str | None, int | None]], key: int) -> tuple[str, ...]:
    path: list[str] = []
    seen: set[int] = set()
    at: int | None = key
    while at is not None and at in nodes and at not in seen and len(seen) < DEEPEST:
        seen.add(at)
        name, at = nodes[at]
        if name:
            path.append(name)
    return tuple(reversed(path))


def _named(items: Items) -> dict[int, str]:
    return {key: name for key, item in items if (name := _name(item))}


def _name(item: Mapping[str, Json]) -> str | None:
    name = text_of(item.get("name"))
    return storable(" ".join(name.split()))[: limits.MAX_OPTION_VALUE] if name else None
