"""The spellings of paging, sorting and search that clients may use, in one table; everything behind this module knows
only ours.

Spellings of body fields are not here: they stand on the fields themselves (pydantic AliasChoices).
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from app.core.errors import FieldError, Unprocessable

SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "limit": ("per_page", "page_size"),
        "offset": ("skip",),
        "q": ("search",),
        "kind": ("sync_type",),
        "sort": ("sort_by",),  # with sort_order=asc|desc
    }
)
"""Our name of each parameter -> the other names that are accepted for it."""

SORT_ORDER = "sort_order"
DIRECTIONS = MappingProxyType({"asc": "", "ascending": "", "desc": "-", "descending": "-"})

_OURS = MappingProxyType({other: ours for ours, others in SPELLINGS.items() for other in others})
_HINTS = tuple(name.encode() for name in (*_OURS, SORT_ORDER))


def canonical_query(query: bytes) -> bytes:
    """The same query string in our spelling. Two spellings of one parameter that disagree are refused."""
    if not any(hint in query for hint in _HINTS):
        return query
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    result: list[tuple[str, str]] = []
    chosen: dict[str, str] = {}
    order: str | None = None
    for name, value in pairs:
        if name == SORT_ORDER:
            order = _direction(value)
            continue
        ours = _OURS.get(name, name)
        if ours in SPELLINGS:
            if chosen.setdefault(ours, value) != value:
                raise _contradiction(ours)
            continue
        result.append((ours, value))
    if order is not None:
        if "sort" not in chosen:
            raise _refusal(SORT_ORDER, "sort_order needs sort_by", "sort_order_alone")
        chosen["sort"] = order + chosen["sort"].lstrip("-")
    return urlencode([*result, *chosen.items()]).encode("ascii")


def _direction(text: str) -> str:
    try:
        return DIRECTIONS[text.lower()]
    except KeyError:
        raise _refusal(SORT_ORDER, "sort_order is asc or desc", "sort_order_invalid") from None


def _contradiction(ours: str) -> Unprocessable:
    names = ", ".join((ours, *SPELLINGS[ours]))
    return _refusal(ours, f"{ours} was given twice with different values (its spellings: {names})", "contradiction")


def _refusal(parameter: str, message: str, code: str) -> Unprocessable:
    return Unprocessable(message, errors=[FieldError(("query", parameter), message, code)])
