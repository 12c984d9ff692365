"""The spellings of existing clients, translated into ours."""

from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dialect import SPELLINGS, canonical_query
from app.core.errors import Unprocessable


def canonical(query: str) -> dict[str, list[str]]:
    return parse_qs(canonical_query(query.encode()).decode(), keep_blank_values=True)


@pytest.mark.parametrize(("ours", "other"), [(ours, other) for ours, others in SPELLINGS.items() for other in others])
def test_translates_every_spelling_of_the_table(ours: str, other: str) -> None:
    assert canonical(f"{other}=7&status=draft") == {ours: ["7"], "status": ["draft"]}


@pytest.mark.parametrize(
    ("asked", "sort"),
    [
        ("sort_by=price&sort_order=desc", "-price"),
        ("sort_by=price&sort_order=ASC", "price"),
        ("sort_order=desc&sort_by=created_at", "-created_at"),
        ("sort_by=-price", "-price"),
        ("sort=title&sort_order=descending", "-title"),
    ],
)
def test_joins_sort_by_and_sort_order(asked: str, sort: str) -> None:
    assert canonical(asked) == {"sort": [sort]}


def test_leaves_our_own_spelling_untouched_to_the_byte() -> None:
    query = b"limit=50&sort=-price&q=a%20b+c&tag=x&tag=y"
    assert canonical_query(query) is query


def test_keeps_repeated_and_empty_parameters() -> None:
    assert canonical("per_page=5&tag=a&tag=b&q=") == {"limit": ["5"], "tag": ["a", "b"], "q": [""]}


def test_accepts_two_spellings_that_agree() -> None:
    assert canonical("limit=5&per_page=5") == {"limit": ["5"]}


@pytest.mark.parametrize("query", ["limit=5&per_page=6", "q=a&search=b", "sort_order=desc", "sort_by=a&sort_order=up"])
def test_refuses_what_contradicts_itself(query: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        canonical_query(query.encode())
    assert refused.value.errors


@given(st.text(max_size=40), st.text(max_size=40))
def test_carries_any_value_through(search: str, status: str) -> None:
    clean = [text.encode("utf-8", "replace").decode() for text in (search, status)]
    query = urlencode({"search": clean[0], "status": clean[1]})
    assert canonical(query) == {"q": [clean[0]], "status": [clean[1]]}
