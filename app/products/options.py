"""Pure rules of options: the axes along which a product's variants differ."""

from collections.abc import Iterable, Mapping

from app.products import bounds
from app.products.errors import TooManyParts
from app.products.models import JsonValue


def merged_options(
    declared: Iterable[tuple[str, Iterable[str]]], variants: Iterable[Mapping[str, str]]
) -> list[JsonValue]:
    """The options of a product: those declared, in that order, completed by what its variants have."""
    values: dict[str, dict[str, None]] = {name: dict.fromkeys(listed) for name, listed in declared}
    for options in variants:
        for name, value in options.items():
            values.setdefault(name, {})[value] = None
    if len(values) > bounds.OPTIONS:
        raise TooManyParts(f"A product has at most {bounds.OPTIONS} options.")
    return [{"name": name, "values": list(listed)} for name, listed in values.items()]


def declared_options(stored: Iterable[JsonValue]) -> list[tuple[str, list[str]]]:
    """The stored form of options as `merged_options` takes it."""
    return [
        (str(option["name"]), [str(value) for value in values])
        for option in stored
        if isinstance(option, dict) and isinstance(values := option.get("values"), list)
    ]
