"""Entity tags, conditional reads, guarded writes."""

import pytest
from starlette.requests import Request

from app.core.errors import PreconditionFailed
from app.core.etag import check_if_match, make_etag, not_modified

TAG = make_etag("id", 3)


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


def test_is_strong_and_depends_on_every_version_and_its_place() -> None:
    assert TAG.startswith('"')
    assert len({make_etag(1, 23), make_etag(12, 3), make_etag(1, None), make_etag(1), make_etag(None, 1)}) == 5


@pytest.mark.parametrize("line", [TAG, f'"other", {TAG}', "*"])
def test_lets_a_write_pass_that_knows_the_present_state(line: str) -> None:
    check_if_match(request(if_match=line), TAG)
    check_if_match(request(), TAG)


@pytest.mark.parametrize("line", ['"other"', f"W/{TAG}", "", "garbage"])
def test_refuses_a_write_that_knows_another_state(line: str) -> None:
    with pytest.raises(PreconditionFailed) as refused:
        check_if_match(request(if_match=line), TAG)
    assert refused.value.headers == {"ETag": TAG}


@pytest.mark.parametrize("line", [TAG, f"W/{TAG}", "*", f'"a", {TAG}'])
def test_answers_304_to_who_has_it(line: str) -> None:
    answer = not_modified(request(if_none_match=line), TAG)
    assert answer is not None
    assert (answer.status_code, answer.headers["etag"]) == (304, TAG)
    assert not_modified(request(if_none_match='"other"'), TAG) is None
    assert not_modified(request(), TAG) is None
