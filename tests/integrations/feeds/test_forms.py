"""A file's form is told by its content; a format that the request names is held against it."""

import pytest

from app.integrations.feeds import errors
from app.integrations.feeds.reader import inspect
from tests.integrations.feeds.reading import WriteFeed

CSV = "sku,title,price\n1,Chair,5\n2,Table,9\n"


@pytest.mark.parametrize("wanted", ["auto", "csv"])
def test_a_file_of_the_named_format_is_read_without_a_word(write_feed: WriteFeed, wanted: str) -> None:
    profile = inspect(write_feed(CSV), wanted=wanted)  # type: ignore[arg-type]

    assert profile.form == "delimited"
    assert profile.warnings == ()


def test_a_sheet_with_another_delimiter_than_named_is_read_and_says_so(write_feed: WriteFeed) -> None:
    profile = inspect(write_feed(CSV.replace(",", "\t")), wanted="csv")

    assert profile.delimiter == "\t"
    assert [warning.code for warning in profile.warnings] == ["format_differs"]


@pytest.mark.parametrize("wanted", ["xml", "json", "ndjson", "xlsx"])
def test_a_sheet_is_refused_where_another_form_was_named(write_feed: WriteFeed, wanted: str) -> None:
    with pytest.raises(errors.FeedFormatDiffers, match=f"is {wanted.upper()}, but it is CSV"):
        inspect(write_feed(CSV), wanted=wanted)  # type: ignore[arg-type]
