"""What the vendor makes of a list's parameters: limit, skip, select, sortBy, order. Pure; refusals in its own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.sandbox.dummyjson.shop import Json

DEFAULT_LIMIT = 30


class Refused(Exception):
    """The vendor's 400: its message."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list as it is asked for; limit 0 is everything."""

    limit: int
    skip: int
    select: tuple[str, ...]
    sort_by: str | None
    descending: bool


def read_parameters(query: Mapping[str, str]) -> Wanted:
    """The parameters of a list; raises Refused as the vendor refuses."""
    order = query.get("order", "asc").lower()
    if order not in {"asc", "desc"}:
        raise Refused("Order can be: 'asc' or 'desc'")
    select = tuple(name.strip() for name in query.get("select", "").split(",") if name.strip())
    return Wanted(
        limit=_number(query, "limit", DEFAULT_LIMIT),
        skip=_number(query, "skip", 0),
        select=select,
        sort_by=query.get("sortBy") or None,
        descending=order == "desc",
    )


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise Refused(f"Invalid '{name}' - must be a number") from None


def listed(products: Sequence[Json], wanted: Wanted) -> Json:
    """The answer: `limit` is how many products it holds, whatever was asked."""
    found = list(products)
    if wanted.sort_by:
        field = wanted.sort_by
        found.sort(key=lambda item: _rank(item.get(field)), reverse=wanted.descending)
    page = found[wanted.skip :]
    if wanted.limit:
        page = page[: wanted.limit]
    chosen = [selected(item, wanted.select) for item in page]
    return {"products": chosen, "total": len(found), "skip": wanted.skip, "limit": len(chosen)}


def selected(product: Json, names: Sequence[str]) -> Json:
    """The product, or of it the id and the named fields that it has."""
    if not names:
        return product
    return {"id": product["id"]} | {name: product[name] for name in names if name in product}


def _rank(value: object) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, str(value)) if value is not None else (2, 0.0, "")
